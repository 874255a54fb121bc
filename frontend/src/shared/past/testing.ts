// Makes histories as the socket service would.
import type { Bucket, History, Range, StateRange } from '../contract/event';
import { at } from '../stream/testing';

export const at0 = Date.UTC(2026, 2, 1, 12) / 1_000; // at(0), in seconds

const range = (value: number): Range => ({ min: value, avg: value, max: value });

/** A bucket that begins so many seconds after at(0); `over` says what matters to the test. */
export function makeBucket(seconds: number, over: Partial<Bucket> = {}): Bucket {
  return {
    hora: at(seconds),
    samples: 1,
    cpu: range(10),
    ram: range(20),
    procesos_corriendo: range(2),
    procesos_durmiendo: range(97),
    procesos_zombie: range(0),
    procesos_parados: range(0),
    ...over,
  };
}

/** The answer for the time from and to so many seconds after at(0). */
export function makeHistory(from: number, to: number, step: number, over: Partial<History> = {}): History {
  const state: StateRange = range(0);
  return {
    now: at(10_000),
    host: 'vm-a',
    from: at(from),
    to: at(to),
    step,
    resolution: 'sample',
    buckets: [],
    states: {
      procesos_corriendo: state,
      procesos_durmiendo: state,
      procesos_zombie: state,
      procesos_parados: state,
    },
    routes: [],
    ...over,
  };
}
