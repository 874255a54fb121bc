import { describe, expect, it } from 'vitest';
import golden from '../../../../internal/golden/latency.json';
import { boundOf, countOf, grouped, type Histogram, merge, quantile } from './histogram';

const parts = (numbers: number[][][]): Histogram[] =>
  numbers.map((part) => part.map(([bucket = -1, count = 0]) => [bucket, count]));

describe('the histogram of latencies', () => {
  it('has the bounds that Go has', () => {
    golden.bounds.forEach((nanoseconds, bucket) => {
      expect(Math.abs(boundOf(bucket) * 1e6 - nanoseconds)).toBeLessThanOrEqual(1);
    });
  });

  it.each(golden.cases)('has the percentiles that Go has: $name', ({ parts: numbers, count, quantiles }) => {
    const merged = merge(parts(numbers));
    expect(countOf(merged)).toBe(count);
    for (const [q, nanoseconds] of Object.entries(quantiles)) {
      const found = quantile(merged, Number(q));
      if (count === 0) expect(found).toBeUndefined();
      else expect(Math.abs((found ?? 0) * 1e6 - nanoseconds)).toBeLessThanOrEqual(1 + nanoseconds * 1e-12);
    }
  });

  it('is ascending however its parts come', () => {
    const merged = merge([
      [
        [9, 1],
        [30, 2],
      ],
      [[3, 1]],
      [[9, 5]],
    ]);
    expect(merged).toEqual([
      [3, 1],
      [9, 6],
      [30, 2],
    ]);
  });

  it('is counted exactly in wider buckets, whose bounds are bounds of its own', () => {
    const whole = golden.cases.filter(({ count }) => count < 2 ** 40); // their sum is a whole number here, too
    const histogram = merge(whole.flatMap(({ parts: numbers }) => parts(numbers)));
    expect(histogram.length).toBeGreaterThan(100);
    const upTo = (of: Histogram, last: number) => countOf(of.filter(([bucket]) => bucket <= last));
    for (const size of [1, 2, 4, 8]) {
      const wider = grouped(histogram, size);
      expect(countOf(wider)).toBe(countOf(histogram));
      for (const [last] of wider) expect(upTo(wider, last)).toBe(upTo(histogram, last));
    }
    expect(
      grouped(
        [
          [0, 1],
          [1, 2],
          [8, 3],
          [9, 4],
          [154, 5],
        ],
        8,
      ),
    ).toEqual([
      [0, 1],
      [8, 5],
      [16, 4],
      [160, 5],
    ]);
  });
});
