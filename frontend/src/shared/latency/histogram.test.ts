import { describe, expect, it } from 'vitest';
import golden from '../../../../internal/golden/latency.json';
import { boundOf, countOf, type Histogram, merge, quantile } from './histogram';

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
});
