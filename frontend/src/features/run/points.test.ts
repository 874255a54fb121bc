import { describe, expect, it } from 'vitest';
import type { Run } from '../../shared/contract/run';
import { makeRun } from '../../shared/runs/testing';
import { holesOf, horaOf, pointsOf, stretchesOf } from './points';

const run = makeRun({ capacity: 100, asked: 80 });
const only = (run: Run, keep: (second: number) => boolean): Run => ({
  ...run,
  seconds: run.seconds.filter(({ second }) => keep(second)),
});

describe('the seconds of a run', () => {
  it('count what was loaded, not what the agent was asked', () => {
    const [second] = run.seconds;
    const workload = second?.targets.find(({ name }) => name === 'workload');
    const [point] = pointsOf(run, 95);
    expect(point?.good).toBe((workload?.requests ?? 0) - (workload?.failures ?? 0));
    expect(point?.users).toBe(10);
    expect(point?.cpu).toBe(second?.vitals?.porcentaje_cpu_uso);
  });

  it('have their latency from the histograms of all routes together', () => {
    const target = (name: string, bucket: number) => ({
      name,
      requests: 100,
      failures: 0,
      latency: [[bucket, 100]] as [number, number][],
    });
    const both: Run = {
      ...run,
      seconds: [
        { second: 0, users: 1, generator_percent: 0, targets: [target('api1', 40), target('api2', 80)] },
        { second: 1, users: 1, generator_percent: 0, targets: [] },
      ],
    };
    const [first, second] = pointsOf(both, 50);
    expect(first?.latency).toBeCloseTo(0.1 * 2 ** (39.5 / 8), 5);
    expect(first?.good).toBe(200);
    expect(second?.latency).toBeUndefined();
    expect(second?.cpu).toBeUndefined();
    expect(pointsOf(both, 99)[0]?.latency).toBeCloseTo(0.1 * 2 ** (79.5 / 8), 5);
  });

  it('are not bridged where some are missing', () => {
    const points = pointsOf(
      only(run, (second) => second < 10 || second > 14),
      95,
    );
    const stretches = stretchesOf(points, 'good', 240);
    expect(stretches.map((stretch) => [stretch[0]?.[0], stretch.at(-1)?.[0]])).toEqual([
      [0, 9],
      [15, 239],
    ]);
    expect(holesOf(points)).toEqual([{ from: 10, to: 15 }]);
    expect(holesOf(pointsOf(run, 95))).toEqual([]);
  });

  it('are thinned where there are more than can be seen, and no peak is lost', () => {
    const points = Array.from({ length: 14_400 }, (_, second) => ({
      second,
      users: 1,
      good: second === 7_777 ? 900 : second === 9_999 ? 0 : 100,
      failures: 0,
      latency: undefined,
      cpu: undefined,
      ram: undefined,
    }));
    const [stretch = []] = stretchesOf(points, 'good', 14_400);
    expect(stretch.length).toBeLessThan(2_500);
    expect(stretch).toContainEqual([7_777, 900]);
    expect(stretch).toContainEqual([9_999, 0]);
    expect(stretch[0]?.[0]).toBe(0);
    expect(stretch.at(-1)?.[0]).toBe(14_399);
    expect(stretch.map(([second]) => second)).toEqual(
      stretch.map(([second]) => second).sort((a, b) => a - b),
    );
  });

  it('know when they were by the VM’s own clock', () => {
    expect(horaOf(run)).toEqual({
      from: Date.UTC(2026, 2, 1, 12),
      to: Date.UTC(2026, 2, 1, 12, 3, 59),
    });
    const silent = { ...run, seconds: run.seconds.map(({ vitals: _, ...rest }) => rest) };
    expect(horaOf(silent)).toBeUndefined();
  });
});
