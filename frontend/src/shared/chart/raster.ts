// Draws dense lines pixel column by pixel column. A path of a thousand points costs a canvas without a graphics card
// several milliseconds, most of it for the edges of a shape that is one pixel wide at each step; what is seen of it in
// one column is from where to where the line goes there, and that is cheap to find and to fill.
import type { Column, Hole } from './frame';

/** From where to where a line goes in each pixel column, in pixels from the top; NaN where there is none. */
export interface Extents {
  readonly top: Float32Array;
  readonly bottom: Float32Array;
}

/** A straight scale: pixels of a value. */
export interface Scale {
  readonly at: number; // of zero
  readonly per: number; // of one
}

/** One line and what belongs to it, all in one hue. */
export interface Ink {
  readonly red: number; // 0–255
  readonly green: number;
  readonly blue: number;
  readonly area: number; // opacities, 0–1: from the line down to the floor,
  readonly span: number; // and between the lowest and the highest
  readonly width: number; // of the line, in pixels
}

/** Follows a line through the columns. A step stays at its height until the next point. */
export function extentsOf(
  x: Column,
  y: Column,
  xScale: Scale,
  yScale: Scale,
  width: number,
  holes: readonly Hole[],
  steps: boolean,
): Extents {
  const top = new Float32Array(width).fill(Number.NaN);
  const bottom = new Float32Array(width).fill(Number.NaN);
  const reach = (column: number, from: number, to: number) => {
    if (column < 0 || column >= width) return;
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    // The comparisons are the wrong way round on purpose: they are true for what is not a number yet.
    if (!((top[column] ?? 0) <= low)) top[column] = low;
    if (!((bottom[column] ?? 0) >= high)) bottom[column] = high;
  };
  const line = (x0: number, y0: number, x1: number, y1: number) => {
    const first = Math.max(Math.floor(x0), 0);
    const last = Math.min(Math.floor(x1), width - 1);
    const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
    for (let column = first; column <= last; column += 1) {
      const from = column <= x0 ? y0 : y0 + (column - x0) * slope;
      const to = column + 1 >= x1 ? y1 : y0 + (column + 1 - x0) * slope;
      reach(column, from, to);
    }
  };
  let hole = 0;
  for (let i = 0; i < x.length; i += 1) {
    const seconds = x[i] ?? 0;
    const px = xScale.at + seconds * xScale.per;
    const py = yScale.at + (y[i] ?? 0) * yScale.per;
    reach(Math.floor(px), py, py);
    if (i + 1 === x.length) break;
    while ((holes[hole]?.to ?? Number.POSITIVE_INFINITY) <= seconds) hole += 1;
    if (holes[hole]?.from === seconds) continue;
    const nextX = xScale.at + (x[i + 1] ?? 0) * xScale.per;
    const nextY = yScale.at + (y[i + 1] ?? 0) * yScale.per;
    if (nextX < 0 || px > width) continue;
    line(px, py, nextX, steps ? py : nextY);
    if (steps) reach(Math.floor(nextX), py, nextY);
  }
  return { top, bottom };
}

/** From the higher to the lower of two lines. */
export function merge(low: Extents, high: Extents): Extents {
  return { top: high.top, bottom: low.bottom };
}

/** Pixels that are filled column by column and then laid over a canvas. */
export class Raster {
  readonly #canvas = document.createElement('canvas');
  readonly #ctx = this.#canvas.getContext('2d');
  #image: ImageData | undefined;
  #pixels = new Uint32Array();

  /** Lays a line over a canvas, whose pixels from (left, top) on the extents count. `floor` is where an area ends. */
  draw(
    target: CanvasRenderingContext2D,
    left: number,
    top: number,
    height: number,
    ink: Ink,
    line: Extents,
    span: Extents | undefined,
    floor: number,
  ): void {
    const width = line.top.length;
    if (!this.#ctx || width === 0 || height === 0) return;
    this.#prepare(width, height);
    const half = ink.width / 2;
    const hue = ink.red | (ink.green << 8) | (ink.blue << 16);
    for (let column = 0; column < width; column += 1) {
      const from = line.top[column] ?? Number.NaN;
      const to = line.bottom[column] ?? Number.NaN;
      if (Number.isNaN(from)) continue;
      if (ink.area > 0) this.#fill(column, (from + to) / 2, floor, hue, ink.area);
      if (span) this.#fill(column, span.top[column] ?? from, span.bottom[column] ?? to, hue, ink.span);
      this.#fill(column, from - half, to + half, hue, 1);
    }
    if (this.#image) this.#ctx.putImageData(this.#image, 0, 0);
    target.drawImage(this.#canvas, left, top);
  }

  #prepare(width: number, height: number): void {
    if (this.#image?.width === width && this.#image.height === height) {
      this.#pixels.fill(0);
      return;
    }
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#image = new ImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  /** Adds opacity to a column between two heights; a pixel that is covered in part gets its part. */
  #fill(column: number, from: number, to: number, hue: number, opacity: number): void {
    const { width = 0, height = 0 } = this.#image ?? {};
    const first = Math.max(Math.floor(from), 0);
    const last = Math.min(Math.ceil(to), height) - 1;
    const pixels = this.#pixels;
    for (let row = first, at = first * width + column; row <= last; row += 1, at += width) {
      const covered = Math.min(row + 1, to) - Math.max(row, from);
      const old = (pixels[at] ?? 0) >>> 24;
      const alpha = old + (255 - old) * opacity * covered;
      pixels[at] = hue | ((alpha + 0.5) << 24);
    }
  }
}
