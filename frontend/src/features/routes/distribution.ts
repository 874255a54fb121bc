// The picture of a histogram: a logarithmic axis, the same for all routes, so that they can be compared by eye.
import { boundOf, countOf, grouped, type Histogram } from '../../shared/latency/histogram';

export interface Axis {
  readonly from: number; // ms, both ends, round numbers
  readonly to: number;
  readonly ticks: readonly { readonly ms: number; readonly at: number }[]; // both ends, too; `at` is 0–1
  readonly group: number; // buckets that are drawn as one
  readonly top: number; // the highest share that one of them has
}

export const width = 400;
export const height = 100;
export const headroom = 18; // over the highest step, for a label

/** Undefined when nothing was counted. */
export function axisOf(histograms: readonly Histogram[]): Axis | undefined {
  const buckets = histograms.flatMap((histogram) => histogram.map(([bucket]) => bucket));
  if (buckets.length === 0) return undefined;
  const first = Math.min(...buckets);
  const last = Math.max(...buckets);
  // A wide axis has no room for narrow buckets, whose counts would be noise.
  const group = [1, 2, 4].find((size) => (last - first) / size <= mostSteps) ?? 8;
  const ends = roundAround(
    boundOf(Math.ceil(first / group) * group - group),
    boundOf(Math.ceil(last / group) * group),
  );
  const shares = histograms.flatMap((histogram) => sharesOf(histogram, group).map(([, share]) => share));
  return { ...ends, ticks: ticksOf(ends), group, top: Math.max(...shares) };
}

/** Where a latency lies on the axis, 0–1. */
export function positionOf(ms: number, { from, to }: Ends): number {
  return Math.log(ms / from) / Math.log(to / from);
}

/** The outline of the area, a step for each group of buckets. */
export function outline(histogram: Histogram, axis: Axis): string {
  const x = (bucket: number) => rounded(positionOf(boundOf(bucket), axis) * width);
  let path = `M0 ${height}`;
  let end = Number.NEGATIVE_INFINITY;
  for (const [last, share] of sharesOf(histogram, axis.group)) {
    if (last - axis.group !== end) path += `V${height}H${x(last - axis.group)}`;
    path += `V${rounded(height - (share / axis.top) * (height - headroom))}H${x(last)}`;
    end = last;
  }
  return `${path}V${height}H${width}`;
}

type Ends = Pick<Axis, 'from' | 'to'>;

const mostSteps = 48;
const shortest = 8; // times, between the ends: a picture of one bucket says nothing
const nearest = 0.18; // of the axis, between labels: what a phone has room for

/** 0.01 ms to 500 s: nothing that a histogram tells apart lies outside. */
const roundLatencies = [-2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);

function roundAround(lowest: number, highest: number): Ends {
  let i = roundLatencies.findLastIndex((ms) => ms <= lowest);
  let j = roundLatencies.findIndex((ms) => ms >= highest);
  const ends = () => ({ from: roundLatencies[i] ?? lowest, to: roundLatencies[j] ?? highest });
  while (ends().to < shortest * ends().from) {
    i = Math.max(i - 1, 0);
    j = Math.min(j + 1, roundLatencies.length - 1);
  }
  return ends();
}

/** Both ends, then the powers of ten, then what else has room. */
function ticksOf(ends: Ends): Axis['ticks'] {
  const inside = roundLatencies.filter((ms) => ms > ends.from && ms < ends.to);
  const isPower = (ms: number) => Number.isInteger(rounded(Math.log10(ms)));
  const wanted = [ends.from, ends.to, ...inside.filter(isPower), ...inside.filter((ms) => !isPower(ms))].map(
    (ms) => ({ ms, at: positionOf(ms, ends) }),
  );
  const ticks: { ms: number; at: number }[] = [];
  for (const tick of wanted) {
    if (ticks.every(({ at }) => Math.abs(at - tick.at) >= nearest)) ticks.push(tick);
  }
  return ticks.sort((a, b) => a.ms - b.ms);
}

function sharesOf(histogram: Histogram, group: number): Histogram {
  const count = countOf(histogram);
  return grouped(histogram, group).map(([last, n]) => [last, n / count]);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
