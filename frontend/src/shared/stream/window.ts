import type { Frame } from '../chart/frame';
import { SnapshotRows, WindowSeconds } from '../contract/event';
import type { Row } from '../contract/sample';
import { parseTime } from './clock';
import { Columns, firstNotBelow } from './columns';
import { GapFinder } from './gaps';
import { quantities, readValue } from './series';

/** One sample of a VM at its place on the VM's clock. */
export interface Point {
  readonly hora: number; // seconds since 1970
  readonly row: Row;
}

/** Keeps the distinct points of one host's live window: the five minutes that end at its newest `hora`. */
export class HostWindow {
  readonly host: string;
  readonly #columns = new Columns(['hora', 'id', 'secuencia', ...quantities]);
  readonly #sequences = new Set<number>(); // of the points held
  readonly #gaps = new GapFinder();
  #latest: Point | undefined;
  #latestAt = Number.NEGATIVE_INFINITY; // ms, by the page's clock, when it came
  #heard = Number.NEGATIVE_INFINITY; // ms since 1970, the newest `recibido`
  #heardAt = Number.NEGATIVE_INFINITY; // ms, by the page's clock, when the last row came
  #frame: Frame | undefined;

  constructor(host: string) {
    this.host = host;
  }

  /** The point with the newest `hora`. */
  get latest(): Point | undefined {
    return this.#latest;
  }

  get length(): number {
    return this.#columns.length;
  }

  /** The newest `recibido` in ms since 1970, also of rows that are no points. */
  get heard(): number {
    return this.#heard;
  }

  /** How long no row has come, in ms; `at` is now by the page's clock. */
  silence(at: number): number {
    return at - this.#heardAt;
  }

  /** How long rows have come that are of before the latest point, in ms: a clock went back, or the past is replayed. */
  behind(): number {
    return this.#heardAt - this.#latestAt;
  }

  /** Notes that a row came, at a time of the page's clock. */
  hear(row: Row, at: number): void {
    const recibido = parseTime(row.recibido);
    if (recibido > this.#heard) this.#heard = recibido;
    this.#heardAt = Math.max(this.#heardAt, at);
  }

  /** Takes a row in that came at a time of the page's clock. False for a repeated sample and for one from before the window, which change nothing. */
  add(row: Row, at = 0): boolean {
    const hora = parseTime(row.hora) / 1_000;
    const newest = this.#latest?.hora ?? Number.NEGATIVE_INFINITY;
    if (Number.isNaN(hora) || hora < newest - WindowSeconds) return false;
    if (row.host && row.secuencia !== undefined) {
      if (this.#sequences.has(row.secuencia)) return false;
      this.#sequences.add(row.secuencia);
    }
    this.#insert(hora, row);
    if (!this.#latest || before(this.#latest, { hora, row })) {
      this.#latest = { hora, row };
      this.#latestAt = Math.max(this.#latestAt, at);
    }
    this.#frame = undefined;
    return true;
  }

  /** Forgets what has left the window. Meant for once per event. */
  prune(): void {
    const columns = this.#columns;
    const oldest = (this.#latest?.hora ?? 0) - WindowSeconds;
    const count = Math.max(firstNotBelow(columns.column('hora'), oldest), columns.length - SnapshotRows);
    for (let i = 0; i < count; i += 1) this.#sequences.delete(columns.at('secuencia', i));
    if (count > 0) this.#frame = undefined;
    columns.dropFront(count);
  }

  /** What charts draw: the same object until a point comes in, and good until then. */
  frame(): Frame {
    this.#frame ??= this.#makeFrame();
    return this.#frame;
  }

  /** The ids of the points, in order of time. */
  ids(): readonly number[] {
    return [...this.#columns.column('id')];
  }

  #makeFrame(): Frame {
    const x = this.#columns.column('hora');
    const to = this.#latest?.hora ?? 0;
    const length = to - (x[0] ?? to);
    return {
      x,
      columns: Object.fromEntries(quantities.map((name) => [name, this.#columns.column(name)])),
      holes: this.#gaps.find(x),
      from: to - (axes.find((axis) => length <= axis) ?? WindowSeconds),
      to,
      spans: false,
    };
  }

  #insert(hora: number, row: Row): void {
    const columns = this.#columns;
    const index = this.#placeOf(hora, row.id);
    columns.insert(index);
    columns.set('hora', index, hora);
    columns.set('id', index, row.id);
    columns.set('secuencia', index, row.secuencia ?? Number.NaN);
    for (const name of quantities) columns.set(name, index, readValue[name](row));
  }

  /** By (hora, id); almost always that is the end. */
  #placeOf(hora: number, id: number): number {
    const columns = this.#columns;
    const isBefore = (i: number) => {
      const other = columns.at('hora', i);
      return other < hora || (other === hora && columns.at('id', i) < id);
    };
    let high = columns.length;
    let low = high > 0 && isBefore(high - 1) ? high : 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// A run of half a minute would be a stroke at the edge of a five-minute axis, and an axis that grows with every
// point would never stand still: so it grows in steps.
const axes = [60, 120, 180, WindowSeconds]; // s

function before(a: Point, b: Point): boolean {
  return a.hora < b.hora || (a.hora === b.hora && a.row.id < b.row.id);
}
