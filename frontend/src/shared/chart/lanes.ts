// The scales of a chart's lanes. All lanes share one canvas, and with it one crosshair: each has a scale of its own that
// reaches so far beyond its numbers that they lie in the lane's share of the height.
import type uPlot from 'uplot';
import type { Column, Frame, Lane } from './frame';

const percentTicks = [0, 25, 50, 75, 100];
const roundTops = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

// Of several lanes, each leaves this much of its height free, so that its highest number is not the floor of the next.
const headroom = 0.18;
const footroom = 0.04;

export function scaleKey(lane: number): string {
  return `lane${lane}`;
}

/** The highest number of a lane that is in sight, rounded up to one that a person can halve; its fixed top if it has one. */
export function topOf(lane: Lane, frame: Frame): number {
  if (lane.top !== undefined) return lane.top;
  let highest = 0;
  for (const { column } of lane.lines) {
    const values = frame.columns[frame.spans ? `${column}.max` : column] ?? frame.columns[column];
    highest = Math.max(highest, maxIn(values, frame));
  }
  return roundUp(highest);
}

function maxIn(values: Column | undefined, { x, from }: Frame): number {
  let highest = 0;
  if (!values) return highest;
  for (let i = values.length - 1; i >= 0 && (x[i] ?? 0) >= from; i -= 1) {
    highest = Math.max(highest, values[i] ?? 0);
  }
  return highest;
}

function roundUp(value: number): number {
  if (value <= 10) return Math.max(Math.ceil(value), 1);
  const power = 10 ** Math.floor(Math.log10(value));
  return (roundTops.find((top) => top * power >= value) ?? 10) * power;
}

/** The ends of a lane's scale over the whole height. */
export function rangeOf(lane: number, lanes: number, top: number): [number, number] {
  if (lanes === 1) return [0, top * 1.01]; // a line at the top is not cut in half
  const share = top / (1 - headroom - footroom); // how much of the scale one lane's height is
  const below = lanes - 1 - lane;
  return [-(below + footroom) * share, (lane + 1 - footroom) * share];
}

/** Where a lane's axis has its ticks. */
function ticksOf(lane: Lane, lanes: number, top: number): number[] {
  if (lanes > 1) return [0, top];
  return lane.top === 100 ? percentTicks : [0, top / 2, top];
}

/** The lanes' axes, one above the other at the left edge. */
export function laneAxes(
  lanes: readonly Lane[],
  top: (lane: number) => number,
  style: Pick<uPlot.Axis, 'font' | 'stroke' | 'grid'>,
): uPlot.Axis[] {
  return lanes.map((lane, i) => ({
    ...style,
    scale: scaleKey(i),
    side: 3,
    // Only the last one takes up room: so they all stand at the same place.
    size: i === lanes.length - 1 ? axisWidth : 0,
    gap: 6,
    splits: () => ticksOf(lane, lanes.length, top(i)),
    // A lane's zero would touch the top of the next.
    values: (_: uPlot, splits: number[]) =>
      splits.map((value) => (value === 0 && i < lanes.length - 1 ? '' : lane.format(value, 0))),
    ticks: { show: false },
  }));
}

const axisWidth = 50; // CSS px
