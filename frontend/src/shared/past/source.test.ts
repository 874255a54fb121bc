import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { History } from '../contract/event';
import type { Ask } from '../stream/portal';
import { at, makeRow, makeSnapshot, makeStore } from '../stream/testing';
import { FixedSource, FollowingSource, liveSource, pausedSource } from './source';
import { at0, makeBucket, makeHistory } from './testing';

const now = '2026-03-01 13:00:00.000000';
const samples = (...seconds: number[]) => ({
  now,
  cursor: 0,
  rows: seconds.map((s) => makeRow({ id: s, hora: at(s), porcentaje_cpu_uso: s % 100 })),
});
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A question that a test answers when it wants to. */
function asking() {
  const answers: ((answer: History | Error) => void)[] = [];
  const ask = vi.fn<Ask>(
    () =>
      new Promise((resolve, reject) => {
        answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
  );
  const answer = async (with_: History | Error) => {
    answers.shift()?.(with_);
    await settle();
  };
  return { ask, answer };
}

describe('a source that follows', () => {
  function following(...seconds: number[]) {
    const { store, frames } = makeStore();
    store.connected();
    store.snapshot(makeSnapshot(samples(...seconds).rows));
    frames();
    const { ask, answer } = asking();
    return { store, frames, ask, answer, source: new FollowingSource(store, ask, 'vm-a', '1h') };
  }

  it('asks for what lies before the live window, and goes on with what is in it and what comes', async () => {
    const { store, frames, ask, answer, source } = following(7_000, 7_100, 7_200);
    expect(ask).toHaveBeenCalledWith({
      host: 'vm-a',
      from: `${at(3_600)}.000`,
      to: `${at(6_930)}.000`,
      points: 900,
    });
    expect(source.progress().kind).toBe('loading');
    store.samples(samples(7_201)); // before the answer is there
    await answer(makeHistory(3_600, 6_940, 20, { buckets: [makeBucket(3_600), makeBucket(6_920)] }));
    expect(source.progress().kind).toBe('ready');
    store.samples(samples(7_300, 7_201));
    frames();
    const { x, from, to } = source.frame();
    expect([...x].map((s) => s - at0 - 10)).toEqual([6_920, 7_000, 7_100, 7_200, 7_300]);
    expect([from, to]).toEqual([at0 + 3_700, at0 + 7_300]); // the first one has left
    expect(source.spread('cpu')?.maxAt).toBe(at0 + 6_920); // 10, and 0 of the others but for 7,201
  });

  it('tells who draws once per frame, and no more when it is closed', async () => {
    const { store, frames, answer, source } = following(10);
    await answer(makeHistory(0, 0, 20));
    const painter = vi.fn();
    source.subscribe(painter);
    store.samples(samples(11, 12));
    store.samples(samples(13));
    frames();
    expect(painter).toHaveBeenCalledTimes(1);
    source.close();
    store.samples(samples(14));
    frames();
    expect(painter).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60 * 60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks again from time to time, when rows passed it by, and after a failure once it is connected', async () => {
    const { store, frames, ask, answer, source } = following(10);
    await answer(new Error('too many queries'));
    expect(source.progress()).toEqual({ kind: 'failed', reason: 'too many queries' });
    store.disconnected();
    frames();
    store.connected();
    frames();
    expect(ask).toHaveBeenCalledTimes(2);
    await answer(makeHistory(0, 0, 20));
    expect(source.progress().kind).toBe('ready');
    store.disconnected();
    store.snapshot(makeSnapshot([makeRow({ id: 99, hora: at(20) })], { after: 98 }));
    frames();
    expect(ask).toHaveBeenCalledTimes(3);
    await answer(makeHistory(0, 0, 20));
    store.disconnected();
    store.snapshot(makeSnapshot([makeRow({ id: 199, hora: at(30) })], { after: 198 }));
    frames();
    expect(ask).toHaveBeenCalledTimes(4); // the second absence counts, too
    vi.advanceTimersByTime(10 * 60_000);
    expect(ask).toHaveBeenCalledTimes(5);
    expect(source.progress().kind).toBe('ready'); // and shows what it has meanwhile
  });

  it('asks as soon as there is a newest sample to ask from, and once', async () => {
    const { store, frames } = makeStore();
    const { ask, answer } = asking();
    const source = new FollowingSource(store, ask, 'vm-a', '1h'); // of an address, before the first snapshot
    store.connected();
    frames();
    expect(ask).not.toHaveBeenCalled();
    for (const id of [1, 2, 3]) {
      store.samples(samples(id));
      frames();
    }
    expect(ask).toHaveBeenCalledTimes(1);
    await answer(makeHistory(0, 0, 20));
    store.samples(samples(4));
    frames();
    expect(ask).toHaveBeenCalledTimes(1);
    expect(source.progress().kind).toBe('ready');
  });

  it('takes the answer to its last question only', async () => {
    const { answer, source } = following(10);
    source.retry();
    await answer(makeHistory(0, 0, 20, { buckets: [makeBucket(-1_000)] }));
    expect(source.progress().kind).toBe('loading');
    await answer(makeHistory(0, 0, 20));
    expect(source.progress().kind).toBe('ready');
    expect(source.frame().x).toHaveLength(1);
  });
});

describe('a source of a fixed time', () => {
  it('shows what the one before knows of it, and then the answer', async () => {
    const { store } = makeStore();
    store.samples(samples(1, 2, 3));
    const before = liveSource(store, 'vm-a');
    const { ask, answer } = asking();
    const source = new FixedSource(ask, 'vm-a', at0 * 1_000, at0 * 1_000 + 2_500, before);
    store.samples(samples(4));
    expect(source.frame()).toMatchObject({ from: at0, to: at0 + 2.5, spans: false });
    expect([...source.frame().x]).toEqual([at0 + 1, at0 + 2, at0 + 3]);
    const routes = [{ api: 'api1', writer: 'direct', requests: 1, rows: 1, errors: 0, latency: [] }];
    await answer(makeHistory(0, 3, 0.5, { buckets: [makeBucket(1)], routes }));
    expect(source.frame()).toMatchObject({ from: at0, to: at0 + 2.5, spans: true, step: 0.5 });
    expect(source.routes).toEqual({ stats: routes, from: at0 * 1_000, to: (at0 + 3) * 1_000 });
  });

  it('asks once more where the answer is from rollups, which are some seconds behind', async () => {
    const { store } = makeStore();
    const { ask, answer } = asking();
    const source = new FixedSource(ask, 'vm-a', 0, 7_200_000, liveSource(store, 'vm-a'));
    await answer(makeHistory(0, 7_200, 60, { resolution: 'minute' }));
    expect(source.frame().x).toHaveLength(0);
    vi.advanceTimersByTime(6_000);
    await answer(makeHistory(0, 7_200, 60, { resolution: 'minute', buckets: [makeBucket(60)] }));
    expect(source.frame().x).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('says why it failed, and tries again', async () => {
    const { store } = makeStore();
    const { ask, answer } = asking();
    const source = new FixedSource(ask, 'vm-a', 0, 1_000, liveSource(store, 'vm-a'));
    await answer(new Error('no'));
    expect(source.progress()).toEqual({ kind: 'failed', reason: 'no' });
    source.retry();
    expect(source.progress().kind).toBe('loading');
    await answer(makeHistory(0, 1, 1));
    expect(source.progress().kind).toBe('ready');
    expect(source.spread('cpu')).toBeUndefined();
  });
});

describe('a paused source', () => {
  it('stays as it was', () => {
    const { store, frames } = makeStore();
    store.samples(samples(1, 2));
    const live = liveSource(store, 'vm-a');
    const paused = pausedSource(live);
    const before = structuredClone(paused.frame());
    for (let s = 3; s < 600; s += 1) store.samples(samples(s));
    frames();
    expect(paused.frame()).toEqual(before);
    expect(live.frame().x).toHaveLength(301);
  });
});
