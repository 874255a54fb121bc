import { type Run, TargetAgent } from '../../shared/contract/run';
import { merge, quantile } from '../../shared/latency/histogram';
import { parseTime } from '../../shared/stream/clock';

/** A second of a run, of all that was loaded together. */
export interface Point {
  readonly second: number;
  readonly users: number;
  readonly good: number; // answers
  readonly failures: number;
  readonly latency: number | undefined; // ms, at the objective's percentile
  readonly cpu: number | undefined; // percent
  readonly ram: number | undefined;
}

export function pointsOf(run: Run, percentile: number): Point[] {
  return run.seconds.map(({ second, users, vitals, targets }) => {
    // Phase 1 asks the agent for the VM's numbers; what it is meant to carry is the application beside it.
    const loaded = targets.filter(({ name }) => name !== TargetAgent);
    const requests = loaded.reduce((sum, target) => sum + target.requests, 0);
    const failures = loaded.reduce((sum, target) => sum + target.failures, 0);
    return {
      second,
      users,
      good: requests - failures,
      failures,
      latency: quantile(merge(loaded.map(({ latency }) => latency)), percentile / 100),
      cpu: vitals?.porcentaje_cpu_uso,
      ram: vitals?.porcentaje_ram,
    };
  });
}

export type Quantity = Exclude<keyof Point, 'second' | 'latency'>;

const columns = 600; // more than this many across are not seen

/**
 * A quantity over the time of a run, in stretches of seconds that follow one another: what is missing is not bridged. Of
 * more seconds than can be drawn side by side, the first, the least, the greatest and the last stand for each stretch.
 */
export function stretchesOf(
  points: readonly Point[],
  quantity: Quantity,
  length: number,
): [second: number, value: number][][] {
  const stretches: [number, number][][] = [];
  let end = Number.NaN;
  for (const point of points) {
    const value = point[quantity];
    if (value === undefined) continue;
    // The VM's numbers come once a second, and now and then fall one earlier or later.
    const near = point.second - end <= (quantity === 'cpu' || quantity === 'ram' ? 3 : 1);
    if (!near) stretches.push([]);
    stretches.at(-1)?.push([point.second, value]);
    end = point.second;
  }
  const size = Math.ceil(length / columns);
  return size <= 1 ? stretches : stretches.map((stretch) => thinned(stretch, size));
}

function thinned(stretch: readonly [number, number][], size: number): [number, number][] {
  const kept = new Set<[number, number]>();
  for (let i = 0; i < stretch.length; i += size) {
    const group = stretch.slice(i, i + size);
    const ordered = group.toSorted(([, a], [, b]) => a - b);
    for (const each of [group[0], ordered[0], ordered.at(-1), group.at(-1)]) if (each) kept.add(each);
  }
  return [...kept].sort(([a], [b]) => a - b);
}

/** The stretches of a run of which there is no second at all. */
export function holesOf(points: readonly Point[]): { from: number; to: number }[] {
  const holes: { from: number; to: number }[] = [];
  for (const [i, { second }] of points.entries()) {
    const before = points[i - 1]?.second ?? -1;
    if (second - before > 1) holes.push({ from: before + 1, to: second });
  }
  return holes;
}

/** From when to when the VM's own clock went, in ms since 1970; undefined where it said nothing. */
export function horaOf(run: Run): { from: number; to: number } | undefined {
  const times = run.seconds.flatMap(({ vitals }) => (vitals ? [parseTime(vitals.hora)] : []));
  const known = times.filter((time) => !Number.isNaN(time));
  if (known.length === 0) return undefined;
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const time of known) {
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return { from, to };
}
