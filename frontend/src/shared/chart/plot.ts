import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Colours, readColours } from './colours';
import type { Column, Frame, Lane, Line } from './frame';
import { hatchHoles } from './hatch';
import { laneAxes, rangeOf, scaleKey, topOf } from './lanes';
import { LineLayer, Picture } from './raster';
import { Tip, type TipText } from './tip';

/** How a chart is drawn. Only theme and words may change while it lives. */
export interface PlotSpec {
  readonly lanes: readonly Lane[];
  readonly sync: string; // charts with the same name have one crosshair
  readonly theme: string; // colours are read again when it changes
  readonly noData: string;
  readonly tick: (seconds: number, increment: number) => string; // a label of the time axis
  readonly moment: (seconds: number, step: number) => string; // the time of a point, or of a stretch of step seconds
  readonly zoom?: ((from: number, to: number) => void) | undefined; // seconds
  readonly back?: (() => void) | undefined;
  readonly say: (text: string, index: number) => void; // what the crosshair points at
}

interface DrawnLine {
  readonly line: Line;
  readonly lane: number;
  readonly layer: LineLayer;
}

const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
  604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];
const reach = 16; // CSS px from the outermost point within which hovering still means it
const shortestBrush = 6; // CSS px
const unseenEvery = 1_000; // ms
/** Chromium and Firefox know it; the types do not yet. */
const unseen: FocusOptions & { focusVisible: boolean } = { preventScroll: true, focusVisible: false };
const unnoticed = 64; // points more or less

/**
 * Owns one uPlot: lines over time in one or several lanes, holes hatched, spans between the lowest and the highest of
 * each stretch, so that a peak of a second is seen in a day, one crosshair for all charts of a clock, and a brush. It is made once; what changes is looked up when
 * it is drawn.
 */
export class Plot {
  readonly #element: HTMLElement;
  readonly #tip = new Tip();
  readonly #resize: ResizeObserver;
  readonly #sight: IntersectionObserver;
  readonly #plot: uPlot;
  readonly #backdrop = new Picture(); // axes and holes
  readonly #stage = document.createElement('div'); // the lines
  readonly #lines: readonly DrawnLine[];
  #spec: PlotSpec;
  #frame: Frame;
  #tops: number[];
  #colours: Colours;
  #seen = true; // on the screen
  #ratio = uPlot.pxRatio; // of the screen's pixels to the page's, which colours are read for: they hold widths
  #drawn = Number.NEGATIVE_INFINITY; // ms, by the page's monotonic clock
  #view = ''; // as it was drawn last, with axes and holes
  #length = 0; // points at that time
  #brushing = false;
  #anchor: number | undefined; // index of the point where a selection with the keys began

  constructor(element: HTMLElement, spec: PlotSpec, frame: Frame) {
    this.#element = element;
    this.#spec = spec;
    this.#frame = frame;
    this.#lines = spec.lanes.flatMap((lane, i) =>
      lane.lines.map((line) => ({ line, lane: i, layer: new LineLayer() })),
    );
    this.#tops = spec.lanes.map((lane) => topOf(lane, frame));
    this.#colours = this.#readColours();
    this.#plot = new uPlot(this.#options(), this.#data(), element);
    this.#stage.className = 'lines';
    this.#stage.append(...this.#lines.map(({ layer }) => layer.element));
    const backdrop = document.createElement('div');
    backdrop.className = 'backdrop';
    backdrop.append(this.#backdrop.canvas);
    this.#plot.over.before(backdrop, this.#stage);
    this.#plot.over.append(this.#tip.element);
    this.#resize = new ResizeObserver(() => this.#plot.setSize(this.#size()));
    this.#resize.observe(element);
    this.#sight = new IntersectionObserver((entries) => {
      this.#seen = entries.at(-1)?.isIntersecting ?? true;
      if (this.#seen) this.draw(this.#frame);
    });
    this.#sight.observe(element);
  }

  /** Draws what there is now; off the screen that can wait a little. */
  draw(frame: Frame): void {
    this.#frame = frame;
    const now = performance.now();
    if (!this.#seen && now - this.#drawn < unseenEvery) return;
    this.#drawn = now;
    const view = this.#viewOf(frame);
    const grown = Math.abs(frame.x.length - this.#length);
    const moved = view !== this.#view || grown > unnoticed;
    if (moved) {
      this.#view = view;
      this.#length = frame.x.length;
    }
    // Axes and holes are drawn anew where they are seen to move, and uPlot then learns which points are in sight. Most
    // frames only add to the lines.
    this.#plot.setData(this.#data(), moved);
    if (!moved) this.#drawLines(this.#plot);
    // Beneath a crosshair that rests, the points move on.
    const { left = -1, top = -1 } = this.#plot.cursor;
    if (left >= 0) this.#plot.setCursor({ left, top });
  }

  /** All that is seen of a frame but its lines. */
  #viewOf({ from, to, holes, step, spans }: Frame): string {
    this.#tops = this.#spec.lanes.map((lane) => topOf(lane, this.#frame));
    const pixel = Math.round((from * this.#plot.bbox.width) / (to - from));
    const length = Math.round((to - from) * 1_000);
    const newest = holes.at(-1);
    return [pixel, length, step, spans, holes.length, newest?.from, newest?.to, ...this.#tops].join();
  }

  update(spec: PlotSpec): void {
    const { theme } = this.#spec;
    this.#spec = spec;
    if (spec.theme !== theme) this.#colours = this.#readColours();
    this.#plot.redraw(false, true);
    this.#point();
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#sight.disconnect();
    this.#plot.destroy();
  }

  /** The chart as it is seen, in pixels of the screen. */
  picture(): HTMLCanvasElement {
    const { canvas } = this.#plot.ctx;
    const { left, top, width, height } = this.#plot.bbox;
    const picture = document.createElement('canvas');
    picture.width = canvas.width;
    picture.height = canvas.height;
    const ctx = picture.getContext('2d');
    if (!ctx) return picture;
    ctx.drawImage(canvas, 0, 0);
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const { lane, layer } of this.#lines) {
      layer.copy(ctx, left, top + this.#laneTop(this.#plot, lane), this.#frame.from);
    }
    return picture;
  }

  /** Moves the crosshair by points, from the newest one when there is none; `selecting` keeps what it passes over. */
  move(by: number, selecting = false): void {
    const { x } = this.#frame;
    if (x.length === 0) return;
    const at = this.#plot.cursor.idx ?? undefined;
    if (selecting) this.#anchor ??= at ?? x.length - 1;
    else this.#clearBrush();
    this.#pointAt(Math.min(Math.max((at ?? x.length) + by, 0), x.length - 1));
    if (this.#anchor !== undefined) this.#showBrush(this.#anchor, this.#plot.cursor.idx ?? this.#anchor);
  }

  /** Zooms into what was selected with the keys. */
  zoomIn(): void {
    const from = this.#frame.x[this.#anchor ?? -1];
    const to = this.#frame.x[this.#plot.cursor.idx ?? -1];
    this.#clearBrush();
    if (from === undefined || to === undefined || from === to) return;
    this.clear(); // in the time that comes, it would stand at another point
    this.#spec.zoom?.(Math.min(from, to), Math.max(from, to));
  }

  /** Forgets selection and crosshair; false when there was nothing to forget. */
  clear(): boolean {
    const something = this.#anchor !== undefined || (this.#plot.cursor.left ?? -1) >= 0;
    this.#clearBrush();
    this.#setCursor(-10, -10);
    return something;
  }

  #options(): uPlot.Options {
    const { fontFamily, fontSize } = getComputedStyle(this.#element);
    const font = `${Math.round(0.8 * Number.parseFloat(fontSize))}px ${fontFamily}`;
    const { lanes, sync } = this.#spec;
    const stroke = () => this.#colours.text;
    return {
      ...this.#size(),
      padding: [8, 26, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [this.#frame.from, this.#frame.to] },
        ...Object.fromEntries(
          lanes.map((_, i) => [
            scaleKey(i),
            { range: (): [number, number] => rangeOf(i, lanes.length, this.#tops[i] ?? 1) },
          ]),
        ),
      },
      axes: [
        {
          stroke,
          font,
          space: 84,
          size: 28,
          gap: 6,
          incrs: timeSteps,
          values: (_, splits, __, ___, increment) => splits.map((s) => this.#spec.tick(s, increment)),
          grid: { show: false },
          ticks: { stroke: () => this.#colours.grid, width: 1, size: 4 },
        },
        ...laneAxes(lanes, (i) => this.#tops[i] ?? 1, {
          stroke,
          font,
          grid: { stroke: () => this.#colours.grid, width: 1 },
        }),
      ],
      // Drawn by us: uPlot keeps their places for the crosshair.
      series: [
        {},
        ...this.#lines.map(({ lane }) => ({
          scale: scaleKey(lane),
          paths: () => null,
          points: { show: false },
        })),
      ],
      cursor: {
        y: false,
        drag: { x: Boolean(this.#spec.zoom), y: false, setScale: false },
        sync: { key: sync, scales: ['x', null] },
        points: {
          size: 9,
          width: 2,
          fill: (_, i) => this.#strokeOf(i - 1),
          stroke: (_, i) => this.#strokeOf(i - 1),
        },
        dataIdx: (plot, _, closest, seconds) => this.#hovered(plot, closest, seconds),
        bind: {
          mousedown: (_, __, handler) => (event) => {
            // Before a chart that had the focus loses it, which hides the crosshairs: it would drag our brush away.
            this.#element.focus(unseen);
            this.#brushing = event.button === 0;
            this.#anchor = undefined;
            handler(event);
            return null;
          },
          dblclick: () => () => {
            this.#spec.back?.();
            return null;
          },
        },
      },
      hooks: {
        drawClear: [(plot) => hatchHoles(plot, this.#frame.holes, this.#colours.hatch)],
        draw: [
          (plot) => {
            if (this.#ratio !== uPlot.pxRatio) this.#colours = this.#readColours();
            this.#ratio = uPlot.pxRatio;
            this.#backdrop.mirror(plot.ctx.canvas, uPlot.pxRatio);
            this.#stand(plot);
            this.#drawLines(plot);
          },
        ],
        setCursor: [() => this.#point()],
        setSelect: [(plot) => this.#brushed(plot)],
      },
    };
  }

  #strokeOf(line: number): string {
    return this.#colours.lines.get(this.#lines[line]?.line.accent ?? '')?.stroke ?? this.#colours.text;
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#element.clientWidth, 120), height: this.#element.clientHeight || 200 };
  }

  #data(): uPlot.AlignedData {
    const columns = this.#lines.map(({ line }) => this.#column(line.column));
    return [this.#frame.x, ...columns] as uPlot.TypedArray[] as uPlot.AlignedData;
  }

  #column(name: string): Column {
    return this.#frame.columns[name] ?? new Float64Array(this.#frame.x.length);
  }

  #readColours(): Colours {
    return readColours(
      this.#element,
      this.#lines.map(({ line }) => line.accent),
    );
  }

  /** Draws what is new of the lines, each on a canvas of its own above the one with axes and holes. */
  #drawLines(plot: uPlot): void {
    for (const line of this.#lines) this.#drawLine(plot, line);
  }

  /** Puts the lines where uPlot has its plot. */
  #stand({ bbox: { left, top, width, height } }: uPlot): void {
    const px = (value: number) => `${value / uPlot.pxRatio}px`;
    Object.assign(this.#stage.style, { left: px(left), top: px(top), width: px(width), height: px(height) });
  }

  #drawLine(plot: uPlot, { line, lane, layer }: DrawnLine): void {
    const { x, holes, spans, from, to, columns } = this.#frame;
    const { top, width } = plot.bbox;
    const colours = this.#colours.lines.get(line.accent);
    if (!colours) return;
    const y = this.#column(line.column);
    const low = (spans && columns[`${line.column}.min`]) || y;
    const high = (spans && columns[`${line.column}.max`]) || y;
    const zero = plot.valToPos(0, scaleKey(lane), true);
    const laneTop = this.#laneTop(plot, lane);
    const look = {
      perSecond: width / (to - from),
      perUnit: plot.valToPos(1, scaleKey(lane), true) - zero,
      zero: zero - top - laneTop,
      width: Math.round(width),
      height: this.#laneTop(plot, lane + 1) - laneTop,
      ink: line.area ? colours.ink : colours.bare,
    };
    const shape = { x, y, low, high, holes, steps: line.steps === true };
    layer.draw(from, shape, look, laneTop, uPlot.pxRatio);
  }

  /** In pixels from the top of the plot. */
  #laneTop({ bbox }: uPlot, lane: number): number {
    return Math.round((lane * bbox.height) / this.#spec.lanes.length);
  }

  /** The point that a cursor at this time means; null in a hole and away from the data. */
  #hovered(plot: uPlot, closest: number, seconds: number): number | null {
    const { x, holes } = this.#frame;
    const at = x[closest];
    if (at === undefined) return null;
    if (holes.some((hole) => seconds > hole.from && seconds < hole.to)) return null;
    const outside = closest === 0 ? seconds < at : closest === x.length - 1 && seconds > at;
    const distance = Math.abs(plot.valToPos(at, 'x') - plot.valToPos(seconds, 'x'));
    return outside && distance > reach ? null : closest;
  }

  #pointAt(index: number): void {
    const seconds = this.#frame.x[index];
    if (seconds === undefined) return;
    this.#setCursor(this.#plot.valToPos(seconds, 'x'), this.#plot.over.clientHeight / 2);
  }

  /** Moves the crosshair, and those of the other charts, which uPlot does only for a mouse. */
  #setCursor(left: number, top: number): void {
    const { clientWidth, clientHeight } = this.#plot.over;
    this.#plot.setCursor({ left, top });
    const { sync } = this.#plot.cursor;
    if (sync) sync.values = [this.#plot.posToVal(left, 'x'), 0];
    uPlot.sync(this.#spec.sync).pub('mousemove', this.#plot, left, top, clientWidth, clientHeight, -1);
  }

  #point(): void {
    const plot = this.#plot;
    const { left = -1, idxs } = plot.cursor;
    const index = idxs?.[1] ?? undefined;
    const text = left < 0 ? undefined : this.#textAt(index, plot.posToVal(left, 'x'));
    if (!text) {
      this.#tip.hide();
      return;
    }
    const { clientWidth, clientHeight } = plot.over;
    const seconds = index === undefined ? undefined : this.#frame.x[index];
    const x = seconds === undefined ? left : plot.valToPos(seconds, 'x');
    this.#tip.show(text, x, this.#heightOf(index), clientWidth, clientHeight);
    const said = [text.when, ...text.lines.map((line) => `${line.name} ${line.text}`)].join(', ');
    if (index !== undefined) this.#spec.say(said, index);
  }

  /** Where the tooltip stands: beside a single line's point, else in the middle. */
  #heightOf(index: number | undefined): number {
    const only = this.#lines.length === 1 && index !== undefined ? this.#lines[0] : undefined;
    const value = only && this.#column(only.line.column)[index ?? 0];
    if (!only || value === undefined) return this.#plot.over.clientHeight / 2;
    return this.#plot.valToPos(value, scaleKey(only.lane));
  }

  #textAt(index: number | undefined, seconds: number): TipText | undefined {
    const { x, holes, step = 0, spans } = this.#frame;
    const at = index === undefined ? undefined : x[index];
    if (index === undefined || at === undefined) {
      const inHole = holes.some(({ from, to }) => seconds > from && seconds < to);
      const nothing = { name: '', accent: '', text: this.#spec.noData };
      return inHole ? { when: this.#spec.moment(seconds, 0), lines: [nothing] } : undefined;
    }
    const lines = this.#lines.map(({ line: { column, name, accent }, lane }) => {
      const format = (value: number | undefined) => this.#spec.lanes[lane]?.format(value ?? 0, 1) ?? '';
      const [low, value, high] = [`${column}.min`, column, `${column}.max`].map(
        (c) => this.#column(c)[index],
      );
      const text =
        spans && low !== high ? `${format(value)} (${format(low)}–${format(high)})` : format(value);
      return { name, accent, text };
    });
    return { when: this.#spec.moment(at - step / 2, step), lines };
  }

  #brushed(plot: uPlot): void {
    const { left, width } = plot.select;
    const brushing = this.#brushing; // else it was another chart that was brushed, and this one showed it
    this.#brushing = false;
    this.#clearBrush();
    if (!brushing || width < shortestBrush) return;
    this.#spec.zoom?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
  }

  #showBrush(from: number, to: number): void {
    const [a = 0, b = 0] = [from, to].map((index) => this.#plot.valToPos(this.#frame.x[index] ?? 0, 'x'));
    const select = {
      left: Math.min(a, b),
      top: 0,
      width: Math.abs(a - b),
      height: this.#plot.over.clientHeight,
    };
    this.#plot.setSelect(select, false);
  }

  #clearBrush(): void {
    this.#anchor = undefined;
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
}
