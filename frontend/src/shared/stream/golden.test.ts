// Replays the golden recording, which every part of the system replays, and expects what must be drawn of it.
import { describe, expect, it } from 'vitest';
import expected from '../../../../internal/golden/points.json';
import ticks from '../../../../internal/golden/ticks.json';
import type { Row } from '../contract/sample';
import { parseTime } from './clock';
import type { StreamStore } from './store';
import { at, makeSnapshot, makeStore, receivedInAll } from './testing';

const now = '2026-03-01 12:10:30.000000';
const tickRows: Row[][] = ticks.map(({ rows }) => rows);

const hora = (seconds: number) => at(seconds - Date.UTC(2026, 2, 1, 12) / 1_000);

function drawn(store: StreamStore, host: string) {
  const window = store.window(host);
  if (!window) throw new Error(`nothing of ${host}`);
  const { x, columns, holes } = window.frame();
  return {
    newest: window.latest?.row.hora,
    points: [...x].map((seconds, i) => ({
      hora: hora(seconds),
      cpu: columns.cpu?.[i],
      ram: columns.ram?.[i],
      zombie: columns.zombie?.[i],
    })),
    gaps: holes.map(({ from, to }) => ({ from: hora(from), to: hora(to) })),
  };
}

function expectGolden(feed: (store: ReturnType<typeof makeStore>['store']) => void): void {
  const { store, frames } = makeStore();
  feed(store);
  frames();
  const view = store.view();
  expect(receivedInAll(view)).toEqual({ rows: expected.rows, distinct: expected.distinct });
  expect(Object.fromEntries(view.hosts.map(({ host }) => [host, drawn(store, host)]))).toEqual(
    expected.hosts,
  );
}

describe('the golden recording', () => {
  it('is drawn as expected tick by tick', () => {
    expectGolden((store) => {
      for (const rows of tickRows) store.samples({ now, cursor: 0, rows });
    });
  });

  it('is drawn the same whatever the order of ticks, with every tick twice', () => {
    expectGolden((store) => {
      for (const rows of [...tickRows, ...tickRows].reverse()) store.samples({ now, cursor: 0, rows });
    });
  });

  it('is drawn the same after a reconnect in the middle', () => {
    const middle = tickRows.length >> 1;
    expectGolden((store) => {
      for (const rows of tickRows.slice(0, middle)) store.samples({ now, cursor: 0, rows });
      store.disconnected();
      store.snapshot(makeSnapshot(tickRows.slice(0, middle + 2).flat(), { now }));
      for (const tick of tickRows.slice(middle)) store.samples({ now, cursor: 0, rows: tick });
    });
  });

  it('has ids in order within a tick and not across ticks', () => {
    // What the tests above rest on: a recording in plain order would prove little.
    const ids = tickRows.map((rows) => rows.map(({ id }) => id));
    expect(ids.every((tick) => tick.every((id, i) => i === 0 || id > (tick[i - 1] ?? 0)))).toBe(true);
    expect(ids.flat().some((id, i, all) => i > 0 && id < (all[i - 1] ?? 0))).toBe(true);
    expect(tickRows.flat().every(({ hora }) => !Number.isNaN(parseTime(hora)))).toBe(true);
  });
});
