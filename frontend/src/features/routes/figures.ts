import type { RouteSecond, RouteStats } from '../../shared/contract/event';
import { type Histogram, quantile } from '../../shared/latency/histogram';
import { parseTime } from '../../shared/stream/clock';

export interface Span {
  readonly from: number; // ms since 1970
  readonly to: number;
  readonly seconds: readonly RouteSecond[] | undefined; // live
}

export interface RouteFigures {
  readonly api: string;
  readonly writer: string;
  readonly accent: string; // a class and a colour token
  readonly requests: number;
  readonly share: number; // percent of all requests
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly errors: number;
  readonly errorShare: number; // percent of its requests
  readonly latency: Histogram;
  readonly p50: number | undefined; // ms
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

/** The two that the system has; both are shown also before they did anything. */
const expected = ['api1', 'api2'];
const accents = ['api1', 'api2', 'muted'];

/** Live, the rate is that of these last seconds: over five minutes, a burst of one would be nothing. */
export const rateSeconds = 10;

// An instance writes a second within one after it, and the stream looks once a second.
const settling = 2; // s

/** The second, in ms, before which nothing is still being counted. */
export function settledBefore(now: number): number {
  return Math.floor(now / 1_000 - settling) * 1_000;
}

export function figuresOf(stats: readonly RouteStats[], span: Span): RouteFigures[] {
  const names = [...new Set([...expected, ...stats.map(({ api }) => api)])].sort();
  const all = stats.reduce((sum, { requests }) => sum + requests, 0);
  return names.map((api, i) => {
    const { writer, requests, rows, errors, latency } = stats.find((each) => each.api === api) ?? nothing;
    return {
      api,
      writer,
      accent: accents[Math.min(i, accents.length - 1)] ?? 'muted',
      requests,
      share: all > 0 ? (100 * requests) / all : 0,
      rows,
      rowsPerSecond: span.seconds ? recentRate(api, span.seconds, span.to) : rateOver(rows, span),
      errors,
      errorShare: requests > 0 ? (100 * errors) / requests : 0,
      latency,
      p50: quantile(latency, 0.5),
      p95: quantile(latency, 0.95),
      p99: quantile(latency, 0.99),
    };
  });
}

const nothing: Omit<RouteStats, 'api'> = { writer: '', requests: 0, rows: 0, errors: 0, latency: [] };

function rateOver(rows: number, { from, to }: Span): number {
  return to > from ? rows / ((to - from) / 1_000) : 0;
}

function recentRate(api: string, seconds: readonly RouteSecond[], now: number): number {
  const to = settledBefore(now);
  const from = to - rateSeconds * 1_000;
  let rows = 0;
  for (const second of seconds) {
    const at = parseTime(second.second);
    if (second.api === api && at >= from && at < to) rows += second.rows;
  }
  return rows / rateSeconds;
}
