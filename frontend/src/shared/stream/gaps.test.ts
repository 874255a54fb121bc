import { describe, expect, it } from 'vitest';
import { findGaps } from './gaps';

const ms = (...seconds: number[]) => seconds.map((s) => s * 1_000);

describe('findGaps', () => {
  it('finds none in nothing, in one point, and in even steps', () => {
    expect(findGaps([])).toEqual([]);
    expect(findGaps(ms(1))).toEqual([]);
    expect(findGaps(ms(1, 2, 3, 4))).toEqual([]);
  });

  it('needs more than three medians', () => {
    expect(findGaps(ms(0, 1, 2, 5, 6))).toEqual([]); // exactly three
    expect(findGaps(ms(0, 1, 2, 5.001, 6))).toEqual([{ before: 2, after: 3 }]);
  });

  it('needs more than two and a half seconds', () => {
    expect(findGaps(ms(0, 0.1, 0.2, 2.7, 2.8))).toEqual([]); // 25 medians, but exactly 2.5 s
    expect(findGaps(ms(0, 0.1, 0.2, 2.701, 2.8))).toEqual([{ before: 2, after: 3 }]);
  });

  it('takes the upper of two medians, as the golden recording does', () => {
    // Distances 1 and 4: three times 4 is not exceeded by 4.
    expect(findGaps(ms(0, 1, 5))).toEqual([]);
  });
});
