import type { RouteSecond, RouteStats } from '../contract/event';
import { merge } from './histogram';

/** What each route did in all of these seconds, in order of route. */
export function mergeSeconds(seconds: readonly RouteSecond[]): RouteStats[] {
  const names = [...new Set(seconds.map(({ api }) => api))].sort();
  return names.map((name) => {
    const all = seconds.filter(({ api }) => api === name);
    return {
      api: name,
      writer: all.at(-1)?.writer ?? '',
      requests: sum(all, ({ requests }) => requests),
      rows: sum(all, ({ rows }) => rows),
      errors: sum(all, ({ errors }) => errors),
      latency: merge(all.map(({ latency }) => latency)).map(([bucket, count]) => [bucket, count]),
    };
  });
}

function sum(seconds: readonly RouteSecond[], count: (second: RouteSecond) => number): number {
  return seconds.reduce((all, second) => all + count(second), 0);
}
