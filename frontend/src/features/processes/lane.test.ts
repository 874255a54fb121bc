import { describe, expect, it } from 'vitest';
import { lanePath, peakOf } from './lane';

const axis = { x: [0, 1, 2, 3], holes: [], from: 0, to: 198 }; // a unit of width per second

describe('a lane', () => {
  it('knows its peak, the newest of equals', () => {
    expect(peakOf([])).toEqual({ value: 0, index: -1 });
    expect(peakOf([1, 3, 0, 3, 2])).toEqual({ value: 3, index: 3 });
  });

  it('steps on a scale of its own', () => {
    expect(lanePath(axis, [0, 3, 3, 0], 3)).toBe('M0 24V24H0V24H1V0H2V0H3V24H5V24Z');
  });

  it('is interrupted where there is a hole', () => {
    const path = lanePath({ ...axis, x: [0, 1, 100, 101], holes: [{ from: 1, to: 100 }] }, [1, 1, 1, 1], 1);
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path).not.toContain('H1V0H100');
  });

  it('keeps the highest where points share a place', () => {
    const crowded = { x: [0, 0.1, 0.2, 0.3], holes: [], from: 0, to: 198 };
    expect(lanePath(crowded, [0, 4, 0, 0], 4)).toBe('M0 24V0H0V0H2V24Z');
  });

  it('shows a burst of the newest sample at the very edge', () => {
    expect(lanePath({ ...axis, x: [197, 198] }, [0, 3], 3)).toBe('M197 24V24H197V24H198V0H200V24Z');
  });

  it('shows nothing of nothing', () => {
    expect(lanePath({ x: [], holes: [], from: 0, to: 60 }, [], 0)).toBe('');
  });
});
