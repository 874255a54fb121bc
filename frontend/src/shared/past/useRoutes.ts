import { useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { HistoryPoints, type RouteSecond, type RouteStats, WindowSeconds } from '../contract/event';
import { mergeSeconds } from '../latency/routes';
import { lengths, type Range } from '../range/range';
import { parseTime, wireTime } from '../stream/clock';
import { useStream } from '../stream/context';
import type { View } from '../stream/store';
import type { PastRoutes, Progress, Source } from './source';
import { useProgress } from './useSource';

/** What the routes did in the time that the page shows, by the clock of arrival. */
export interface ShownRoutes {
  readonly stats: readonly RouteStats[];
  readonly seconds: readonly RouteSecond[] | undefined; // live
  readonly from: number; // ms since 1970
  readonly to: number;
  readonly state: Progress['kind'];
}

const askEvery = 15_000; // ms
const soon = 500; // ms, until the server has said its time

/**
 * The routes beside the VM: live and over the last hour or day those that end now, whatever `hora` a replay brings; of a
 * fixed range what was received in the same time.
 */
export function useRoutes(range: Range, source: Source, view: View, held: boolean): ShownRoutes {
  useSeconds();
  const now = useRoutesOfNow(range, source, view);
  const shown = useRef(now);
  if (!held) shown.current = now;
  return shown.current;
}

/** Looks again each second: also where nothing comes any more, the last ten seconds become others. */
function useSeconds(): void {
  const [, look] = useReducer((seconds: number) => seconds + 1, 0);
  useEffect(() => {
    const timer = setInterval(look, 1_000);
    return () => clearInterval(timer);
  }, []);
}

function useRoutesOfNow(range: Range, source: Source, view: View): ShownRoutes {
  const following = useFollowed(range);
  const progress = useProgress(source);
  const now = useNow();
  const begin = now - WindowSeconds * 1_000;
  // The stream's window ends with the newest second that brought traffic, however long ago that was.
  const seconds = useMemo(
    () => view.routes.filter(({ second }) => parseTime(second) >= begin),
    [view.routes, begin],
  );
  const merged = useMemo(() => mergeSeconds(seconds), [seconds]);
  if (range.kind === 'live') return { stats: merged, seconds, from: begin, to: now, state: 'ready' };
  const { routes, state } =
    range.kind === 'fixed' ? { routes: source.routes, state: progress.kind } : following;
  const { stats, from, to } = routes ?? { stats: [], from: 0, to: 0 };
  return { stats, seconds: undefined, from, to, state };
}

/** The server's time, looked up once a second: also when nothing arrives. */
function useNow(): number {
  const { store } = useStream();
  const [now, setNow] = useState(() => store.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(store.now()), 1_000);
    return () => clearInterval(timer);
  }, [store]);
  return now;
}

interface Followed {
  readonly routes: PastRoutes | undefined;
  readonly state: Progress['kind'];
}

/** Asks again and again for the routes of the last hour or day. */
function useFollowed({ kind }: Range): Followed {
  const { store, portal } = useStream();
  const [followed, setFollowed] = useState<Followed>({ routes: undefined, state: 'loading' });

  useEffect(() => {
    if (kind !== '1h' && kind !== '24h') return undefined;
    let open = true;
    setFollowed({ routes: undefined, state: 'loading' });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const to = store.now();
      timer = setTimeout(() => void look(), Number.isNaN(to) ? soon : askEvery);
      if (Number.isNaN(to)) return;
      try {
        // A minute more than an hour comes from the rollups, which cost nothing, and not from the samples. The routes are
        // the same whatever the host, and of those without a name there are the fewest buckets.
        const from = wireTime(to - lengths[kind] * 1_000 - 60_000);
        const history = await portal.history({ host: '', from, to: wireTime(to), points: HistoryPoints });
        const routes = {
          stats: history.routes,
          from: parseTime(history.from),
          to: Math.min(parseTime(history.to), to),
        };
        if (open) setFollowed({ routes, state: 'ready' });
      } catch {
        // What was known stays; the next look may succeed.
        if (open) setFollowed(({ routes }) => ({ routes, state: 'failed' }));
      }
    };
    void look();
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, [store, portal, kind]);

  return followed;
}
