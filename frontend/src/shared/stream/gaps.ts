// The contract's gap rule. What it calls a gap is hatched and never bridged.

/** A stretch without samples, from the last point before it to the first one after it, as indexes. */
export interface Gap {
  readonly before: number;
  readonly after: number;
}

/** Three medians may still be short of what a person would call a gap. */
const shortestGap = 2_500; // ms
const medians = 3;

/** The gaps between neighbouring times, which are in milliseconds and in order. */
export function findGaps(times: readonly number[]): Gap[] {
  const distances: number[] = [];
  let previous: number | undefined;
  for (const time of times) {
    if (previous !== undefined) distances.push(time - previous);
    previous = time;
  }
  // The upper of the two in the middle, as everywhere in this system.
  const median = Float64Array.from(distances).sort()[distances.length >> 1] ?? 0;
  const longest = Math.max(shortestGap, medians * median);
  const gaps: Gap[] = [];
  distances.forEach((distance, i) => {
    if (distance > longest) gaps.push({ before: i, after: i + 1 });
  });
  return gaps;
}
