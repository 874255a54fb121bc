// The contract's gap rule. What it calls a gap is hatched and never bridged.
import type { Hole } from '../chart/frame';

/** Three medians may still be short of what a person would call a gap. */
const shortestGap = 2.5; // s
const medians = 3;

/** Of so many points on, the median may be a little old: to sort them for each new one is dear. */
const many = 256;
const oftenEnough = 64; // points

/** Finds the gaps of a line whose points are samples, or stretches of `step` seconds that hold some. */
export class GapFinder {
  #median = 0;
  #length = Number.NEGATIVE_INFINITY; // of the line when the median was found
  #newest = Number.NaN;
  #since = 0; // looks since then

  /** The gaps between neighbouring times, which are in seconds and in order; those of stretches are their middles. */
  find(x: Float64Array, step = 0, samples?: Float64Array): Hole[] {
    if (this.#isOld(x)) {
      this.#median = step > 0 && samples ? medianOfSteps(x, step, samples) : median(distances(x));
      this.#length = x.length;
      this.#newest = x.at(-1) ?? Number.NaN;
      this.#since = 0;
    }
    const longest = Math.max(shortestGap, medians * this.#median) + step;
    const holes: Hole[] = [];
    for (let i = 1; i < x.length; i += 1) {
      const before = x[i - 1] ?? 0;
      const after = x[i] ?? 0;
      // Of two times in milliseconds, the difference in seconds is off by some billionths.
      if (after - before > longest + 1e-6) holes.push({ from: before, to: after });
    }
    return holes;
  }

  #isOld(x: Float64Array): boolean {
    if (x.length < many) return true;
    this.#since += Number(x.at(-1) !== this.#newest);
    return this.#since >= oftenEnough || Math.abs(x.length - this.#length) >= oftenEnough;
  }
}

function distances(x: Float64Array): Float64Array {
  const all = new Float64Array(Math.max(x.length - 1, 0));
  for (let i = 0; i < all.length; i += 1) all[i] = (x[i + 1] ?? 0) - (x[i] ?? 0);
  return all;
}

/** The distance between samples: within a stretch that holds several they are taken as even. */
function medianOfSteps(x: Float64Array, step: number, samples: Float64Array): number {
  const apart = distances(x);
  for (let i = 0; i < apart.length; i += 1) {
    const n = samples[i] ?? 1;
    if (n > 1) apart[i] = step / n;
  }
  return median(apart);
}

/** The upper of the two in the middle, as everywhere in this system. */
function median(numbers: Float64Array): number {
  return numbers.sort()[numbers.length >> 1] ?? 0;
}
