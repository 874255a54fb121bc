import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** A stretch without samples, in seconds since 1970. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** What a chart shows. Everything may change from one update to the next. */
export interface PlotSpec {
  readonly x: readonly number[]; // seconds since 1970, in order
  readonly y: readonly number[]; // 0–100
  readonly holes: readonly Hole[];
  readonly from: number; // seconds, both ends of the axis
  readonly to: number;
  readonly accent: string; // a colour token without its dashes
  readonly theme: string; // colours are read again when it changes
  readonly formatX: (seconds: number) => string;
  readonly formatY: (value: number, decimals: number) => string;
  readonly noData: string;
}

interface Colours {
  readonly line: string;
  readonly fill: string;
  readonly grid: string;
  readonly text: string;
  readonly hatch: string;
}

const syncKey = 'pulso';
const percentTicks = [0, 25, 50, 75, 100];
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300];
const reach = 16; // CSS px from the outermost point within which hovering still means it
const tipDistance = 12; // CSS px between a point and its tooltip

/**
 * Owns one uPlot: an area line over time on a fixed scale from 0 to 100 %, holes hatched, one crosshair for all
 * charts of the page. It is made once; everything that a spec can change is looked up when it is drawn.
 */
export class Plot {
  readonly #element: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #resize: ResizeObserver;
  readonly #plot: uPlot;
  #spec: PlotSpec;
  #colours: Colours;

  constructor(element: HTMLElement, spec: PlotSpec) {
    this.#element = element;
    this.#spec = spec;
    this.#colours = this.#readColours();
    this.#tip = document.createElement('div');
    this.#tip.className = 'tip';
    this.#tip.hidden = true;
    this.#plot = new uPlot(this.#options(), this.#data(), element);
    this.#plot.over.append(this.#tip);
    this.#resize = new ResizeObserver(() => this.#plot.setSize(this.#size()));
    this.#resize.observe(element);
  }

  update(spec: PlotSpec): void {
    const previous = this.#spec;
    this.#spec = spec;
    if (spec.theme !== previous.theme || spec.accent !== previous.accent) this.#colours = this.#readColours();
    if (spec.x !== previous.x || spec.y !== previous.y) this.#plot.setData(this.#data());
    else this.#plot.redraw(false, true);
    this.#moveTip();
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#plot.destroy();
  }

  #options(): uPlot.Options {
    const axisFont = `11px ${getComputedStyle(this.#element).fontFamily}`;
    return {
      ...this.#size(),
      padding: [8, 26, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#spec.from, this.#spec.to] },
        y: { range: () => [0, 100] },
      },
      axes: [
        {
          stroke: () => this.#colours.text,
          font: axisFont,
          space: 84,
          size: 28,
          gap: 6,
          incrs: timeSteps,
          values: (_, splits) => splits.map((seconds) => this.#spec.formatX(seconds)),
          grid: { show: false },
          ticks: { stroke: () => this.#colours.grid, width: 1, size: 4 },
        },
        {
          stroke: () => this.#colours.text,
          font: axisFont,
          size: 50,
          gap: 6,
          splits: percentTicks,
          values: (_, splits) => splits.map((value) => this.#spec.formatY(value, 0)),
          grid: { stroke: () => this.#colours.grid, width: 1 },
          ticks: { show: false },
        },
      ],
      series: [
        {},
        {
          width: 1.5,
          stroke: () => this.#colours.line,
          fill: () => this.#colours.fill,
          gaps: (plot) => this.#spec.holes.map(({ from, to }) => [toCanvas(plot, from), toCanvas(plot, to)]),
          points: {
            show: false,
            filter: () => this.#marked(),
            size: 5,
            width: 0,
            fill: () => this.#colours.line,
          },
        },
      ],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        sync: { key: syncKey, scales: ['x', null] },
        points: { size: 9, width: 2, fill: () => this.#colours.line, stroke: () => this.#colours.line },
        dataIdx: (plot, _, closest, seconds) => this.#hovered(plot, closest, seconds),
      },
      hooks: {
        drawClear: [(plot) => this.#hatchHoles(plot)],
        setCursor: [() => this.#moveTip()],
      },
    };
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#element.clientWidth, 120), height: this.#element.clientHeight || 200 };
  }

  #data(): uPlot.AlignedData {
    return [this.#spec.x as number[], this.#spec.y as number[]]; // uPlot's types want mutable arrays; it only reads
  }

  #readColours(): Colours {
    const style = getComputedStyle(this.#element);
    const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
    return {
      line: token(this.#spec.accent),
      fill: token(`${this.#spec.accent}-area`),
      grid: token('grid'),
      text: token('muted'),
      hatch: token('hatch'),
    };
  }

  /** Points that need a dot: the newest, and those between two holes, where there is no line to see. */
  #marked(): number[] {
    const { x, holes } = this.#spec;
    const starts = new Set(holes.map((hole) => hole.to));
    const ends = new Set(holes.map((hole) => hole.from));
    const last = x.length - 1;
    const marked: number[] = [];
    x.forEach((seconds, i) => {
      const alone = (i === 0 || starts.has(seconds)) && (i === last || ends.has(seconds));
      if (alone || i === last) marked.push(i);
    });
    return marked;
  }

  /** The point that a cursor at this time means; null in a hole and away from the data. */
  #hovered(plot: uPlot, closest: number, seconds: number): number | null {
    const { x, holes } = this.#spec;
    const at = x[closest];
    if (at === undefined) return null;
    if (holes.some((hole) => seconds > hole.from && seconds < hole.to)) return null;
    const outside = closest === 0 ? seconds < at : closest === x.length - 1 && seconds > at;
    const distance = Math.abs(plot.valToPos(at, 'x') - plot.valToPos(seconds, 'x'));
    return outside && distance > reach ? null : closest;
  }

  #hatchHoles(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    for (const { from, to } of this.#spec.holes) {
      const left = Math.max(toCanvas(plot, from), bbox.left);
      const right = Math.min(toCanvas(plot, to), bbox.left + bbox.width);
      if (right <= left) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, bbox.top, right - left, bbox.height);
      ctx.clip();
      ctx.beginPath();
      // Anchored to the plot's corner, not to the hole, so that the pattern stands still as the hole moves left.
      const step = 7 * ratio;
      const start = left - ((left - bbox.left) % step) - bbox.height - (bbox.height % step);
      for (let x = start; x < right; x += step) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.strokeStyle = this.#colours.hatch;
      ctx.lineWidth = 1.5 * ratio;
      ctx.stroke();
      ctx.restore();
    }
  }

  #moveTip(): void {
    const plot = this.#plot;
    const { left = -1, idxs } = plot.cursor;
    const width = plot.over.clientWidth;
    const seconds = left < 0 ? Number.NaN : plot.posToVal(left, 'x');
    const index = idxs?.[1] ?? null;
    const x = index === null ? undefined : this.#spec.x[index];
    const y = index === null ? undefined : this.#spec.y[index];
    const hole = this.#spec.holes.some(({ from, to }) => seconds > from && seconds < to);
    this.#tip.hidden = !(x !== undefined && y !== undefined) && !hole;
    if (this.#tip.hidden) return;
    const text =
      x !== undefined && y !== undefined
        ? `${this.#spec.formatX(x)} · ${this.#spec.formatY(y, 1)}`
        : `${this.#spec.formatX(seconds)} · ${this.#spec.noData}`;
    if (this.#tip.textContent !== text) this.#tip.textContent = text;
    // Beside the point, on the side with more room, so that it never covers what it names.
    const pointX = x === undefined ? left : plot.valToPos(x, 'x');
    const pointY = y === undefined ? plot.over.clientHeight / 2 : plot.valToPos(y, 'y');
    const tipX = pointX < width / 2 ? pointX + tipDistance : pointX - tipDistance - this.#tip.offsetWidth;
    const tipY = Math.min(
      Math.max(pointY - this.#tip.offsetHeight / 2, 0),
      plot.over.clientHeight - this.#tip.offsetHeight,
    );
    this.#tip.style.transform = `translate(${Math.round(tipX)}px, ${Math.round(tipY)}px)`;
  }
}

function toCanvas(plot: uPlot, seconds: number): number {
  return plot.valToPos(seconds, 'x', true);
}
