// Where dense lines go in each pixel column. Columns stand at fixed times, so that a line which moves left with the clock
// stays where it is: only what is new of it is followed.
import type { Column, Hole } from './frame';

/** What a line is made of. */
export interface Shape {
  readonly x: Column; // seconds since 1970, ascending
  readonly y: Column;
  readonly low: Column; // the lowest and the highest of each stretch; y itself where points are samples
  readonly high: Column;
  readonly holes: readonly Hole[];
  readonly steps: boolean; // it stays at its height until the next point
}

/** How it is looked at, in pixels of the canvas. */
export interface Look {
  readonly perSecond: number;
  readonly perUnit: number; // negative: more is higher
  readonly zero: number; // where 0 stands, from the top of the layer
  readonly width: number; // whole pixels
  readonly height: number;
  readonly ink: Ink;
}

/** One line and what belongs to it, all in one hue. */
export interface Ink {
  readonly red: number; // 0–255
  readonly green: number;
  readonly blue: number;
  readonly area: number; // opacities, 0–1: from the line down to zero,
  readonly span: number; // and between the lowest and the highest
  readonly width: number; // of the line, in pixels
}

const slack = 256; // columns to the right of those that are seen, until all is followed anew

/** The columns that may not be as they were. */
export interface Change {
  readonly all: boolean; // it begins anew: nothing of before is left
  readonly first: number;
  readonly last: number; // beneath first when there is none
}

/** One line and its span through the columns. */
export class Trace {
  readonly line = new Extents();
  readonly span = new Extents();
  readonly #drawn = new Drawn();
  #look: Look | undefined;
  #base = 0; // the first column, counted from 1970
  #end = -1; // the last one that the line reached

  get columns(): number {
    return this.line.length;
  }

  /** Where the column of a time stands. */
  columnOf(seconds: number, perSecond = this.#look?.perSecond ?? 0): number {
    return Math.round(seconds * perSecond) - this.#base;
  }

  /** Follows what is new of a line that is looked at from a time on. */
  update(from: number, shape: Shape, look: Look): Change {
    const { length } = shape.x;
    const last = length === 0 ? -1 : this.#pixelOf(shape, length - 1);
    const begins =
      !sameLook(this.#look, look) ||
      this.columnOf(from) < 0 ||
      last >= this.columns ||
      this.columns === 0 ||
      (length === 0 && this.#end >= 0); // nothing is left of it
    if (begins) this.#begin(from, look);
    const changed = begins ? 0 : this.#drawn.firstChange(shape);
    const columns = changed < length ? this.#follow(shape, changed) : { first: 0, last: -1 };
    this.#drawn.remember(shape);
    return { all: begins, ...columns };
  }

  #begin(from: number, look: Look): void {
    this.#look = look;
    this.#base = Math.round(from * look.perSecond);
    this.#end = -1;
    this.line.reset(look.width + slack);
    this.span.reset(look.width + slack);
  }

  /** Follows anew from the column on which a point lies that is not as it was. */
  #follow(shape: Shape, changed: number): { first: number; last: number } {
    const first = changed === 0 ? 0 : Math.max(this.#pixelOf(shape, changed - 1), 0);
    // Earlier points may lie in the same column, and the line to the first of them comes from the one before.
    let begin = Math.max(changed - 1, 0);
    while (begin > 0 && this.#pixelOf(shape, begin) >= first) begin -= 1;
    const path: Path = { begin, first, base: this.#base, look: this.#look ?? noLook };
    this.line.follow(shape, shape.y, path);
    if (shape.low !== shape.y) {
      this.span.follow(shape, shape.low, path);
      this.span.extend(shape, shape.high, path);
    }
    const end = Math.min(this.#pixelOf(shape, shape.x.length - 1), this.columns - 1);
    const last = Math.max(end, this.#end);
    this.#end = end;
    return { first, last };
  }

  #pixelOf({ x }: Shape, i: number): number {
    return Math.floor((x[i] ?? 0) * (this.#look?.perSecond ?? 0)) - this.#base;
  }
}

const noLook: Look = {
  perSecond: 0,
  perUnit: 0,
  zero: 0,
  width: 0,
  height: 0,
  ink: { red: 0, green: 0, blue: 0, area: 0, span: 0, width: 0 },
};

/** From where on a line is followed. */
interface Path {
  readonly begin: number; // the point
  readonly first: number; // the column
  readonly base: number;
  readonly look: Look;
}

function sameLook(a: Look | undefined, b: Look): boolean {
  return (
    a !== undefined &&
    a.ink === b.ink &&
    a.width === b.width &&
    a.height === b.height &&
    // A range that moves with the clock is as long as it was but for the rounding of its ends.
    Math.abs(a.perSecond / b.perSecond - 1) < 1e-9 &&
    a.perUnit === b.perUnit &&
    a.zero === b.zero
  );
}

/** From where to where a line goes in each column, in pixels from the top; NaN where there is none. */
export class Extents {
  top = new Float32Array();
  bottom = new Float32Array();

  get length(): number {
    return this.top.length;
  }

  reset(columns: number): void {
    if (columns !== this.length) {
      this.top = new Float32Array(columns);
      this.bottom = new Float32Array(columns);
    }
    this.#forget(0);
  }

  /** Follows a line from a point on, and forgets what was in the columns from `first` on. */
  follow(shape: Shape, y: Column, path: Path): void {
    this.#forget(path.first);
    this.extend(shape, y, path);
  }

  /** Follows another line beside the one that was followed. */
  extend({ x, holes, steps }: Shape, y: Column, { begin, first, base, look }: Path): void {
    const { perSecond, perUnit, zero } = look;
    const ends = new Set(holes.map((hole) => hole.from));
    for (let i = begin; i < x.length; i += 1) {
      const x0 = (x[i] ?? 0) * perSecond - base;
      const y0 = zero + (y[i] ?? 0) * perUnit;
      this.#reach(Math.floor(x0), y0, y0, first);
      if (i + 1 === x.length || ends.has(x[i] ?? 0)) continue;
      const x1 = (x[i + 1] ?? 0) * perSecond - base;
      const y1 = zero + (y[i + 1] ?? 0) * perUnit;
      this.#line(x0, y0, x1, steps ? y0 : y1, first);
      if (steps) this.#reach(Math.floor(x1), y0, y1, first);
    }
  }

  #line(x0: number, y0: number, x1: number, y1: number, first: number): void {
    const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
    const last = Math.min(Math.floor(x1), this.length - 1);
    for (let column = Math.max(Math.floor(x0), first); column <= last; column += 1) {
      const from = column <= x0 ? y0 : y0 + (column - x0) * slope;
      const to = column + 1 >= x1 ? y1 : y0 + (column + 1 - x0) * slope;
      this.#reach(column, from, to, first);
    }
  }

  #reach(column: number, from: number, to: number, first: number): void {
    if (column < first || column >= this.length) return;
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    // The comparisons are the wrong way round on purpose: they are true for what is not a number yet.
    if (!((this.top[column] ?? 0) <= low)) this.top[column] = low;
    if (!((this.bottom[column] ?? 0) >= high)) this.bottom[column] = high;
  }

  #forget(first: number): void {
    this.top.fill(Number.NaN, first);
    this.bottom.fill(Number.NaN, first);
  }
}

/** What was drawn last, to find what is not as it was: the columns that charts are handed change in place. */
export class Drawn {
  #columns = [0, 1, 2, 3].map(() => new Float64Array());
  #length = 0;
  #holes: readonly Hole[] = [];
  #steps = false;

  /** The index of the first point that was not drawn as it is; the length when all were. */
  firstChange(shape: Shape): number {
    const [x = none] = this.#columns;
    if (shape.steps !== this.#steps || this.#length === 0 || shape.x.length === 0) return 0;
    const offset = x.subarray(0, this.#length).indexOf(shape.x[0] ?? 0);
    if (offset < 0) return 0;
    const length = Math.min(shape.x.length, this.#length - offset);
    let same = length;
    columnsOf(shape).forEach((column, c) => {
      const before = this.#columns[c] ?? none;
      let i = 0;
      while (i < same && column[i] === before[offset + i]) i += 1;
      same = i;
    });
    // What was at the end and is no longer must be wiped out, too.
    if (this.#length - offset > shape.x.length) same = Math.min(same, shape.x.length - 1);
    return Math.min(same, this.#firstHole(shape));
  }

  remember(shape: Shape): void {
    const { length } = shape.x;
    columnsOf(shape).forEach((column, c) => {
      if ((this.#columns[c]?.length ?? 0) < length) this.#columns[c] = new Float64Array(2 * length);
      this.#columns[c]?.set(column);
    });
    this.#length = length;
    this.#holes = shape.holes;
    this.#steps = shape.steps;
  }

  /** The first point at which a hole begins that did not, or no longer does. */
  #firstHole({ x, holes }: Shape): number {
    const [begin = 0] = x;
    const [before, now] = [this.#holes, holes].map((all) => all.filter(({ to }) => to > begin));
    if (!before || !now) return 0;
    let i = 0;
    while (i < now.length && before[i]?.from === now[i]?.from && before[i]?.to === now[i]?.to) i += 1;
    if (i === now.length && i === before.length) return x.length;
    const from = Math.min(
      before[i]?.from ?? Number.POSITIVE_INFINITY,
      now[i]?.from ?? Number.POSITIVE_INFINITY,
    );
    return Math.max(x.indexOf(from), 0);
  }
}

const none = new Float64Array();

function columnsOf({ x, y, low, high }: Shape): readonly Column[] {
  return low === y ? [x, y] : [x, y, low, high];
}
