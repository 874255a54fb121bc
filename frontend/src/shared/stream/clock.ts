// The two clocks of the contract as numbers, and ages that never ask this machine for the time of day.

/** Milliseconds since 1970 of `YYYY-MM-DD HH:MM:SS[.fraction]`, UTC; NaN when it is not a date. */
export function parseTime(text: string): number {
  // Cut to milliseconds: more decimals than three are up to each JavaScript engine.
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23)}Z`);
}

/** `YYYY-MM-DD HH:MM:SS.mmm`, UTC, of milliseconds since 1970. */
export function wireTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

/**
 * The server's clock, carried on by a monotonic one: the browser's wall clock may be minutes off, and jumps.
 * Each event sets it again with the server's `now`.
 */
export class ServerClock {
  readonly #elapsed: () => number;
  #now = Number.NaN;
  #at = 0;

  /** `elapsed` is performance.now outside tests. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  set(now: string): void {
    const parsed = parseTime(now);
    if (Number.isNaN(parsed)) return;
    this.#now = parsed;
    this.#at = this.#elapsed();
  }

  /** The server's time now; NaN before the first event. */
  now(): number {
    return this.#now + this.silence();
  }

  /** Milliseconds since the server last said its time. */
  silence(): number {
    return this.#elapsed() - this.#at;
  }
}
