import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Access } from './access';
import { openPortal, Refusal } from './portal';
import type { StreamStore } from './store';
import { at, makeRow, makeSecond, makeSnapshot, makeStore, receivedInAll } from './testing';

const fake = vi.hoisted(() => ({
  handlers: new Map<string, (payload?: unknown) => void>(),
  socket: { active: true, connect: vi.fn(), disconnect: vi.fn(), emitWithAck: vi.fn() },
  io: vi.fn(),
}));

vi.mock('socket.io-client', () => ({ io: fake.io }));

const open = (store: StreamStore) => openPortal(store, new Access());
const now = '2026-03-01 12:10:00.300000';
const say = (event: string, payload?: unknown) => fake.handlers.get(event)?.(payload);

beforeEach(() => {
  vi.useFakeTimers();
  fake.handlers.clear();
  fake.socket.active = true;
  fake.io.mockReturnValue({
    get active() {
      return fake.socket.active;
    },
    connect: fake.socket.connect,
    disconnect: fake.socket.disconnect,
    emitWithAck: fake.socket.emitWithAck,
    on: (event: string, handler: () => void) => fake.handlers.set(event, handler),
    off: () => fake.handlers.clear(),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

describe('openPortal', () => {
  it('speaks WebSocket only, to its own origin, so that replicas need no affinity', () => {
    open(makeStore().store);
    expect(fake.io).toHaveBeenCalledWith(expect.objectContaining({ transports: ['websocket'] }));
  });

  it('hands every event to the store', () => {
    const { store, frames } = makeStore();
    open(store);
    say('connect');
    const status = { now, state: 'live', since: now, newest: '' };
    say('snapshot', makeSnapshot([makeRow({ id: 1 })], { now }));
    say('samples', { now, cursor: 2, rows: [makeRow({ id: 2 })] });
    say('routes', { now, seconds: [makeSecond({ second: at(0) })] });
    frames();
    expect(store.view()).toMatchObject({ link: 'connected', state: 'live' });
    expect(store.view().routes).toHaveLength(1);
    expect(receivedInAll(store.view()).rows).toBe(2);
    say('status', { ...status, state: 'away' });
    expect(store.condition()).toBe('away');
    say('disconnect', 'transport close');
    frames();
    expect(store.view().link).toBe('lost');
  });

  it('says at every connection how far it has come', () => {
    const { store } = makeStore();
    open(store);
    const { auth } = fake.io.mock.lastCall?.[0] ?? {};
    const said = vi.fn();
    auth(said);
    say('snapshot', makeSnapshot([makeRow({ id: 7 })]));
    auth(said);
    expect(said.mock.calls).toEqual([[{}], [{ cursor: 7 }]]);
  });

  it('asks for the past, with a bound on the wait, and fails with the server’s reason', async () => {
    const { history } = open(makeStore().store);
    expect(fake.io.mock.lastCall?.[0].ackTimeout).toBeGreaterThan(0);
    const query = { host: 'vm-a', from: at(0), to: at(60), points: 60 };
    const past = { now, buckets: [] };
    fake.socket.emitWithAck.mockResolvedValueOnce(past);
    expect(await history(query)).toBe(past);
    expect(fake.socket.emitWithAck).toHaveBeenCalledWith('history', query);
    fake.socket.emitWithAck.mockResolvedValueOnce({ error: 'ocupado', mensaje: 'too many queries' });
    const refused = history(query);
    await expect(refused).rejects.toThrow('too many queries');
    await expect(refused).rejects.toSatisfy((error) => error instanceof Refusal && error.code === 'ocupado');
  });

  it('comes back by itself only where the client library does not', () => {
    open(makeStore().store);
    say('disconnect', 'transport close');
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).not.toHaveBeenCalled();
    fake.socket.active = false;
    say('disconnect', 'io server disconnect');
    say('connect_error', new Error('no permission'));
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).toHaveBeenCalledTimes(1);
  });

  it('asks for a token where the server wants one, and shows it from then on', () => {
    const { store } = makeStore();
    const { enter } = open(store);
    const { auth } = fake.io.mock.lastCall?.[0] ?? {};
    fake.socket.active = false;
    say('connect_error', Object.assign(new Error('no'), { data: { error: 'sin_permiso', mensaje: 'no' } }));
    vi.advanceTimersByTime(60_000);
    expect(fake.socket.connect).not.toHaveBeenCalled();
    expect(store.condition()).toBe('connecting');
    enter('open sesame');
    expect(fake.socket.connect).toHaveBeenCalledTimes(1);
    const said = vi.fn();
    auth(said);
    expect(said).toHaveBeenCalledWith({ token: 'open sesame' });
    expect(JSON.stringify(said.mock.calls)).not.toContain('cursor');
  });

  it('leaves nothing behind', () => {
    const { close } = open(makeStore().store);
    fake.socket.active = false;
    say('disconnect', 'io server disconnect');
    close();
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).not.toHaveBeenCalled();
    expect(fake.socket.disconnect).toHaveBeenCalledTimes(1);
    expect(fake.handlers.size).toBe(0);
  });
});
