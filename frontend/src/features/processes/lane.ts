import type { TimeAxis } from '../../shared/chart/axis';
import type { Hole } from '../../shared/chart/plot';

/** Width and height of a lane's own coordinates; the style sheet stretches them. */
export const laneWidth = 200;
export const laneHeight = 24;

// A point is this wide at least, also the newest one at the very edge.
const pointWidth = 2;

/** The highest value and the index of its newest occurrence. */
export function peakOf(values: readonly number[]): { readonly value: number; readonly index: number } {
  let peak = { value: 0, index: -1 };
  values.forEach((value, index) => {
    if (value >= peak.value) peak = { value, index };
  });
  return peak;
}

/**
 * The outline of an area over time, one subpath per stretch without a hole. Each lane has a scale of its own, from
 * zero to its peak, so that three zombies are seen beside a hundred sleepers. Where there are more points than
 * units of width, the highest of each unit stands for it: a burst of one sample must not vanish.
 */
export function lanePath(axis: TimeAxis, values: readonly number[], peak: number): string {
  const unit = unitOf(axis);
  const starts = new Set(axis.holes.map((hole) => hole.to));
  let path = '';
  let stretch: { x: number; y: number }[] = [];

  const close = () => {
    const first = stretch[0];
    const last = stretch.at(-1);
    if (!first || !last) return;
    path += `M${first.x} ${laneHeight}V${first.y}`;
    // Counts are steps: there never were one and a half zombies.
    for (const { x, y } of stretch) path += `H${x}V${y}`;
    path += `H${last.x + pointWidth}V${laneHeight}Z`;
    stretch = [];
  };

  axis.x.forEach((seconds, i) => {
    if (starts.has(seconds) && stretch.length > 0) close();
    const x = Math.round((seconds - axis.from) * unit);
    const y = round(laneHeight * (1 - (values[i] ?? 0) / Math.max(peak, 1)));
    const previous = stretch.at(-1);
    if (previous?.x === x) previous.y = Math.min(previous.y, y);
    else stretch.push({ x, y });
  });
  close();
  return path;
}

/** Where a hole lies in a lane: the attributes of its rectangle. */
export function laneHole(axis: TimeAxis, hole: Hole) {
  const unit = unitOf(axis);
  return { x: (hole.from - axis.from) * unit, width: (hole.to - hole.from) * unit, height: laneHeight };
}

/** Units of width per second. */
function unitOf(axis: TimeAxis): number {
  return (laneWidth - pointWidth) / (axis.to - axis.from);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
