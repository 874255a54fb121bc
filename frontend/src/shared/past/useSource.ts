import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Range } from '../range/range';
import { useStream } from '../stream/context';
import { FixedSource, FollowingSource, liveSource, type Progress, type Source } from './source';

/** Where the page has its numbers from: another source for another host, range, or database. */
export function useSource(host: string, range: Range, epoch: number): Source {
  const { store, portal } = useStream();
  const [source, setSource] = useState<Source>(() => liveSource(store, host));
  const shown = useRef(source);
  const { kind } = range;
  const [from, to] = range.kind === 'fixed' ? [range.from, range.to] : [0, 0];

  // biome-ignore lint/correctness/useExhaustiveDependencies: what another database said is of no use
  useEffect(() => {
    const { history: ask } = portal;
    const made =
      kind === 'live'
        ? liveSource(store, host)
        : kind === 'fixed'
          ? new FixedSource(ask, host, from, to, shown.current)
          : new FollowingSource(store, ask, host, kind);
    shown.current = made;
    setSource(made);
    return () => made.close();
  }, [store, portal, host, kind, from, to, epoch]);

  return source;
}

/** How far the source has come. */
export function useProgress(source: Source): Progress {
  return useSyncExternalStore(source.subscribe, source.progress);
}
