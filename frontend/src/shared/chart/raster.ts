// Draws dense lines pixel column by pixel column. A path of a thousand points costs a canvas without a graphics card
// several milliseconds, most of it for the edges of a shape that is one pixel wide at each step; what is seen of it in
// one column is from where to where the line goes there, and that is cheap to find and to fill.
//
// A canvas with a context for drawing is copied in every frame in which anything on the page changes, seen or not. So the
// ones on the page take finished pictures only, and what is still changing has a narrow one of its own.
import { type Ink, type Look, type Shape, Trace } from './trace';

const headColumns = 24;
// So much of the head lies before the newest column when it is moved on: late samples change what is near.
const headBehind = 8;

/** One line: what it was, and a narrow head in which it goes on. It moves left with the clock as a whole. */
export class LineLayer {
  readonly element = document.createElement('div');
  readonly #past = new Picture();
  readonly #head = new Picture();
  readonly #place = new Place(this.element);
  readonly #headPlace = new Place(this.#head.canvas);
  readonly #trace = new Trace();
  readonly #pixels = new Pixels();
  #painted: Float32Array[] = []; // from where to where each column is
  #begin = 0; // the first column of the head

  constructor() {
    this.element.append(this.#past.canvas, this.#head.canvas);
  }

  /** Draws what is new of the line; `ratio` is pixels of the screen for each of the page. */
  draw(from: number, shape: Shape, look: Look, top: number, ratio: number): void {
    const { width, height } = look;
    if (width <= 0 || height <= 0) return;
    const { all, first, last } = this.#trace.update(from, shape, look);
    if (all) this.#clear(this.#trace.columns, height);
    let changed = Number.POSITIVE_INFINITY;
    for (let column = first; column <= last; column += 1) {
      if (!this.#differs(column)) continue;
      this.#pixels.paint(column, this.#trace, shape.low !== shape.y, look);
      changed = Math.min(changed, column);
    }
    if (all || changed < Number.POSITIVE_INFINITY) this.#show(all ? 0 : changed, last, ratio);
    this.#place.set(-this.#trace.columnOf(from) / ratio, top / ratio);
  }

  /** The line over a canvas, at a pixel of it. */
  copy(target: CanvasRenderingContext2D, left: number, top: number, from: number): void {
    const x = left - this.#trace.columnOf(from);
    for (const [picture, at] of [
      [this.#past, 0],
      [this.#head, this.#begin],
    ] as const) {
      if (picture.canvas.width > 0) target.drawImage(picture.canvas, x + at, top);
    }
  }

  #show(changed: number, last: number, ratio: number): void {
    const inHead = changed >= this.#begin && last < this.#begin + headColumns;
    if (!inHead) {
      this.#begin = Math.max(last - headBehind, 0);
      // At whole CSS pixels, so that the browser snaps both pictures to the same pixels of the screen.
      this.#begin -= this.#begin % wholePixels(ratio);
      this.#past.show(this.#pixels, 0, this.#begin, ratio);
    }
    this.#head.show(this.#pixels, this.#begin, headColumns, ratio);
    this.#headPlace.set(this.#begin / ratio, 0);
  }

  #clear(columns: number, height: number): void {
    this.#pixels.clear(columns, height);
    this.#painted = [0, 1, 2, 3].map(() => new Float32Array(columns).fill(Number.NaN));
  }

  /** Notes what a column is to be, and says whether it was anything else. */
  #differs(column: number): boolean {
    const { line, span } = this.#trace;
    let differs = false;
    [line.top, line.bottom, span.top, span.bottom].forEach((wanted, i) => {
      const painted = this.#painted[i];
      if (!painted || Object.is(painted[column], wanted[column])) return;
      painted[column] = wanted[column] ?? Number.NaN;
      differs = true;
    });
    return differs;
  }
}

/** How many pixels of the screen are a whole number of CSS pixels, where they are not too many. */
function wholePixels(ratio: number): number {
  for (let n = 1; n <= 16; n += 1) {
    if (Math.abs(n / ratio - Math.round(n / ratio)) < 1e-6) return n;
  }
  return 1;
}

/** A canvas on the page that shows finished pictures. */
export class Picture {
  readonly canvas = document.createElement('canvas');
  readonly #screen = this.canvas.getContext('bitmaprenderer');
  #draft = new OffscreenCanvas(1, 1);

  /** Shows some columns of the pixels. */
  show({ image }: Pixels, first: number, columns: number, ratio: number): void {
    if (!image || columns === 0) {
      this.#resize(0, 0, ratio);
      return;
    }
    this.#resize(columns, image.height, ratio);
    this.#draft.getContext('2d')?.putImageData(image, -first, 0, first, 0, columns, image.height);
    this.#screen?.transferFromImageBitmap(this.#draft.transferToImageBitmap());
  }

  /** Shows what another canvas shows. */
  mirror(source: HTMLCanvasElement, ratio: number): void {
    this.#resize(source.width, source.height, ratio);
    this.#draft.getContext('2d')?.drawImage(source, 0, 0);
    this.#screen?.transferFromImageBitmap(this.#draft.transferToImageBitmap());
  }

  #resize(width: number, height: number, ratio: number): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.style.width = `${width / ratio}px`;
    this.canvas.style.height = `${height / ratio}px`;
    if (width > 0 && height > 0) this.#draft = new OffscreenCanvas(width, height);
  }
}

/** Where an element stands, in CSS px. */
class Place {
  #left = Number.NaN;
  #top = Number.NaN;

  constructor(private readonly element: HTMLElement) {}

  /** To be called in every frame: what is there already is not touched. */
  set(left: number, top: number): void {
    if (left === this.#left && top === this.#top) return;
    this.#left = left;
    this.#top = top;
    this.element.style.transform = `translate(${left}px, ${top}px)`;
  }
}

/** The pixels of a line, which are filled column by column. */
class Pixels {
  image: ImageData | undefined;
  #all = new Uint32Array();

  clear(columns: number, height: number): void {
    if (this.image?.width === columns && this.image.height === height) {
      this.#all.fill(0);
      return;
    }
    this.image = new ImageData(columns, height);
    this.#all = new Uint32Array(this.image.data.buffer);
  }

  paint(column: number, { line, span }: Trace, spans: boolean, { ink, zero }: Look): void {
    const { width = 0 } = this.image ?? {};
    for (let at = column; at < this.#all.length; at += width) this.#all[at] = 0;
    const top = line.top[column] ?? Number.NaN;
    const bottom = line.bottom[column] ?? Number.NaN;
    if (Number.isNaN(top)) return;
    const isNone = (at: number) => Number.isNaN(line.top[at] ?? Number.NaN);
    const alone = isNone(column - 1) && isNone(column + 1);
    const half = (alone ? aloneHeight : 1) * (ink.width / 2);
    if (ink.area > 0) this.#fill(column, (top + bottom) / 2, zero, ink, ink.area);
    if (spans) this.#fill(column, span.top[column] ?? top, span.bottom[column] ?? bottom, ink, ink.span);
    this.#fill(column, top - half, bottom + half, ink, 1);
  }

  /** Adds opacity to a column between two heights; a pixel that is covered in part gets its part. */
  #fill(column: number, from: number, to: number, { red, green, blue }: Ink, opacity: number): void {
    const { width = 0, height = 0 } = this.image ?? {};
    const hue = red | (green << 8) | (blue << 16);
    const first = Math.max(Math.floor(from), 0);
    const last = Math.min(Math.ceil(to), height) - 1;
    for (let row = first, at = first * width + column; row <= last; row += 1, at += width) {
      const covered = Math.min(row + 1, to) - Math.max(row, from);
      const old = (this.#all[at] ?? 0) >>> 24;
      const alpha = old + (255 - old) * opacity * covered;
      this.#all[at] = hue | ((alpha + 0.5) << 24);
    }
  }
}

/** A point with nothing beside it would be a speck. */
const aloneHeight = 6;
