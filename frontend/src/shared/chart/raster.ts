// Draws dense lines pixel column by pixel column. A path of a thousand points costs a canvas without a graphics card
// several milliseconds, most of it for the edges of a shape that is one pixel wide at each step; what is seen of it in
// one column is from where to where the line goes there, and that is cheap to find and to fill.
import { type Ink, type Look, type Shape, Trace } from './trace';

/**
 * One line, as a canvas that is wider than what is seen of it: when the line moves left with the clock, so does the
 * canvas, and only the columns are drawn on which there is something new.
 */
export class LineLayer {
  readonly canvas = document.createElement('canvas');
  readonly #ctx = this.canvas.getContext('2d');
  readonly #trace = new Trace();
  #image: ImageData | undefined;
  #pixels = new Uint32Array();

  /** Draws what is new of the line and answers the canvas's column that stands at the left edge. */
  draw(from: number, shape: Shape, look: Look): number {
    const { width, height } = look;
    if (!this.#ctx || width <= 0 || height <= 0) return 0;
    const { all, first, last } = this.#trace.update(from, shape, look);
    if (all) this.#begin(this.#trace.columns, height);
    for (let column = first; column <= last; column += 1) this.#paint(column, shape.low !== shape.y, look);
    if (this.#image && all) this.#ctx.putImageData(this.#image, 0, 0);
    else if (this.#image && first <= last) {
      this.#ctx.putImageData(this.#image, 0, 0, first, 0, last - first + 1, height);
    }
    return this.#trace.columnOf(from);
  }

  #begin(width: number, height: number): void {
    if (this.#image?.width === width && this.#image.height === height) {
      this.#pixels.fill(0);
      return;
    }
    this.canvas.width = width;
    this.canvas.height = height;
    this.#image = new ImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  #paint(column: number, spans: boolean, { ink, zero }: Look): void {
    const { width = 0 } = this.#image ?? {};
    for (let at = column; at < this.#pixels.length; at += width) this.#pixels[at] = 0;
    const { line, span } = this.#trace;
    const top = line.top[column] ?? Number.NaN;
    const bottom = line.bottom[column] ?? Number.NaN;
    if (Number.isNaN(top)) return;
    const alone =
      Number.isNaN(line.top[column - 1] ?? Number.NaN) && Number.isNaN(line.top[column + 1] ?? Number.NaN);
    const half = (alone ? aloneHeight : 1) * (ink.width / 2);
    if (ink.area > 0) this.#fill(column, (top + bottom) / 2, zero, ink, ink.area);
    if (spans) this.#fill(column, span.top[column] ?? top, span.bottom[column] ?? bottom, ink, ink.span);
    this.#fill(column, top - half, bottom + half, ink, 1);
  }

  /** Adds opacity to a column between two heights; a pixel that is covered in part gets its part. */
  #fill(column: number, from: number, to: number, { red, green, blue }: Ink, opacity: number): void {
    const { width = 0, height = 0 } = this.#image ?? {};
    const hue = red | (green << 8) | (blue << 16);
    const first = Math.max(Math.floor(from), 0);
    const last = Math.min(Math.ceil(to), height) - 1;
    for (let row = first, at = first * width + column; row <= last; row += 1, at += width) {
      const covered = Math.min(row + 1, to) - Math.max(row, from);
      const old = (this.#pixels[at] ?? 0) >>> 24;
      const alpha = old + (255 - old) * opacity * covered;
      this.#pixels[at] = hue | ((alpha + 0.5) << 24);
    }
  }
}

/** A point with nothing beside it would be a speck. */
const aloneHeight = 6;
