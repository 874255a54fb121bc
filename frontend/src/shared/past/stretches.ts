import type { Frame } from '../chart/frame';
import type { Bucket, History, Range as Spread } from '../contract/event';
import { parseTime } from '../stream/clock';
import { Columns, firstNotBelow } from '../stream/columns';
import { GapFinder } from '../stream/gaps';
import { type ProcessState, type Quantity, quantities, stateFields, states } from '../stream/series';

type Name = 'middle' | 'samples' | Quantity | `${Quantity}.min` | `${Quantity}.max`;

const names: readonly Name[] = [
  'middle', // seconds since 1970
  'samples',
  ...quantities.flatMap((name): Name[] => [name, `${name}.min`, `${name}.max`]),
];

/** The answer to a `history`, and what came since folded into stretches of the same length. */
export class Stretches {
  readonly #columns = new Columns(names);
  readonly #gaps = new GapFinder();
  readonly #step: number; // s
  readonly #end: number; // s; what lies before it is in the answer
  readonly #lastNonZero = new Map<ProcessState, number>(); // s

  constructor(history: History) {
    this.#step = history.step;
    this.#end = parseTime(history.to) / 1_000;
    for (const bucket of history.buckets) this.#append(bucket);
    for (const state of states) {
      const seen = history.states[stateFields[state]].last_nonzero;
      if (seen) this.#lastNonZero.set(state, parseTime(seen.hora) / 1_000);
    }
  }

  /** Takes in a sample that is not of the answer; one that lies in its time changes nothing. */
  add(hora: number, read: (quantity: Quantity) => number): void {
    if (hora < this.#end) return;
    const index = this.#indexOf(hora);
    const n = this.#columns.at('samples', index) + 1;
    this.#columns.set('samples', index, n);
    for (const name of quantities) this.#fold(name, index, n, read(name));
    for (const state of states) {
      if (read(state) > 0 && hora > (this.#lastNonZero.get(state) ?? 0)) this.#lastNonZero.set(state, hora);
    }
  }

  /** Forgets the stretches that end before a time. */
  dropBefore(seconds: number): void {
    this.#columns.dropFront(firstNotBelow(this.#columns.column('middle'), seconds - this.#step / 2));
  }

  /** When a state was last not at zero, in seconds. */
  lastNonZero(state: ProcessState): number | undefined {
    return this.#lastNonZero.get(state);
  }

  frame(from: number, to: number): Frame {
    const x = this.#columns.column('middle');
    const samples = this.#columns.column('samples');
    return {
      x,
      columns: Object.fromEntries(names.map((name) => [name, this.#columns.column(name)])),
      holes: this.#gaps.find(x, this.#step, samples),
      from,
      to,
      spans: true,
      step: this.#step,
    };
  }

  #append(bucket: Bucket): void {
    const index = this.#columns.length;
    this.#columns.insert(index);
    this.#columns.set('middle', index, parseTime(bucket.hora) / 1_000 + this.#step / 2);
    this.#columns.set('samples', index, bucket.samples);
    for (const name of quantities) {
      const { min, avg, max } = spreadOf(bucket, name);
      this.#columns.set(name, index, avg);
      this.#columns.set(`${name}.min`, index, min);
      this.#columns.set(`${name}.max`, index, max);
    }
  }

  /** The stretch of a time, which is made where there is none. */
  #indexOf(hora: number): number {
    // In whole milliseconds, as the server counts: seconds in decimals are not exact.
    const step = Math.round(this.#step * 1_000);
    const middle = (Math.floor(Math.round(hora * 1_000) / step) * step + step / 2) / 1_000;
    const column = this.#columns.column('middle');
    const index = firstNotBelow(column, middle - this.#step / 4);
    if (Math.abs((column[index] ?? Number.NaN) - middle) < this.#step / 2) return index;
    this.#columns.insert(index);
    this.#columns.set('middle', index, middle);
    this.#columns.set('samples', index, 0);
    return index;
  }

  #fold(name: Quantity, index: number, n: number, value: number): void {
    const columns = this.#columns;
    const first = n === 1;
    const avg = columns.at(name, index);
    columns.set(name, index, first ? value : avg + (value - avg) / n);
    columns.set(`${name}.min`, index, first ? value : Math.min(value, columns.at(`${name}.min`, index)));
    columns.set(`${name}.max`, index, first ? value : Math.max(value, columns.at(`${name}.max`, index)));
  }
}

function spreadOf(bucket: Bucket, name: Quantity): Spread {
  return name === 'cpu' || name === 'ram' ? bucket[name] : bucket[stateFields[name]];
}
