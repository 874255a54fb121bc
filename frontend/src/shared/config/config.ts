import { useEffect, useState } from 'react';
import type { Link } from '../stream/store';

/** What the server says of itself at run time, as /config.json. */
interface Config {
  readonly build: string; // of the page that it serves now
  readonly local: boolean; // it runs on one machine, as `make demo` has it
}

/** What the page knows of its server beside the stream. */
export interface ServerState {
  readonly local: boolean;
  readonly outdated: boolean; // a newer page is served than this one
  readonly signedOut: boolean; // a sign-in before the server wants to see the person again
}

const askAgain = 15_000; // ms

/** Asks the server what it is: at the start, whenever the connection comes or goes, and again while there is none. */
export function useServer(link: Link): ServerState {
  const [first, setFirst] = useState<Config>();
  const [state, setState] = useState<ServerState>({ local: false, outdated: false, signedOut: false });

  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      const answer = await ask(abort.signal);
      if (abort.signal.aborted || answer === undefined) return;
      if (answer === 'signedOut') {
        setState((before) => ({ ...before, signedOut: true }));
        return;
      }
      setFirst((before) => before ?? answer);
      setState({
        local: answer.local,
        outdated: first !== undefined && first.build !== answer.build,
        signedOut: false,
      });
    };
    void look();
    const timer = link === 'lost' ? setInterval(() => void look(), askAgain) : undefined;
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [link, first]);

  return state;
}

/** Undefined when there is no answer, which the stream's own state says already. */
async function ask(signal: AbortSignal): Promise<Config | 'signedOut' | undefined> {
  try {
    // With this header, Identity-Aware Proxy answers 401 where it would otherwise send to a page of another origin.
    const headers = { 'X-Requested-With': 'XMLHttpRequest' };
    const answer = await fetch('/config.json', { headers, cache: 'no-store', redirect: 'manual', signal });
    if (answer.status === 401 || answer.type === 'opaqueredirect') return 'signedOut';
    return answer.ok ? readConfig(await answer.json()) : undefined;
  } catch {
    return undefined;
  }
}

function readConfig(answer: unknown): Config | undefined {
  if (typeof answer !== 'object' || answer === null || !('build' in answer)) return undefined;
  return { build: String(answer.build), local: 'local' in answer && answer.local === true };
}
