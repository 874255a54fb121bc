import { WindowSeconds } from '../contract/event';
import type { HostView } from '../stream/window';
import type { Hole } from './plot';

/** The time axis that all charts of a host share, in seconds since 1970. */
export interface TimeAxis {
  readonly x: readonly number[];
  readonly holes: readonly Hole[];
  readonly from: number;
  readonly to: number;
}

// A run of half a minute would be a stroke at the edge of a five-minute axis, and an axis that grows with every
// point would never stand still: so it grows in steps.
const spans = [60, 120, 180, WindowSeconds]; // seconds

export function timeAxis(view: HostView): TimeAxis {
  const x = view.points.map((point) => point.hora / 1_000);
  const at = (index: number) => x[index] ?? Number.NaN;
  const to = view.latest.hora / 1_000;
  const length = to - at(0);
  return {
    x,
    holes: view.gaps.map(({ before, after }) => ({ from: at(before), to: at(after) })),
    from: to - (spans.find((span) => length <= span) ?? WindowSeconds),
    to,
  };
}
