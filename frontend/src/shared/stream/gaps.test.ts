import { describe, expect, it } from 'vitest';
import { GapFinder } from './gaps';

const find = (...seconds: number[]) => new GapFinder().find(Float64Array.from(seconds));

describe('the gaps of samples', () => {
  it('are none in nothing, in one point, and in even steps', () => {
    expect(find()).toEqual([]);
    expect(find(1)).toEqual([]);
    expect(find(1, 2, 3, 4)).toEqual([]);
  });

  it('need more than three medians', () => {
    expect(find(0, 1, 2, 5, 6)).toEqual([]); // exactly three
    expect(find(0, 1, 2, 5.001, 6)).toEqual([{ from: 2, to: 5.001 }]);
    const late = 1_772_366_400; // where a double has no room for exact thousandths
    expect(find(late, late + 0.95, late + 1.9, late + 4.75)).toEqual([]);
  });

  it('need more than two and a half seconds', () => {
    expect(find(0, 0.1, 0.2, 2.7, 2.8)).toEqual([]); // 25 medians, but exactly 2.5 s
    expect(find(0, 0.1, 0.2, 2.701, 2.8)).toEqual([{ from: 0.2, to: 2.701 }]);
  });

  it('take the upper of two medians, as the golden recording does', () => {
    // Distances 1 and 4: three times 4 is not exceeded by 4.
    expect(find(0, 1, 5)).toEqual([]);
  });

  it('follow a line that becomes another one', () => {
    const finder = new GapFinder();
    const line = (count: number, apart: number) => Float64Array.from({ length: count }, (_, i) => i * apart);
    expect(finder.find(line(2_000, 1))).toEqual([]);
    expect(finder.find(line(2_000, 60)).length).toBe(1_999);
    let looks = 0;
    while (finder.find(line(2_000 - (looks % 2), 60)).length > 0) looks += 1;
    expect(looks).toBeLessThan(100);
  });
});

describe('the gaps of stretches', () => {
  const minute = (samples: number[], ...begins: number[]) =>
    new GapFinder().find(
      Float64Array.from(begins, (b) => b + 30),
      60,
      Float64Array.from(samples),
    );

  it('are those that are surely longer than three samples', () => {
    expect(minute([60, 60, 60], 0, 60, 120)).toEqual([]);
    expect(minute([60, 60, 60], 0, 60, 180)).toEqual([{ from: 90, to: 210 }]);
  });

  it('are none where samples are rare', () => {
    expect(minute([1, 1, 1, 1], 0, 120, 240, 360)).toEqual([]);
    expect(minute([1, 1, 1, 1, 1], 0, 120, 240, 360, 900)).toEqual([{ from: 390, to: 930 }]);
  });
});
