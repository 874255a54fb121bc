import { describe, expect, it } from 'vitest';
import { boundOf, type Histogram } from '../../shared/latency/histogram';
import { type Axis, axisOf, headroom, height, outline, positionOf, width } from './distribution';

const axisFor = (...histograms: Histogram[]): Axis => {
  const axis = axisOf(histograms);
  if (!axis) throw new Error('no axis');
  return axis;
};

/** Where each step of an outline begins and ends, and how high it is, 0–1 of what the highest one may be. */
function steps(path: string): { from: number; to: number; share: number }[] {
  const found: { from: number; to: number; share: number }[] = [];
  let at = 0;
  let y = height;
  for (const [, command, number] of path.matchAll(/([HV])([\d.]+)/g)) {
    if (command === 'V') y = Number(number);
    else {
      if (y < height) found.push({ from: at, to: Number(number), share: (height - y) / (height - headroom) });
      at = Number(number);
    }
  }
  return found;
}

describe('the axis of latencies', () => {
  it('is one for all, between round numbers around every bucket', () => {
    const axis = axisFor(
      [[30, 5]],
      [
        [60, 1],
        [70, 1],
      ],
    );
    expect([axis.from, axis.to]).toEqual([1, 50]);
    expect(axis.from).toBeLessThanOrEqual(boundOf(29));
    expect(axis.to).toBeGreaterThanOrEqual(boundOf(70));
    expect(axis.ticks.map(({ ms }) => ms)).toEqual([1, 10, 50]);
    expect(axisOf([[], []])).toBeUndefined();
  });

  it.each([0, 1, 40, 153, 154])('shows more than the one bucket %i', (bucket) => {
    const axis = axisFor([[bucket, 1]]);
    expect(axis.to / axis.from).toBeGreaterThanOrEqual(8);
    expect(positionOf(boundOf(bucket - 1), axis)).toBeGreaterThan(0);
    expect(positionOf(boundOf(bucket), axis)).toBeLessThan(1);
  });

  it('has labels at both ends, and between them no more than there is room for', () => {
    const { ticks, ...axis } = axisFor([
      [0, 1],
      [154, 1],
    ]);
    expect([ticks[0]?.ms, ticks.at(-1)?.ms]).toEqual([axis.from, axis.to]);
    expect([ticks[0]?.at, ticks.at(-1)?.at]).toEqual([0, 1]);
    for (const [i, { at }] of ticks.slice(1).entries()) {
      expect(at - (ticks[i]?.at ?? 0)).toBeGreaterThanOrEqual(0.18);
    }
  });
});

describe('the outline of the latencies', () => {
  it('has a step where each bucket lies, as high as its share of its own route', () => {
    const one: Histogram = [
      [40, 3],
      [41, 1],
      [50, 4],
    ];
    const axis = axisFor(one, [[45, 700]]);
    const drawn = steps(outline(one, axis));
    expect(drawn.map(({ share }) => share)).toEqual([0.375, 0.125, 0.5].map((s) => expect.closeTo(s, 3)));
    for (const [i, [bucket]] of one.entries()) {
      expect(drawn[i]?.from).toBeCloseTo(positionOf(boundOf(bucket - 1), axis) * width, 1);
      expect(drawn[i]?.to).toBeCloseTo(positionOf(boundOf(bucket), axis) * width, 1);
    }
    expect(steps(outline([[45, 700]], axis)).map(({ share }) => share)).toEqual([1]);
  });

  it('has wider steps on a wide axis, of the same counts together', () => {
    const all: Histogram = Array.from({ length: 155 }, (_, bucket) => [bucket, 1] as const);
    const axis = axisFor(all);
    const drawn = steps(outline(all, axis));
    expect(drawn.length).toBeLessThanOrEqual(50);
    const shares = drawn.reduce((sum, { share }) => sum + share * axis.top, 0);
    expect(shares).toBeCloseTo(1, 2);
  });
});
