import type { Frame, FrameSource } from '../chart/frame';
import {
  type History,
  type HistoryQuery,
  ResolutionSample,
  type RouteStats,
  WindowSeconds,
} from '../contract/event';
import { lengths } from '../range/range';
import { parseTime, wireTime } from '../stream/clock';
import type { Ask } from '../stream/portal';
import {
  frozen,
  type ProcessState,
  type Quantity,
  quantities,
  readValue,
  type Spread,
  spreadOf,
} from '../stream/series';
import type { Link, StreamStore } from '../stream/store';
import { Stretches } from './stretches';

/** How far a source has come; `failed` has the reason for a person. */
export type Progress =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Where the page has its numbers from, for as long as it shows one range of one host. */
export interface Source extends FrameSource {
  readonly host: string;
  progress(): Progress;
  /** Of no samples, undefined. */
  spread(quantity: Quantity): Spread | undefined;
  /** What the routes did in the same time by the other clock, where the source knows. */
  readonly routes: PastRoutes | undefined;
  retry(): void;
  close(): void;
}

export interface PastRoutes {
  readonly stats: readonly RouteStats[];
  readonly from: number; // ms since 1970, by `recibido`
  readonly to: number;
}

const ready: Progress = { kind: 'ready' };
const loading: Progress = { kind: 'loading' };
const nothing: Frame = { x: new Float64Array(), columns: {}, holes: [], from: 0, to: 60, spans: false };

/** The live window of a host. */
export function liveSource(store: StreamStore, host: string): Source {
  const frame = () => store.window(host)?.frame() ?? nothing;
  return {
    host,
    frame,
    subscribe: store.paint,
    progress: () => ready,
    spread: (quantity) => spreadOf(frame(), quantity),
    routes: undefined,
    retry() {},
    close() {},
  };
}

/** A source that stays at what another one showed at this moment. */
export function pausedSource(source: Source): Source {
  const { frame, subscribe } = frozen(source.frame());
  const spreads = new Map(quantities.map((quantity) => [quantity, source.spread(quantity)]));
  return {
    ...liveless,
    host: source.host,
    frame,
    subscribe,
    routes: source.routes,
    spread: (quantity) => spreads.get(quantity),
  };
}

const liveless = { progress: () => ready, retry() {}, close() {} };

/** More would not be seen, and would have to be drawn. */
const points = { '1h': 900, '24h': 1_440, fixed: 1_000 };

/** Asks for the past of one host, and tells when it is there. */
abstract class PastSource implements Source {
  protected readonly listeners = new Set<() => void>();
  protected stretches: Stretches | undefined;
  #progress: Progress = loading;
  #question = 0; // the number of the last one; below zero when there are to be no more
  #asking = false; // its answer is awaited
  #routes: PastRoutes | undefined;

  constructor(
    private readonly ask: Ask,
    readonly host: string,
  ) {}

  abstract frame(): Frame;
  protected abstract query(): HistoryQuery | undefined;
  protected answered(_: History): void {}
  close(): void {
    this.#question = -1;
    this.listeners.clear();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  progress = (): Progress => this.#progress;

  get routes(): PastRoutes | undefined {
    return this.#routes;
  }

  spread(quantity: Quantity): Spread | undefined {
    const frame = this.frame();
    const spread = spreadOf(frame, quantity);
    if (!spread || quantity === 'cpu' || quantity === 'ram') return spread;
    return { ...spread, lastNonZero: this.#lastNonZero(quantity, frame.from) };
  }

  retry(): void {
    void this.load();
  }

  protected async load(): Promise<void> {
    const query = this.query();
    if (!query || this.#question < 0) return;
    this.#question += 1;
    this.#asking = true;
    const question = this.#question;
    if (!this.stretches) this.#become(loading);
    try {
      const history = await this.ask(query);
      if (question !== this.#question) return;
      this.#asking = false;
      this.stretches = new Stretches(history);
      this.#routes = { stats: history.routes, from: parseTime(history.from), to: parseTime(history.to) };
      this.answered(history);
      this.#become(ready);
    } catch (error) {
      if (question !== this.#question) return;
      this.#asking = false;
      this.#become({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  protected get asking(): boolean {
    return this.#asking;
  }

  protected changed(): void {
    for (const listener of this.listeners) listener();
  }

  #become(progress: Progress): void {
    this.#progress = progress;
    this.changed();
  }

  #lastNonZero(state: ProcessState, from: number): number | undefined {
    const last = this.stretches?.lastNonZero(state);
    return last !== undefined && last >= from ? last : undefined;
  }
}

// What arrived in the last seconds before a question may not be in its answer yet, and in that to the next.
const rollupsBehind = 6_000; // ms

/** A time that does not move. */
export class FixedSource extends PastSource {
  readonly #query: HistoryQuery;
  readonly #frame: Frame;
  #loaded: Frame | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Until the answer is there, it shows what another source knows of that time. */
  constructor(ask: Ask, host: string, from: number, to: number, preview: Source) {
    super(ask, host);
    this.#query = { host, from: wireTime(from), to: wireTime(to), points: points.fixed };
    this.#frame = {
      ...(preview.host === host ? frozen(preview.frame()).frame() : nothing),
      from: from / 1_000,
      to: to / 1_000,
    };
    void this.load();
  }

  override close(): void {
    super.close();
    clearTimeout(this.#again);
  }

  frame(): Frame {
    return this.#loaded ?? this.#frame;
  }

  protected query(): HistoryQuery {
    return this.#query;
  }

  protected override answered(history: History): void {
    const { resolution } = history;
    // Of rollups, the ends are whole stretches: what they hold is of no other time.
    const [from, to] =
      resolution === ResolutionSample
        ? [this.#frame.from, this.#frame.to]
        : [parseTime(history.from) / 1_000, parseTime(history.to) / 1_000];
    this.#loaded = this.stretches?.frame(from, to);
    if (resolution === ResolutionSample || this.#again !== undefined) return;
    this.#again = setTimeout(() => void this.load(), rollupsBehind);
  }
}

// The past ends where the live window surely has all that came since: the rollups are a few seconds behind, in which a
// replay may come far on `hora`.
const overlap = WindowSeconds - 30; // s
// What comes later than the live window reaches back is seen when the past is asked for again.
const reloadEvery = 10 * 60_000; // ms

/** The last hour or day before the newest `hora` of a host: its past, and what comes in. */
export class FollowingSource extends PastSource {
  readonly #unsubscribe: (() => void)[];
  #frame: Frame | undefined;
  #absences: number;
  #link: Link;

  constructor(
    private readonly store: StreamStore,
    ask: Ask,
    host: string,
    private readonly kind: '1h' | '24h',
  ) {
    super(ask, host);
    this.#link = store.view().link;
    this.#absences = store.view().absences;
    const timer = setInterval(() => void this.load(), reloadEvery);
    this.#unsubscribe = [
      () => clearInterval(timer),
      store.follow(host, ({ hora, row }) =>
        this.stretches?.add(hora, (quantity) => readValue[quantity](row)),
      ),
      store.paint(() => {
        this.#frame = undefined;
        this.changed();
      }),
      store.subscribe(() => this.#look()),
    ];
    void this.load();
  }

  override close(): void {
    super.close();
    for (const undo of this.#unsubscribe) undo();
  }

  frame(): Frame {
    this.#frame ??= this.#makeFrame();
    return this.#frame;
  }

  protected query(): HistoryQuery | undefined {
    const newest = this.#newest();
    if (newest === undefined) return undefined;
    const from = wireTime(Math.max(newest - lengths[this.kind], 0) * 1_000);
    const to = wireTime((newest - overlap) * 1_000);
    return { host: this.host, from, to, points: points[this.kind] };
  }

  protected override answered(): void {
    this.#frame = undefined;
    const { x, columns } = this.store.window(this.host)?.frame() ?? nothing;
    x.forEach((hora, i) => {
      this.stretches?.add(hora, (quantity) => columns[quantity]?.[i] ?? 0);
    });
  }

  #newest(): number | undefined {
    return this.store.window(this.host)?.latest?.hora;
  }

  #makeFrame(): Frame {
    const to = this.#newest();
    if (to === undefined) return nothing;
    const from = to - lengths[this.kind];
    this.stretches?.dropBefore(from);
    return this.stretches?.frame(from, to) ?? { ...nothing, from, to };
  }

  /** Asks once there is something to ask for; again after an absence that the stream could not make good, and after a failure once there is a connection. */
  #look(): void {
    const { absences, link } = this.store.view();
    const unasked = !this.stretches && !this.asking && this.progress().kind === 'loading';
    const failed = this.progress().kind === 'failed' && link === 'connected' && this.#link !== 'connected';
    if (unasked || failed || absences > this.#absences) void this.load();
    this.#absences = absences;
    this.#link = link;
  }
}
