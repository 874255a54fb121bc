import { type RouteSecond, WindowSeconds } from '../contract/event';
import { parseTime } from './clock';

const windowLength = WindowSeconds * 1_000;

/** Keeps the routes' live window: the seconds of `recibido` that lie in the five minutes up to the newest one. */
export class RouteWindow {
  readonly #seconds = new Map<string, RouteSecond>();
  #newest = Number.NEGATIVE_INFINITY;
  #view: readonly RouteSecond[] | undefined;

  /** Takes seconds in, each as a whole in the place of what was known of it. */
  add(seconds: readonly RouteSecond[]): void {
    for (const second of seconds) {
      this.#seconds.set(`${second.second} ${second.api}`, second);
      this.#newest = Math.max(this.#newest, parseTime(second.second));
    }
    const oldest = this.#newest - windowLength;
    for (const [key, { second }] of this.#seconds) {
      if (parseTime(second) <= oldest) this.#seconds.delete(key);
    }
    this.#view = undefined;
  }

  clear(): void {
    this.#seconds.clear();
    this.#newest = Number.NEGATIVE_INFINITY;
    this.#view = undefined;
  }

  /** The seconds in order of time and route: the same object until something comes in. */
  view(): readonly RouteSecond[] {
    this.#view ??= [...this.#seconds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, second]) => second);
    return this.#view;
  }
}
