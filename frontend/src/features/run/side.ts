import type { Objective, Run } from '../../shared/contract/run';
import type { Verdict } from '../../shared/contract/verdict';
import { linear, logarithmic, type Scale } from '../../shared/plot/scale';
import { type Point, pointsOf } from './points';

/** A run and what it says: one of one or two that are shown side by side. */
export interface Side {
  readonly run: Run;
  readonly verdict: Verdict;
  readonly objective: Objective;
  readonly points: readonly Point[];
}

export function sideOf(run: Run, verdict: Verdict): Side {
  const objective: Objective = verdict.objective;
  return { run, verdict, objective, points: pointsOf(run, objective.percentile) };
}

/** The axes, the same for all sides: else two pictures could not be compared by eye. */
export interface Scales {
  readonly users: Scale;
  readonly throughput: Scale;
  readonly latency: Scale;
  readonly length: number; // seconds
}

export function scalesOf(sides: readonly Side[]): Scales {
  let [users, good, least, most, length] = [1, 1, Number.POSITIVE_INFINITY, 0, 1];
  const latency = (ms: number | undefined) => {
    if (ms === undefined || !(ms > 0)) return;
    least = Math.min(least, ms);
    most = Math.max(most, ms);
  };
  for (const { verdict, objective, points } of sides) {
    for (const point of points) {
      users = Math.max(users, point.users);
      good = Math.max(good, point.good);
      latency(point.latency);
      length = Math.max(length, point.second + 1);
    }
    for (const level of verdict.levels) {
      good = Math.max(good, level.requests.high);
      latency(level.p50);
    }
    users = Math.max(users, verdict.asked);
    latency(objective.latency_ms);
  }
  return {
    users: linear(1.04 * users),
    throughput: linear(1.1 * good, 4),
    latency: logarithmic(least, most),
    length,
  };
}

/** Users change little in a replay; pictures against their number say something only where there are several levels. */
export function hasLevels({ run, verdict }: Side): boolean {
  return run.phase === 1 || new Set(verdict.levels.map(({ users }) => users)).size > 1;
}
