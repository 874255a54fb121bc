import { describe, expect, it } from 'vitest';
import { at, makeSecond } from '../../shared/stream/testing';
import { figuresOf, settledBefore } from './figures';
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
    expect(figuresOf([], { ...span, to: noon })[0]?.rowsPerSecond).toBe(0);
    expect(figuresOf([route({ api: 'api3' })], span).map(({ api, share }) => [api, share])).toEqual([
      ['api1', 0],
      ['api2', 0],
      ['api3', 100],
    ]);
  });
});

describe('the rows of each second', () => {
  const end = noon / 1_000 + 4;

  it('are zero where nothing is known between two seconds that are', () => {
    const { x, columns, from, to } = rowsFrame(
      [route({ second: at(0), rows: 5 }), route({ second: at(3), api: 'api2', rows: 7 })],
      ['api1', 'api2'],
      end,
    );
    expect([...x].map((s) => s - noon / 1_000)).toEqual([0, 1, 2, 3]);
    expect([...(columns.api1 ?? [])]).toEqual([5, 0, 0, 0]);
    expect([...(columns.api2 ?? [])]).toEqual([0, 0, 0, 7]);
    expect([from, to]).toEqual([end - 60, end]);
  });

  it('are of the five minutes before those that are still being counted', () => {
    const seconds = [-297, -296, 3, 4].map((s) => route({ second: at(s), rows: 1 }));
    const { x, from } = rowsFrame(seconds, ['api1'], settledBefore(noon + 6_900) / 1_000);
    expect([x[0], x.at(-1), from]).toEqual([end - 300, end - 1, end - 300]);
    expect(rowsFrame([], ['api1'], end).x).toHaveLength(0);
  });

  it('are zero up to the present when no traffic comes any more', () => {
    const { x, from, to } = rowsFrame([route({ second: at(-90) })], ['api1'], end);
    expect([x[0], x.at(-1), x.length]).toEqual([end - 94, end - 1, 94]);
    expect([from, to]).toEqual([end - 120, end]);
  });
});
