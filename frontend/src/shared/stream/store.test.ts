import { describe, expect, it, vi } from 'vitest';
import { StaleSeconds, type State } from '../contract/event';
import type { Row } from '../contract/sample';
import { at, makeRow, makeStore, receivedInAll } from './testing';

const now = '2026-03-01 12:10:01.000000';
const status = (state: State = 'live', newest = '') => ({ now, state, since: now, newest });
const samples = (...rows: Row[]) => ({ now, cursor: 0, rows });
const snapshot = (...rows: Row[]) => ({
  now,
  cursor: Math.max(0, ...rows.map((row) => row.id)),
  rows,
  status: status(),
});

describe('StreamStore', () => {
  it('counts each id once and each sample once', () => {
    const { store, frames } = makeStore();
    store.snapshot(snapshot(makeRow({ id: 1, secuencia: 1 }), makeRow({ id: 2, secuencia: 1 })));
    store.samples(samples(makeRow({ id: 2, secuencia: 1 }), makeRow({ id: 3, secuencia: 2 })));
    frames();
    expect(receivedInAll(store.view())).toEqual({ rows: 3, distinct: 2 });
    expect(store.view().hosts[0]?.points).toHaveLength(2);
  });

  it('takes rows whose ids become visible late', () => {
    const { store, frames } = makeStore();
    store.samples(samples(makeRow({ id: 5, hora: at(5) })));
    store.samples(samples(makeRow({ id: 3, hora: at(3) })));
    frames();
    expect(store.view().hosts[0]?.points.map(({ row }) => row.id)).toEqual([3, 5]);
  });

  it('keeps hosts apart, in order of name, counts each by itself, and knows whose row came last', () => {
    const { store, frames } = makeStore();
    store.samples(
      samples(makeRow({ id: 1, host: 'b', secuencia: 1 }), makeRow({ id: 2, host: 'a', secuencia: 1 })),
    );
    store.samples(
      samples(makeRow({ id: 3, host: 'b', secuencia: 2 }), makeRow({ id: 4, host: 'b', secuencia: 2 })),
    );
    frames();
    const view = store.view();
    expect(view.hosts.map(({ host }) => host)).toEqual(['a', 'b']);
    expect(view.newestHost).toBe('b');
    expect(Object.fromEntries(view.received)).toEqual({
      a: { rows: 1, distinct: 1 },
      b: { rows: 3, distinct: 2 },
    });
  });

  it('tells listeners once per frame, with a view that does not change afterwards', () => {
    const { store, frames } = makeStore();
    const listener = vi.fn();
    const unsubscribe = store.subscribe(listener);
    store.connected();
    for (let id = 1; id <= 50; id += 1) store.samples(samples(makeRow({ id })));
    expect(listener).not.toHaveBeenCalled();
    expect(frames()).toBe(1);
    expect(listener).toHaveBeenCalledTimes(1);
    const before = store.view();
    store.samples(samples(makeRow({ id: 51 })));
    expect(store.view()).toBe(before);
    expect(before.hosts[0]?.points).toHaveLength(50);
    unsubscribe();
    frames();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('drops in a snapshot after a reconnect what it has, and takes what it missed', () => {
    const { store, frames } = makeStore();
    const rows = [1, 2, 3, 4].map((id) => makeRow({ id, hora: at(id) }));
    store.snapshot(snapshot(...rows.slice(0, 2)));
    store.disconnected();
    store.connected();
    store.snapshot(snapshot(...rows));
    frames();
    expect(receivedInAll(store.view())).toEqual({ rows: 4, distinct: 4 });
  });

  it.each([
    ['a known id is another row', [makeRow({ id: 11, recibido: '2026-03-02 00:00:00.000000', hora: at(0) })]],
    ['all of its ids lie below ours', [makeRow({ id: 1, hora: at(0) })]],
    ['it is empty', []],
  ])('begins anew with another database: %s', (_, rows) => {
    const { store, frames } = makeStore();
    store.snapshot(snapshot(...[10, 11, 12].map((id) => makeRow({ id, hora: at(100 + id) }))));
    store.snapshot(snapshot(...rows));
    frames();
    expect(receivedInAll(store.view()).rows).toBe(rows.length);
    expect(store.view().hosts.flatMap(({ points }) => points.map(({ row }) => row.hora))).toEqual(
      rows.map(({ hora }) => hora),
    );
  });

  it('has an age by the server’s clock and elapsed time', () => {
    const { store, pass } = makeStore();
    expect(store.age()).toBeUndefined();
    store.snapshot(snapshot());
    expect(store.age()).toBeUndefined();
    store.samples(samples(makeRow({ id: 1, recibido: '2026-03-01 12:10:00.500000' })));
    expect(store.age()).toBe(0.5);
    pass(2_000);
    expect(store.age()).toBe(2.5);
    // An older row that became visible late changes nothing; one from a clock ahead of the server's is just new.
    store.samples(samples(makeRow({ id: 2, recibido: '2026-03-01 12:00:00.000000' })));
    expect(store.age()).toBe(0.5);
    store.samples(samples(makeRow({ id: 3, recibido: '2026-03-01 12:10:09.000000' })));
    expect(store.age()).toBe(0);
  });

  it('knows the newest row’s age from the status alone', () => {
    const { store } = makeStore();
    store.status(status('stale', '2026-03-01 12:09:01.000000'));
    expect(store.age()).toBe(60);
  });

  it('says what to think of the numbers', () => {
    const { store, pass } = makeStore();
    expect(store.condition()).toBe('connecting');
    store.connected();
    expect(store.condition()).toBe('connecting'); // and has not heard from the server
    store.snapshot(snapshot());
    expect(store.condition()).toBe('live');
    pass((StaleSeconds + 3) * 1_000); // a connection that died without a word
    expect(store.condition()).toBe('stale');
    store.status(status('away'));
    expect(store.condition()).toBe('away');
    store.disconnected();
    expect(store.condition()).toBe('connecting');
    store.connected();
    expect(store.condition()).toBe('connecting'); // what was true before the break need not be
  });

  it('is bounded in hosts', () => {
    const { store, frames } = makeStore();
    store.samples(samples(...Array.from({ length: 300 }, (_, id) => makeRow({ id, host: `vm-${id}` }))));
    frames();
    expect(store.view().hosts).toHaveLength(256);
    expect(store.view().received.size).toBe(256);
  });
});
