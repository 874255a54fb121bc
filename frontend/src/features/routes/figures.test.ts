import { describe, expect, it } from 'vitest';
import { at, makeSecond } from '../../shared/stream/testing';
import { axisOf, outline, positionOf, width } from './distribution';
import { figuresOf } from './figures';
import { rowsFrame } from './RowsChart';

const noon = Date.UTC(2026, 2, 1, 12);
const route = (over: Parameters<typeof makeSecond>[0]) => makeSecond({ api: 'api1', ...over });

describe('the figures of the routes', () => {
  it('are those of the whole span: share, rate, errors, percentiles', () => {
    const stats = [
      route({ requests: 30, rows: 60, errors: 3, latency: [[8, 30]] }),
      route({ api: 'api2', writer: 'batch', requests: 10, rows: 10, latency: [[16, 10]] }),
    ];
    const [api1, api2] = figuresOf(stats, { from: noon, to: noon + 20_000, seconds: undefined });
    expect(api1).toMatchObject({
      api: 'api1',
      share: 75,
      rowsPerSecond: 3,
      errorShare: 10,
      writer: 'direct',
    });
    expect(api2).toMatchObject({ api: 'api2', share: 25, rowsPerSecond: 0.5, errors: 0, writer: 'batch' });
    expect(api2?.p99).toBeCloseTo(0.1 * 2 ** (15.5 / 8));
  });

  it('have live the rate of the last whole seconds that are counted, and not of older ones', () => {
    const second = (s: number, rows: number) => route({ second: at(s), rows });
    const seconds = [second(7, 1_000), second(8, 20), second(12, 30), second(17, 50), second(18, 1_000)];
    const [api1] = figuresOf(seconds, { from: noon - 280_000, to: noon + 20_400, seconds });
    expect(api1?.rowsPerSecond).toBe(10);
  });

  it('show both routes before they did anything, and a third one', () => {
    const span = { from: noon, to: noon + 1_000, seconds: undefined };
    expect(figuresOf([], span).map(({ api, share, p50 }) => ({ api, share, p50 }))).toEqual([
      { api: 'api1', share: 0, p50: undefined },
      { api: 'api2', share: 0, p50: undefined },
    ]);
    expect(figuresOf([route({ api: 'api3' })], span).map(({ api, share }) => [api, share])).toEqual([
      ['api1', 0],
      ['api2', 0],
      ['api3', 100],
    ]);
  });
});

describe('the picture of the latencies', () => {
  it('has one axis for all, with room at both ends, and round labels on it', () => {
    const axis = axisOf([
      [[30, 5]],
      [
        [60, 1],
        [70, 1],
      ],
    ]);
    if (!axis) throw new Error('no axis');
    expect(axis.from).toBeLessThan(29);
    expect(axis.to).toBeGreaterThan(70);
    expect(axis.top).toBe(1);
    expect(axis.ticks.every(({ at }, i, all) => at > (all[i - 1]?.at ?? 0) && at < 1)).toBe(true);
    expect(axis.ticks.length).toBeGreaterThan(2);
    expect(axis.ticks.length).toBeLessThanOrEqual(5);
    expect(axisOf([[], []])).toBeUndefined();
  });

  it('puts a latency where its bucket is drawn', () => {
    const axis = axisOf([[[40, 1]]]);
    if (!axis) throw new Error('no axis');
    const drawn = outline([[40, 1]], axis);
    const [left = 0, right = 0] = [...drawn.matchAll(/H([\d.]+)V/g)].map(([, x]) => Number(x));
    const middle = positionOf(0.1 * 2 ** (39.5 / 8), axis) * width;
    expect(middle).toBeCloseTo((left + right) / 2, 0);
    expect(right - left).toBeCloseTo(width / (axis.to - axis.from), 0);
  });
});

describe('the rows of each second', () => {
  it('are zero where nothing is known between two seconds that are', () => {
    const { x, columns, from, to } = rowsFrame(
      [route({ second: at(0), rows: 5 }), route({ second: at(3), api: 'api2', rows: 7 })],
      ['api1', 'api2'],
    );
    expect([...x].map((s) => s - noon / 1_000)).toEqual([0, 1, 2, 3]);
    expect([...(columns.api1 ?? [])]).toEqual([5, 0, 0, 0]);
    expect([...(columns.api2 ?? [])]).toEqual([0, 0, 0, 7]);
    expect(to - from).toBe(60);
    expect(rowsFrame([], ['api1']).x).toHaveLength(0);
  });
});
