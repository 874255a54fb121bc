import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPortal } from './portal';
import { makeRow, makeStore, receivedInAll } from './testing';

const fake = vi.hoisted(() => ({
  handlers: new Map<string, (payload?: unknown) => void>(),
  socket: { active: true, connect: vi.fn(), disconnect: vi.fn() },
  io: vi.fn(),
}));

vi.mock('socket.io-client', () => ({ io: fake.io }));

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
    openPortal(makeStore().store)();
    expect(fake.io).toHaveBeenCalledWith(expect.objectContaining({ transports: ['websocket'] }));
  });

  it('hands every event to the store', () => {
    const { store, frames } = makeStore();
    openPortal(store);
    say('connect');
    const status = { now, state: 'live', since: now, newest: '' };
    say('snapshot', { now, cursor: 1, rows: [makeRow({ id: 1 })], status });
    say('samples', { now, cursor: 2, rows: [makeRow({ id: 2 })] });
    frames();
    expect(store.view()).toMatchObject({ link: 'connected', state: 'live' });
    expect(receivedInAll(store.view()).rows).toBe(2);
    say('status', { ...status, state: 'away' });
    expect(store.condition()).toBe('away');
    say('disconnect', 'transport close');
    frames();
    expect(store.view().link).toBe('lost');
  });

  it('comes back by itself only where the client library does not', () => {
    openPortal(makeStore().store);
    say('disconnect', 'transport close');
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).not.toHaveBeenCalled();
    fake.socket.active = false;
    say('disconnect', 'io server disconnect');
    say('connect_error', new Error('no permission'));
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing behind', () => {
    const close = openPortal(makeStore().store);
    fake.socket.active = false;
    say('disconnect', 'io server disconnect');
    close();
    vi.advanceTimersByTime(10_000);
    expect(fake.socket.connect).not.toHaveBeenCalled();
    expect(fake.socket.disconnect).toHaveBeenCalledTimes(1);
    expect(fake.handlers.size).toBe(0);
  });
});
