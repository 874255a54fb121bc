// The histograms of latencies as the contract writes them: [bucket, count] pairs, ascending. internal/latency is their
// Go side, and internal/golden/latency.json holds both to the same numbers.

export type Histogram = readonly (readonly [bucket: number, count: number])[];

const first = 0.1; // ms, the bound of bucket 0
const fine = 8; // buckets in which the latency doubles

/** The highest latency that a bucket takes, in ms; the last bucket takes everything above, too. */
export function boundOf(bucket: number): number {
  return first * 2 ** (bucket / fine);
}

export function merge(parts: Iterable<Histogram>): Histogram {
  const counts = new Map<number, number>();
  for (const part of parts) {
    for (const [bucket, count] of part) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/**
 * The same counts in buckets `size` times as wide, each under the number of its last bucket. 2, 4 and 8 keep the bounds
 * at which the latency doubles.
 */
export function grouped(histogram: Histogram, size: number): Histogram {
  return merge([histogram.map(([bucket, count]) => [Math.ceil(bucket / size) * size, count])]);
}

export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, [, count]) => sum + count, 0);
}

/**
 * The latency of rank ⌈q·count⌉ in ms, q being 0 to 1: the geometric middle of the bucket that holds it, which is at most
 * 4.5 % off. Undefined when nothing was counted.
 */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const count = countOf(histogram);
  let rank = Math.min(Math.max(Math.ceil(q * count), 1), count);
  for (const [bucket, n] of histogram) {
    if (rank <= n) return boundOf(bucket - 0.5);
    rank -= n;
  }
  return undefined;
}
