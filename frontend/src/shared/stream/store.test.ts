import { describe, expect, it, vi } from 'vitest';
import { StaleSeconds, type State } from '../contract/event';
import type { Row } from '../contract/sample';
import { at, makeRow, makeSecond, makeSnapshot, makeStore, receivedInAll } from './testing';

const now = '2026-03-01 12:10:01.000000';
const status = (state: State = 'live', newest = '') => ({ now, state, since: now, newest });
const samples = (...rows: Row[]) => ({ now, cursor: 0, rows });
const snapshot = (...rows: Row[]) => makeSnapshot(rows);

describe('StreamStore', () => {
  it('counts each id once and each sample once', () => {
    const { store, frames } = makeStore();
    store.snapshot(snapshot(makeRow({ id: 1, secuencia: 1 }), makeRow({ id: 2, secuencia: 1 })));
    store.samples(samples(makeRow({ id: 2, secuencia: 1 }), makeRow({ id: 3, secuencia: 2 })));
    frames();
    expect(receivedInAll(store.view())).toEqual({ rows: 3, distinct: 2 });
    expect(store.view().hosts[0]?.points).toBe(2);
  });

  it('takes rows whose ids become visible late', () => {
    const { store, frames } = makeStore();
    store.samples(samples(makeRow({ id: 5, hora: at(5) })));
    store.samples(samples(makeRow({ id: 3, hora: at(3) })));
    frames();
    expect(store.window('vm-a')?.ids()).toEqual([3, 5]);
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
    expect(before.hosts[0]?.points).toBe(50);
    unsubscribe();
    frames();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('shows the highest cursor on connecting, once it has one', () => {
    const { store } = makeStore();
    expect(store.auth()).toEqual({});
    store.status(status('away')); // of a service that has not found its database yet
    expect(store.auth()).toEqual({});
    store.snapshot(makeSnapshot([]));
    expect(store.auth()).toEqual({ cursor: 0 });
    store.samples({ now, cursor: 7, rows: [makeRow({ id: 7 })] });
    store.samples({ now, cursor: 5, rows: [makeRow({ id: 8 })] });
    expect(store.auth()).toEqual({ cursor: 7 });
    store.disconnected();
    store.snapshot(makeSnapshot([makeRow({ id: 7 })], { cursor: 6 })); // of a replica that has not come so far
    expect(store.auth()).toEqual({ cursor: 7 });
  });

  it('takes what it missed before the snapshot, and drops what it has', () => {
    const { store, frames } = makeStore();
    const rows = [1, 2, 3, 4].map((id) => makeRow({ id, hora: at(id) }));
    store.snapshot(snapshot(...rows.slice(0, 2)));
    store.disconnected();
    store.connected();
    store.samples({ now, cursor: 4, rows: rows.slice(1) });
    store.snapshot(snapshot(...rows));
    frames();
    expect(receivedInAll(store.view())).toEqual({ rows: 4, distinct: 4 });
    expect(store.view().absences).toBe(0);
  });

  it('counts nothing twice whose id it no longer remembers', () => {
    const { store, frames } = makeStore();
    const quiet = [1, 2].map((id) => makeRow({ id, host: 'quiet', hora: at(id) }));
    store.snapshot(snapshot(...quiet));
    const many = Array.from({ length: 70_000 }, (_, i) => makeRow({ id: i + 3 }));
    store.samples({ now, cursor: 70_002, rows: many });
    store.disconnected();
    const unseen = makeRow({ id: 60, host: 'unseen' }); // of a host that the other replica did not know
    store.snapshot(makeSnapshot([...quiet, unseen], { cursor: 70_002 }));
    frames();
    const { received } = store.view();
    expect(received.get('vm-a')).toEqual({ rows: 70_000, distinct: 70_000 });
    expect(received.get('quiet')).toEqual({ rows: 2, distinct: 2 });
    expect(received.get('unseen')).toEqual({ rows: 1, distinct: 1 });
  });

  it('knows that it missed rows, and takes those of the snapshot that it does not have', () => {
    const { store, frames } = makeStore();
    store.snapshot(snapshot(makeRow({ id: 1 })));
    store.disconnected();
    store.samples({ now, cursor: 9, rows: [makeRow({ id: 9 })] });
    store.snapshot(
      makeSnapshot(
        [7, 8, 9].map((id) => makeRow({ id })),
        { after: 8 },
      ),
    );
    store.disconnected();
    store.snapshot(snapshot(makeRow({ id: 9 })));
    frames();
    expect(store.view().absences).toBe(1);
    expect(receivedInAll(store.view()).rows).toBe(4);
  });

  it.each([
    [
      'a known id is another row',
      [
        makeRow({ id: 11, recibido: '2026-03-02 00:00:00.000000', hora: at(0) }),
        makeRow({ id: 20, hora: at(1) }),
      ],
    ],
    ['all of its ids lie below ours', [makeRow({ id: 1, hora: at(0) })]],
    ['its cursor lies below ours and it has nothing of ours', [makeRow({ id: 12, hora: at(0) })]],
    ['it is empty', []],
  ])('begins anew with another database: %s', (_, rows) => {
    const { store, frames } = makeStore();
    const ours = [10, 11, 13].map((id) => makeRow({ id, hora: at(100 + id) }));
    store.snapshot(makeSnapshot(ours, { after: 9 }));
    store.routes({ now, seconds: [makeSecond({})] });
    store.disconnected();
    store.snapshot(snapshot(...rows));
    frames();
    expect(receivedInAll(store.view()).rows).toBe(rows.length);
    const ids = store.view().hosts.flatMap(({ host }) => store.window(host)?.ids() ?? []);
    expect(ids).toEqual(rows.map(({ id }) => id));
    expect(store.view()).toMatchObject({ routes: [], absences: 0, epoch: 1 });
    expect(store.auth()).toEqual({ cursor: Math.max(0, ...rows.map(({ id }) => id)) });
  });

  it('mixes nothing of a database that has come further than ours', () => {
    const { store, frames } = makeStore();
    const [mine, other] = ['2026-03-01 12:00:00.000000', '2026-03-02 12:00:00.000000'].map(
      (recibido) => (id: number) => makeRow({ id, recibido, hora: at(id) }),
    );
    if (!mine || !other) throw new Error('two databases');
    store.snapshot(makeSnapshot([10, 11, 12].map(mine), { cursor: 11 })); // 12 came over an open hole
    store.disconnected();
    store.samples({ now, cursor: 30, rows: [12, 20, 30].map(other) });
    store.snapshot(makeSnapshot([25, 30].map(other), { after: 25 })); // 12 has left the live window
    frames();
    expect(store.window('vm-a')?.ids()).toEqual([25, 30]);
    expect(receivedInAll(store.view()).rows).toBe(2);
    expect(store.view().absences).toBe(0);
    // And from there it goes on.
    store.disconnected();
    store.samples({ now, cursor: 31, rows: [other(31)] });
    store.snapshot(makeSnapshot([25, 30, 31].map(other)));
    frames();
    expect(receivedInAll(store.view()).rows).toBe(3);
  });

  it.each([
    ['a row of ours', [makeRow({ id: 3 })]],
    ['a row beyond, where the live window has moved on', [makeRow({ id: 4 })]],
  ])('stays with a database whose cursor lies below ours when it shows %s', (_, rows) => {
    const { store, frames } = makeStore();
    store.snapshot(snapshot(...[1, 2, 3].map((id) => makeRow({ id }))));
    store.disconnected();
    store.samples({ now, cursor: 1, rows: [makeRow({ id: 4 })] });
    store.snapshot(makeSnapshot(rows, { cursor: 1 }));
    frames();
    expect(receivedInAll(store.view())).toEqual({ rows: 4, distinct: 4 });
    expect(store.auth()).toEqual({ cursor: 3 });
  });

  it('has the seconds of the routes, each as it was said last', () => {
    const { store, frames } = makeStore();
    const [first, changed] = [makeSecond({ second: at(0) }), makeSecond({ second: at(0), requests: 2 })];
    store.snapshot(makeSnapshot([], { routes: [first] }));
    frames();
    expect(store.view().routes).toEqual([first]);
    store.routes({ now, seconds: [changed, makeSecond({ second: at(1) })] });
    frames();
    expect(store.view().routes).toEqual([changed, makeSecond({ second: at(1) })]);
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

  it('knows that one host is silent while others are heard', () => {
    const { store, pass } = makeStore();
    store.connected();
    const received = '2026-03-01 12:10:00.000000'; // a second ago
    store.snapshot(snapshot(makeRow({ id: 1, recibido: received }), makeRow({ id: 2, host: 'other' })));
    expect([store.condition('vm-a'), store.age('vm-a')]).toEqual(['live', 1]);
    pass(StaleSeconds * 1_000);
    store.samples(samples(makeRow({ id: 3, host: 'other', recibido: now })));
    expect(store.condition('vm-a')).toBe('live'); // a tick and a slow network more are granted
    pass(1_500);
    expect(store.condition('vm-a')).toBe('stale');
    expect([store.condition('other'), store.condition('unknown'), store.condition()]).toEqual([
      'live',
      'live',
      'live',
    ]);
    store.samples(samples(makeRow({ id: 4, secuencia: 1 }))); // a repeated sample is a row all the same
    expect(store.condition('vm-a')).toBe('live');
  });

  it('knows that what comes is of before the newest hora', () => {
    const { store, pass, frames } = makeStore();
    store.connected();
    store.snapshot(snapshot(makeRow({ id: 1, hora: at(3_600) })));
    const behind = () => {
      frames();
      return store.view().hosts[0]?.behind;
    };
    for (let id = 2; id < 11; id += 1) {
      pass(1_000);
      store.samples(samples(makeRow({ id, hora: at(id) })));
    }
    expect(behind()).toBe(false);
    pass(1_000);
    store.samples(samples(makeRow({ id: 12, hora: at(12) })));
    expect(behind()).toBe(true);
    store.samples(samples(makeRow({ id: 13, hora: at(3_601) })));
    expect(behind()).toBe(false);
  });

  it('is bounded in hosts', () => {
    const { store, frames } = makeStore();
    store.samples(samples(...Array.from({ length: 300 }, (_, id) => makeRow({ id, host: `vm-${id}` }))));
    frames();
    expect(store.view().hosts).toHaveLength(256);
    expect(store.view().received.size).toBe(256);
    store.keep('vm-299');
    const more = Array.from({ length: 300 }, (_, i) => makeRow({ id: 1_000 + i, host: `other-${i}` }));
    store.samples(samples(...more));
    frames();
    expect(store.view().hosts).toHaveLength(256);
    expect(store.window('vm-299')?.length).toBe(1);
  });
});
