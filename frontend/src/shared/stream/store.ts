import type { Auth, RouteSecond, Routes, Samples, Snapshot, State, Status } from '../contract/event';
import { StaleSeconds } from '../contract/event';
import type { Row } from '../contract/sample';
import { parseTime, ServerClock } from './clock';
import { Recent } from './recent';
import { RouteWindow } from './routes';
import { HostWindow, type Point } from './window';

/** The page's way to the server: being tried for the first time, open, lost and tried again, or closed to us. */
export type Link = 'connecting' | 'connected' | 'lost' | 'refused';

/** What a person should think of the numbers: the server's state, or that there is no connection to ask it. */
export type Condition = State | 'connecting';

/** What the page shows: one immutable object per change. */
export interface View {
  readonly link: Link;
  readonly state: State | undefined; // as the server said last
  readonly hosts: readonly HostView[]; // in order of name
  readonly newestHost: string | undefined; // whose row arrived last
  readonly received: ReadonlyMap<string, Received>; // by host
  readonly absences: number; // times that this page was away for so long that rows passed which it did not receive
  readonly epoch: number; // another one with another database
  readonly routes: readonly RouteSecond[]; // the last five minutes, in order of second and route
}

/** A host whose rows the page has. */
export interface HostView {
  readonly host: string;
  readonly latest: Point;
  readonly points: number; // in its live window
  readonly behind: boolean; // what comes is of before the latest point
}

/** What this page has received of one host. */
export interface Received {
  readonly rows: number; // each id once
  readonly distinct: number; // different samples among them
}

/** Time and frames are arguments, so that tests own them. */
export interface Surroundings {
  readonly elapsed: () => number; // ms, monotonic
  readonly frame: (draw: (elapsed: number) => void) => void;
}

// Digits that change more often cannot be read; charts change with every frame that has news.
const viewEvery = 250; // ms

// Beyond these a page that is open for days would count a repetition as new. They exceed what a snapshot holds.
const rememberedIds = 65_536;
const rememberedSamples = 65_536;
// A client that sends other host names without end must not fill the page.
const hostLimit = 256;
// A tick and a slow network on top of what the server calls stale.
const silenceLimit = (StaleSeconds + 2) * 1_000;

const emptyView: View = {
  link: 'connecting',
  state: undefined,
  hosts: [],
  newestHost: undefined,
  received: new Map(),
  absences: 0,
  epoch: 0,
  routes: [],
};

/**
 * Merges what the stream sends. Rows may come twice, late, and out of order; each id counts once, each sample is
 * one point. Those who draw are told at most once per animation frame, and so never while the page is hidden; those
 * who write numbers a few times a second.
 */
export class StreamStore {
  readonly #surroundings: Surroundings;
  readonly #clock: ServerClock;
  readonly #listeners = new Set<() => void>(); // to the view
  readonly #painters = new Set<() => void>(); // told of every frame
  readonly #followers = new Map<string, Set<(point: Point) => void>>(); // told of every point of a host
  readonly #windows = new Map<string, HostWindow>(); // the host whose row came last is at the end
  readonly #received = new Map<string, Received>(); // of the same hosts
  readonly #ids = new Recent<number, string>(rememberedIds); // recibido, to know another database by
  readonly #samples = new Recent<string, true>(rememberedSamples);
  #link: Link = 'connecting';
  #state: State | undefined;
  readonly #routes = new RouteWindow();
  #cursor: number | undefined; // every row up to it was sent to this page, or lay before its first snapshot
  #contradicted = false; // a row came with the id of another one
  #absences = 0;
  #epoch = 0;
  #kept: string | undefined; // the host that is shown
  #newest = Number.NEGATIVE_INFINITY; // recibido
  #view = emptyView;
  #viewed = Number.NEGATIVE_INFINITY; // ms, when the view was made
  #unpainted = false; // something came in since the last frame,
  #unviewed = false; // or since the view was made
  #pending = false; // a frame was asked for

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#clock = new ServerClock(surroundings.elapsed);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): View => this.#view;

  /** Calls back in every animation frame before which something came in. */
  paint = (painter: () => void): (() => void) => {
    this.#painters.add(painter);
    return () => this.#painters.delete(painter);
  };

  /** Calls back for every new point of a host, in the order of arrival. */
  follow(host: string, follower: (point: Point) => void): () => void {
    const followers = this.#followers.get(host) ?? new Set();
    this.#followers.set(host, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (followers.size === 0) this.#followers.delete(host);
    };
  }

  /** The live window of a host, as it is at this moment. */
  window(host: string): HostWindow | undefined {
    return this.#windows.get(host);
  }

  /** The host that is shown: it stays, however many others send. */
  keep(host: string | undefined): void {
    this.#kept = host;
  }

  /** The server's clock in ms since 1970; NaN before the first event. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Seconds since the newest row of a host was received, or of any where it is not known, by the server's clock;
   * undefined before the first row.
   */
  age(host?: string): number | undefined {
    const newest = this.#windowOf(host)?.heard ?? this.#newest;
    const age = (this.#clock.now() - newest) / 1_000;
    // The ingest instance's clock may be ahead of the socket service's.
    return Number.isFinite(age) ? Math.max(age, 0) : undefined;
  }

  /**
   * What to think of the numbers now. A connection that died without a word still looks open for half a minute;
   * a live stream has something to say at least every StaleSeconds, so its silence is stale. So is that of a host, while
   * others are heard.
   */
  condition(host?: string): Condition {
    if (this.#link !== 'connected' || !this.#state) return 'connecting';
    if (this.#state !== 'live') return this.#state;
    const silence = this.#windowOf(host)?.silence(this.#surroundings.elapsed()) ?? 0;
    return Math.max(silence, this.#clock.silence()) > silenceLimit ? 'stale' : 'live';
  }

  /** What to say on connecting, so that the server sends first what was missed. */
  auth(): Auth {
    return this.#cursor === undefined ? {} : { cursor: this.#cursor };
  }

  connected(): void {
    this.#link = 'connected';
    this.#changed();
  }

  /** The connection ended, or an attempt at one failed. What the server said about its state no longer holds. */
  disconnected(): void {
    this.#link = 'lost';
    this.#state = undefined;
    this.#changed();
  }

  /** The server lets nobody in without the right token. */
  refused(): void {
    this.#link = 'refused';
    this.#state = undefined;
    this.#changed();
  }

  snapshot(event: Snapshot): void {
    if (this.#isOtherDatabase(event)) this.#forget();
    else if (event.after > 0) this.#absences += 1;
    // What was missed came before the snapshot, so that it repeats what lies beneath the cursor, also where the id is
    // no longer remembered. Of a host that was never seen, another replica may know more.
    const had = event.after > 0 ? 0 : (this.#cursor ?? 0);
    const rows = event.rows.filter((row) => row.id > had || !this.#windows.has(row.host ?? ''));
    // They did not come now, but as long ago as they were received.
    const now = parseTime(event.now);
    this.#take({ ...event, rows }, (row) => Math.max(now - parseTime(row.recibido), 0));
    this.#routes.add(event.routes);
    this.status(event.status);
  }

  samples(event: Samples): void {
    this.#take(event);
  }

  routes({ now, seconds }: Routes): void {
    this.#clock.set(now);
    this.#routes.add(seconds);
    this.#changed();
  }

  status(event: Status): void {
    this.#clock.set(event.now);
    this.#state = event.state;
    const newest = parseTime(event.newest);
    if (newest > this.#newest) this.#newest = newest;
    this.#changed();
  }

  #take({ now, cursor, rows }: Samples, agoOf: (row: Row) => number = () => 0): void {
    this.#clock.set(now);
    // Each replica has a cursor of its own, and that of a service which has just started lies further back.
    this.#cursor = Math.max(this.#cursor ?? 0, cursor);
    const touched = new Set<HostWindow>();
    for (const row of rows) {
      if (!this.#ids.add(row.id, row.recibido)) {
        this.#contradicted ||= this.#ids.get(row.id) !== row.recibido;
        continue;
      }
      this.#newest = Math.max(this.#newest, parseTime(row.recibido));
      const host = row.host ?? '';
      this.#count(host, this.#samples.add(sampleKey(row), true));
      const window = this.#touch(host);
      touched.add(window);
      const at = this.#surroundings.elapsed() - agoOf(row);
      window.hear(row, at);
      if (window.add(row, at)) this.#tellFollowers(host, row);
    }
    for (const window of touched) window.prune();
    this.#changed();
  }

  #count(host: string, isNew: boolean): void {
    const { rows, distinct } = this.#received.get(host) ?? { rows: 0, distinct: 0 };
    this.#received.set(host, { rows: rows + 1, distinct: distinct + Number(isNew) });
  }

  #tellFollowers(host: string, row: Row): void {
    for (const follower of this.#followers.get(host) ?? []) {
      follower({ hora: parseTime(row.hora) / 1_000, row });
    }
  }

  #windowOf(host: string | undefined): HostWindow | undefined {
    return host === undefined ? undefined : this.#windows.get(host);
  }

  #touch(host: string): HostWindow {
    const window = this.#windows.get(host) ?? new HostWindow(host);
    this.#windows.delete(host);
    this.#windows.set(host, window);
    if (this.#windows.size > hostLimit) {
      const quietest = [...this.#windows.keys()].find((name) => name !== this.#kept);
      if (quietest !== undefined) {
        this.#windows.delete(quietest);
        this.#received.delete(quietest);
      }
    }
    return window;
  }

  /**
   * After a restart with a fresh database, ids begin again; rows with ids that this page knows would be dropped, and
   * it would stand still. So look for a known id that is now another row, and for a cursor beneath ours. The same
   * database has that, too, on a replica that has not come so far, or whose service has just started and waits again
   * for ids that never come; but then it shows a row that this page has, be it since a moment.
   */
  #isOtherDatabase({ cursor, rows }: Snapshot): boolean {
    if (this.#contradicted) return true;
    let familiar = false;
    for (const { id, recibido } of rows) {
      const known = this.#ids.get(id);
      if (known !== undefined && known !== recibido) return true;
      familiar ||= known !== undefined;
    }
    return cursor < (this.#cursor ?? 0) && !familiar;
  }

  #forget(): void {
    this.#windows.clear();
    this.#received.clear();
    this.#ids.clear();
    this.#samples.clear();
    this.#routes.clear();
    this.#cursor = undefined;
    this.#contradicted = false;
    this.#absences = 0;
    this.#epoch += 1;
    this.#newest = Number.NEGATIVE_INFINITY;
  }

  #changed(): void {
    this.#unpainted = true;
    this.#unviewed = true;
    this.#askForFrame();
  }

  #askForFrame(): void {
    if (this.#pending) return;
    this.#pending = true;
    this.#surroundings.frame(this.#draw);
  }

  readonly #draw = (elapsed: number): void => {
    this.#pending = false;
    if (this.#unpainted) {
      this.#unpainted = false;
      for (const painter of this.#painters) painter();
    }
    const turned = this.#link !== this.#view.link || this.#state !== this.#view.state;
    if (turned || elapsed - this.#viewed >= viewEvery) {
      this.#viewed = elapsed;
      this.#unviewed = false;
      this.#view = this.#makeView();
      for (const listener of this.#listeners) listener();
    }
    if (this.#unviewed) this.#askForFrame();
  };

  #makeView(): View {
    const hosts: HostView[] = [];
    let newestHost: string | undefined;
    for (const window of this.#windows.values()) {
      const { host, latest, length } = window;
      if (!latest) continue;
      hosts.push({ host, latest, points: length, behind: window.behind() > StaleSeconds * 1_000 });
      newestHost = host;
    }
    hosts.sort((a, b) => (a.host < b.host ? -1 : 1));
    return {
      link: this.#link,
      state: this.#state,
      hosts,
      newestHost,
      received: new Map(this.#received),
      absences: this.#absences,
      epoch: this.#epoch,
      routes: this.#routes.view(),
    };
  }
}

/** A row without host or secuencia is a sample of its own. */
function sampleKey(row: Row): string {
  return row.host && row.secuencia !== undefined ? `${row.secuencia} ${row.host}` : `#${row.id}`;
}
