import { describe, expect, it } from 'vitest';
import { linear, logarithmic, percents, seconds } from './scale';

describe('a linear scale', () => {
  it('begins at nothing and writes round numbers', () => {
    expect(linear(884).ticks).toEqual([0, 200, 400, 600, 800]);
    expect(linear(0.34).ticks).toEqual([0, 0.1, 0.2, 0.3]);
    expect(linear(7, 4).ticks).toEqual([0, 2, 4, 6]);
    expect(linear(0).ticks).toEqual([0, 1]);
    expect(percents.ticks).toEqual([0, 25, 50, 75, 100]);
  });

  it('places values between its ends, and what is beyond at them', () => {
    const { at } = linear(200);
    expect([-5, 0, 50, 200, 900].map(at)).toEqual([0, 0, 0.25, 1, 1]);
  });
});

describe('a scale of seconds', () => {
  it('is written in steps that a clock has', () => {
    expect(seconds(240).ticks).toEqual([0, 60, 120, 180, 240]);
    expect(seconds(14_400).ticks).toEqual([0, 3_600, 7_200, 10_800, 14_400]);
  });
});

describe('a logarithmic scale', () => {
  it('has every doubling as long as the next', () => {
    const { at } = logarithmic(10, 4_000);
    expect(at(200) - at(100)).toBeCloseTo(at(2_000) - at(1_000), 10);
    expect(at(1)).toBe(0);
    expect(at(9e9)).toBe(1);
  });

  it('writes as many numbers as there is room for', () => {
    expect(logarithmic(20, 4_000).ticks).toEqual([30, 100, 300, 1_000, 3_000]);
    expect(logarithmic(90, 260).ticks).toEqual([100, 200, 500]);
    expect(logarithmic(0.5, 9_000).ticks).toEqual([1, 10, 100, 1_000, 10_000]);
  });

  it('bears one value, or none', () => {
    expect(logarithmic(100, 100).ticks).toEqual([100, 200, 500]);
    expect(logarithmic(Number.POSITIVE_INFINITY, 0).ticks).toEqual([1, 2, 5]);
  });
});
