// The picture of a histogram: a logarithmic axis, the same for all routes, so that they can be compared by eye.
import { boundOf, countOf, type Histogram } from '../../shared/latency/histogram';

export interface Axis {
  readonly from: number; // buckets, both ends of the axis
  readonly to: number;
  readonly top: number; // the highest share of one bucket
  readonly ticks: readonly { readonly ms: number; readonly at: number }[]; // `at` is 0–1
}

export const width = 400;
export const height = 48;
const shortest = 16; // buckets, two octaves: a picture of one bucket says nothing

/** Undefined when nothing was counted. */
export function axisOf(histograms: readonly Histogram[]): Axis | undefined {
  const buckets = histograms.flatMap((histogram) => histogram.map(([bucket]) => bucket));
  if (buckets.length === 0) return undefined;
  const lowest = Math.min(...buckets) - 2;
  const highest = Math.max(...buckets) + 1;
  const missing = Math.max(shortest - (highest - lowest), 0) / 2;
  const [from, to] = [lowest - Math.floor(missing), highest + Math.ceil(missing)];
  const shares = histograms.flatMap((histogram) => {
    const count = countOf(histogram);
    return histogram.map(([, n]) => n / count);
  });
  const ticks = roundLatencies
    .map((ms) => ({ ms, at: positionOf(ms, { from, to }) }))
    .filter(({ at }) => at >= 0.02 && at <= 0.98);
  return { from, to, top: Math.max(...shares), ticks: spread(ticks) };
}

/** Where a latency lies on the axis, 0–1. */
export function positionOf(ms: number, { from, to }: Pick<Axis, 'from' | 'to'>): number {
  const bucket =
    Math.log2(ms / boundOf(0)) * (boundaryBuckets / Math.log2(boundOf(boundaryBuckets) / boundOf(0)));
  return (bucket - from) / (to - from);
}

/** The outline of the area, a step for each bucket. */
export function outline(histogram: Histogram, { from, to, top }: Axis): string {
  const count = countOf(histogram);
  const x = (bucket: number) => Math.round(((bucket - from) / (to - from)) * width * 10) / 10;
  let path = `M0 ${height}`;
  for (const [bucket, n] of histogram) {
    const y = Math.round((1 - n / count / top) * height * 10) / 10;
    path += `H${x(bucket - 1)}V${y}H${x(bucket)}V${height}`;
  }
  return `${path}H${width}Z`;
}

const boundaryBuckets = 8; // one octave, to read the width of a bucket from its bounds
const roundLatencies = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000,
];

/** Not more labels than a phone has room for. */
function spread<T>(ticks: readonly T[]): T[] {
  const every = Math.ceil(ticks.length / 5);
  return ticks.filter((_, i) => i % every === 0);
}
