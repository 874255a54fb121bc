import { useEffect, useMemo, useState } from 'react';
import { type RouteSecond, type RouteStats, WindowSeconds } from '../contract/event';
import { mergeSeconds } from '../latency/routes';
import { lengths, type Range } from '../range/range';
import { parseTime, wireTime } from '../stream/clock';
import { useStream } from '../stream/context';
import type { View } from '../stream/store';
import type { PastRoutes, Progress, Source } from './source';

/** What the routes did in the time that the page shows, by the clock of arrival. */
export interface ShownRoutes {
  readonly stats: readonly RouteStats[];
  readonly seconds: readonly RouteSecond[] | undefined; // live
  readonly from: number; // ms since 1970
  readonly to: number;
  readonly state: Progress['kind'];
}

const askEvery = 15_000; // ms
const points = 1_440;

/**
 * The routes beside the VM: live and over the last hour or day those that end now, whatever `hora` a replay brings; of a
 * fixed range what was received in the same time.
 */
export function useRoutes(range: Range, source: Source, progress: Progress, view: View): ShownRoutes {
  const { store } = useStream();
  const following = useFollowed(range, source.host);
  const merged = useMemo(() => mergeSeconds(view.routes), [view.routes]);
  if (range.kind === 'live') {
    const to = store.now();
    const from = to - WindowSeconds * 1_000;
    return { stats: merged, seconds: view.routes, from, to, state: 'ready' };
  }
  const { routes, state } =
    range.kind === 'fixed' ? { routes: source.routes, state: progress.kind } : following;
  const { stats, from, to } = routes ?? { stats: [], from: 0, to: 0 };
  return { stats, seconds: undefined, from, to, state: routes ? 'ready' : state };
}

interface Followed {
  readonly routes: PastRoutes | undefined;
  readonly state: Progress['kind'];
}

/** Asks again and again for the routes of the last hour or day. */
function useFollowed({ kind }: Range, host: string): Followed {
  const { store, portal } = useStream();
  const [followed, setFollowed] = useState<Followed>({ routes: undefined, state: 'loading' });

  useEffect(() => {
    if (kind !== '1h' && kind !== '24h') return undefined;
    let open = true;
    setFollowed({ routes: undefined, state: 'loading' });
    const look = async () => {
      const to = store.now();
      if (Number.isNaN(to)) return;
      try {
        // A minute more than an hour comes from the rollups, which cost nothing, and not from the samples.
        const from = wireTime(to - lengths[kind] * 1_000 - 60_000);
        const history = await portal.history({ host, from, to: wireTime(to), points });
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
    const timer = setInterval(() => void look(), askEvery);
    return () => {
      open = false;
      clearInterval(timer);
    };
  }, [store, portal, host, kind]);

  return followed;
}
