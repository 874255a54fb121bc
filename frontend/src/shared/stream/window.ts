import { SnapshotRows, WindowSeconds } from '../contract/event';
import type { Row } from '../contract/sample';
import { parseTime } from './clock';
import { findGaps, type Gap } from './gaps';

/** One sample of a VM at its place on the VM's clock. */
export interface Point {
  readonly hora: number; // ms since 1970
  readonly row: Row;
}

/** The live window of one host, as it was when it was asked for. */
export interface HostView {
  readonly host: string;
  readonly points: readonly Point[]; // in order of hora, never empty
  readonly latest: Point;
  readonly gaps: readonly Gap[];
}

const windowLength = WindowSeconds * 1_000;

/** Keeps the distinct points of one host's live window: the five minutes that end at its newest `hora`. */
export class HostWindow {
  readonly #host: string;
  #points: Point[] = [];
  readonly #sequences = new Set<number>(); // of the points held
  #newest = Number.NEGATIVE_INFINITY;
  #view: HostView | undefined;

  constructor(host: string) {
    this.#host = host;
  }

  /** Takes a row in. A repeated sample, or one from before the window, changes nothing. */
  add(row: Row): void {
    const hora = parseTime(row.hora);
    if (Number.isNaN(hora) || hora < this.#newest - windowLength) return;
    if (row.host && row.secuencia !== undefined) {
      if (this.#sequences.has(row.secuencia)) return;
      this.#sequences.add(row.secuencia);
    }
    insert(this.#points, { hora, row });
    this.#newest = Math.max(this.#newest, hora);
    this.#view = undefined;
  }

  /** Forgets what has left the window. Meant for once per event: the points move up each time. */
  prune(): void {
    const oldest = this.#newest - windowLength;
    let count = this.#points.findIndex((point) => point.hora >= oldest);
    count = Math.max(count, this.#points.length - SnapshotRows);
    for (const { row } of this.#points.splice(0, Math.max(count, 0))) {
      if (row.secuencia !== undefined) this.#sequences.delete(row.secuencia);
    }
  }

  /** The window as it is now: the same object until a point comes in. Undefined while there is none. */
  view(): HostView | undefined {
    if (this.#view) return this.#view;
    const latest = this.#points.at(-1);
    if (!latest) return undefined;
    this.#view = {
      host: this.#host,
      points: this.#points.slice(),
      latest,
      gaps: findGaps(this.#points.map((point) => point.hora)),
    };
    return this.#view;
  }
}

/** Puts a point at its place by (hora, id); almost always that is the end. */
function insert(points: Point[], point: Point): void {
  let low = 0;
  let high = points.length;
  const last = points[high - 1];
  if (!last || before(last, point)) {
    points.push(point);
    return;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = points[middle];
    if (other && before(other, point)) low = middle + 1;
    else high = middle;
  }
  points.splice(low, 0, point);
}

function before(a: Point, b: Point): boolean {
  return a.hora < b.hora || (a.hora === b.hora && a.row.id < b.row.id);
}
