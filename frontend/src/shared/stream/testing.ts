// Makes events and a store whose time and frames the test owns.
import type { RouteSecond, Snapshot, State } from '../contract/event';
import type { Row } from '../contract/sample';
import { type Received, StreamStore, type View } from './store';

/** A row with plausible values; `over` says what matters to the test. */
export function makeRow(over: Partial<Row> & { id: number }): Row {
  return {
    total_ram: 2000,
    ram_libre: 1500,
    uso_ram: 500,
    porcentaje_ram: 25,
    porcentaje_cpu_uso: 40,
    porcentaje_cpu_libre: 60,
    procesos_corriendo: 2,
    procesos_durmiendo: 97,
    procesos_zombie: 1,
    procesos_parados: 0,
    total_procesos: 100,
    hora: '2026-03-01 12:00:00',
    host: 'vm-a',
    secuencia: over.id,
    fuente: 'kernel',
    api: 'api1',
    recibido: '2026-03-01 12:10:00.000000',
    ...over,
  };
}

/** A second of a route; `over` says what matters to the test. */
export function makeSecond(over: Partial<RouteSecond>): RouteSecond {
  return {
    second: at(0),
    api: 'api1',
    writer: 'direct',
    requests: 1,
    rows: 1,
    errors: 0,
    latency: [[27, 1]],
    ...over,
  };
}

/** A snapshot of a database that holds nothing but these rows; `over` says what else matters to the test. */
export function makeSnapshot(rows: Row[], over: Partial<Snapshot> & { state?: State } = {}): Snapshot {
  const { state = 'live', now = '2026-03-01 12:10:01.000000', ...rest } = over;
  const status = { now, state, since: now, newest: '' };
  const cursor = Math.max(0, ...rows.map(({ id }) => id));
  return { now, cursor, after: 0, rows, routes: [], status, ...rest };
}

/** `2026-03-01 12:00:00` and so many seconds, as the wire has it. */
export function at(seconds: number): string {
  const text = new Date(Date.UTC(2026, 2, 1, 12, 0, 0) + seconds * 1_000).toISOString();
  return text.slice(0, 23).replace('T', ' ').replace('.000', '');
}

/** What a page has received of all hosts together. */
export function receivedInAll(view: View): Received {
  const each = [...view.received.values()];
  return {
    rows: each.reduce((sum, { rows }) => sum + rows, 0),
    distinct: each.reduce((sum, { distinct }) => sum + distinct, 0),
  };
}

export interface TestStore {
  readonly store: StreamStore;
  /** Lets the monotonic clock run on. */
  readonly pass: (ms: number) => void;
  /** Runs the frames that were asked for, a second after the last ones, and says how many there were. */
  readonly frames: () => number;
}

export function makeStore(): TestStore {
  let elapsed = 0;
  let waiting: ((elapsed: number) => void)[] = [];
  let frameTime = 0;
  const store = new StreamStore({ elapsed: () => elapsed, frame: (draw) => waiting.push(draw) });
  return {
    store,
    pass(ms) {
      elapsed += ms;
    },
    frames() {
      const due = waiting;
      waiting = [];
      frameTime += 1_000;
      for (const draw of due) draw(frameTime);
      return due.length;
    },
  };
}
