import { describe, expect, it } from 'vitest';
import { type Look, type Shape, Trace } from './trace';

const ink = { red: 0, green: 0, blue: 0, area: 0, span: 0, width: 1.5 };
const look: Look = { perSecond: 1, perUnit: -1, zero: 100, width: 50, height: 100, ink };

function shape(points: readonly (readonly [x: number, y: number])[], over: Partial<Shape> = {}): Shape {
  const x = Float64Array.from(points, ([at]) => at);
  const y = Float64Array.from(points, ([, value]) => value);
  return { x, y, low: y, high: y, holes: [], steps: false, ...over };
}

function extents(trace: Trace, columns: number) {
  return Array.from({ length: columns }, (_, i) => [trace.line.top[i], trace.line.bottom[i]]);
}

describe('a trace', () => {
  it('goes in each column from where the line enters it to where it leaves it', () => {
    const trace = new Trace();
    trace.update(
      0,
      shape([
        [0.5, 0],
        [2.5, 40],
        [2.75, 10],
      ]),
      look,
    );
    expect(extents(trace, 4)).toEqual([
      [90, 100],
      [70, 90],
      [60, 90], // up to 40 and down to 10
      [Number.NaN, Number.NaN],
    ]);
  });

  it('has nothing in a hole, and steps stay at their height', () => {
    const trace = new Trace();
    trace.update(
      0,
      shape(
        [
          [0, 10],
          [3, 30],
          [6, 50],
        ],
        { steps: true, holes: [{ from: 3, to: 6 }] },
      ),
      look,
    );
    const nothing = [Number.NaN, Number.NaN];
    expect(extents(trace, 7)).toEqual([[90, 90], [90, 90], [90, 90], [70, 90], nothing, nothing, [50, 50]]);
  });

  it('follows only what is new of a line that grows and moves', () => {
    const trace = new Trace();
    const points = Array.from({ length: 40 }, (_, i) => [i, i] as const);
    expect(trace.update(0, shape(points), look)).toMatchObject({ all: true, first: 0 });
    expect(trace.update(0, shape(points), look)).toMatchObject({ all: false, last: -1 });
    const more = [...points.slice(1), [40, 7] as const];
    expect(trace.update(1, shape(more), look)).toMatchObject({ all: false, first: 39 });
  });

  it('begins anew where the look is another one, or the line has left its memory', () => {
    const trace = new Trace();
    const points = [
      [0, 1],
      [1, 2],
    ] as const;
    trace.update(0, shape(points), look);
    expect(trace.update(0, shape(points), { ...look, perUnit: -2 }).all).toBe(true);
    expect(trace.update(-1, shape(points), { ...look, perUnit: -2 }).all).toBe(true);
    expect(trace.update(0, shape([...points, [5_000, 3]]), { ...look, perUnit: -2 }).all).toBe(true);
  });

  it('forgets a line of which nothing is left', () => {
    const trace = new Trace();
    trace.update(
      0,
      shape([
        [0, 1],
        [9, 2],
      ]),
      look,
    );
    expect(trace.update(0, shape([]), look).all).toBe(true);
    expect(extents(trace, 10).flat().every(Number.isNaN)).toBe(true);
    expect(trace.update(0, shape([]), look)).toMatchObject({ all: false, last: -1 });
  });

  it('is the same, however the line came to be what it is', () => {
    // A random walk of changes: points come at the end, late, or change; holes open and close; the front is forgotten.
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const base = 1_772_366_400;
    let points: (readonly [number, number])[] = [[base, 5]];
    let holes: { from: number; to: number }[] = [];
    const trace = new Trace();
    for (let round = 0; round < 3_000; round += 1) {
      const [end = base] = points.at(-1) ?? [];
      const what = random();
      if (what < 0.7) points.push([end + random() * 0.4, random() * 90]);
      else if (what < 0.8) points[Math.floor(random() * points.length)] = [end + 0.5, random() * 90];
      else if (what < 0.85) points.push([end - random() * 5, random() * 90]);
      else if (what < 0.9) points = points.slice(0, -1);
      points.sort(([a], [b]) => a - b);
      points = points.filter(([at], i) => at >= (points.at(-1)?.[0] ?? 0) - 30 && at !== points[i - 1]?.[0]);
      if (points.length === 0) points = [[end, 1]];
      if (what > 0.95) {
        holes = points.flatMap(([at], i) => {
          const next = points[i + 1];
          return next && random() < 0.1 ? [{ from: at, to: next[0] }] : [];
        });
      }
      holes = holes.filter(({ from, to }) => {
        const i = points.findIndex(([at]) => at === from);
        return i >= 0 && points[i + 1]?.[0] === to;
      });
      const now = shape(points, { holes, steps: false });
      const spanned = { ...now, low: now.y.map((v) => v - 3), high: now.y.map((v) => v + (v % 5)) };
      const from = (points.at(-1)?.[0] ?? 0) - 30;
      const wide = { ...look, perSecond: 1.4 };
      trace.update(from, spanned, wide);
      const fresh = new Trace();
      fresh.update(from, spanned, wide);
      const [a, b] = [trace, fresh].map((each) => {
        // What has left at the front stays until it is out of sight.
        const begin = each.columnOf((points[0]?.[0] ?? 0) + 1 / wide.perSecond);
        const length = each.columnOf(from) + look.width - begin;
        return [each.line.top, each.line.bottom, each.span.top, each.span.bottom].map((column) =>
          Array.from({ length }, (_, i) => column[begin + i] ?? Number.NaN),
        );
      });
      expect(a, `round ${round}`).toEqual(b);
    }
  });
});
