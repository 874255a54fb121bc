// What the page asks of the runs' API. Every request carries the access token where there is one.
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Header, List, Run } from '../contract/run';
import type { Verdict } from '../contract/verdict';
import { useStream } from '../stream/context';

/** The longest file that the server takes. */
export const longestImport = 16 * 1_024 * 1_024; // bytes

export interface Api {
  readonly list: (signal: AbortSignal) => Promise<List>;
  readonly run: (id: string, signal: AbortSignal) => Promise<Run>;
  readonly verdict: (id: string, question: string, signal: AbortSignal) => Promise<Verdict>;
  readonly rename: (id: string, name: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly bring: (file: Blob) => Promise<Header>;
}

export function exportAddress(id: string): string {
  return `${addressOf(id)}?download`;
}

export function exportName(id: string): string {
  return `pulso-run-${id}.json`;
}

function addressOf(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

export function useApi(): Api {
  const { access } = useStream();
  return useMemo(() => {
    const ask = async (url: string, init: RequestInit = {}, type?: string) => {
      const headers = new Headers(type === undefined ? {} : { 'Content-Type': type });
      if (access.token !== undefined) headers.set('Authorization', `Bearer ${access.token}`);
      const answer = await fetch(url, { ...init, headers, cache: 'no-store' });
      if (!answer.ok) throw new Error(await reasonOf(answer));
      return answer;
    };
    const json = 'application/json';
    return {
      list: async (signal) => (await ask('/runs', { signal })).json(),
      run: async (id, signal) => (await ask(addressOf(id), { signal })).json(),
      verdict: async (id, question, signal) =>
        (await ask(`${addressOf(id)}/verdict${question && `?${question}`}`, { signal })).json(),
      rename: async (id, name) => {
        await ask(addressOf(id), { method: 'PATCH', body: JSON.stringify({ name }) }, json);
      },
      remove: async (id) => {
        await ask(addressOf(id), { method: 'DELETE' });
      },
      bring: async (file) => (await ask('/runs', { method: 'POST', body: file }, json)).json(),
    };
  }, [access]);
}

/** What the server says is wrong, with every field that is. */
async function reasonOf(answer: Response): Promise<string> {
  const fault: unknown = await answer.json().catch(() => undefined);
  if (typeof fault !== 'object' || fault === null || !('mensaje' in fault)) return `${answer.status}`;
  const fields = 'campos' in fault && Array.isArray(fault.campos) ? fault.campos : [];
  const faults = fields.slice(0, 5).map((each) => `${each?.campo} ${each?.motivo}`);
  return [fault.mensaje, ...faults].join('; ');
}

export type Asked<T> =
  | { readonly state: 'loading'; readonly value: T | undefined } // as it was before
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly value: undefined; readonly reason: string };

/** Asks for something once, and again whenever `ask` is another one or `again` is called. */
export function useAsked<T>(ask: (signal: AbortSignal) => Promise<T>): [Asked<T>, again: () => void] {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading', value: undefined });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is a reason to ask
  useEffect(() => {
    const abort = new AbortController();
    setAsked(({ value }) => ({ state: 'loading', value }));
    ask(abort.signal).then(
      (value) => !abort.signal.aborted && setAsked({ state: 'ready', value }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        setAsked({ state: 'failed', value: undefined, reason });
      },
    );
    return () => abort.abort();
  }, [ask, round]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return [asked, again];
}
