import { describe, expect, it } from 'vitest';
import type { Quantity } from '../stream/series';
import { spreadOf } from '../stream/series';
import { at } from '../stream/testing';
import { Stretches } from './stretches';
import { at0, makeBucket, makeHistory } from './testing';

const values =
  (cpu: number, zombie = 0) =>
  (quantity: Quantity) =>
    quantity === 'cpu' ? cpu : quantity === 'zombie' ? zombie : 0;

const past = makeHistory(0, 120, 60, {
  buckets: [
    makeBucket(0, { samples: 60, cpu: { min: 1, avg: 10, max: 90 } }),
    makeBucket(60, { samples: 20, cpu: { min: 2, avg: 30, max: 40 } }),
  ],
});

const cpu = (stretches: Stretches) => {
  const { x, columns } = stretches.frame(at0, at0 + 180);
  return [...x].map((middle, i) => ({
    middle: middle - at0,
    samples: columns.samples?.[i],
    cpu: ['cpu.min', 'cpu', 'cpu.max'].map((name) => columns[name]?.[i]),
  }));
};

describe('Stretches', () => {
  it('are drawn in their middle, with the lowest, the average and the highest', () => {
    expect(cpu(new Stretches(past))).toEqual([
      { middle: 30, samples: 60, cpu: [1, 10, 90] },
      { middle: 90, samples: 20, cpu: [2, 30, 40] },
    ]);
  });

  it('take in what comes after the answer, in any order, and nothing of its time', () => {
    const stretches = new Stretches(past);
    stretches.add(at0 + 119.999, values(99)); // the answer has it, or it is known when asked again
    stretches.add(at0 + 120, values(50));
    stretches.add(at0 + 250, values(70));
    stretches.add(at0 + 150, values(20));
    stretches.add(at0 + 190, values(5));
    expect(cpu(stretches).slice(2)).toEqual([
      { middle: 150, samples: 2, cpu: [20, 35, 50] },
      { middle: 210, samples: 1, cpu: [5, 5, 5] },
      { middle: 270, samples: 1, cpu: [70, 70, 70] },
    ]);
  });

  it('weigh an average by its samples', () => {
    const spread = spreadOf(new Stretches(past).frame(at0, at0 + 120), 'cpu');
    expect(spread).toMatchObject({ min: 1, avg: (60 * 10 + 20 * 30) / 80, max: 90, maxAt: at0 });
  });

  it('fit into steps of parts of a second', () => {
    const stretches = new Stretches(makeHistory(0, 1, 0.1, { buckets: [makeBucket(0.9)] }));
    for (let i = 0; i < 100; i += 1) stretches.add(at0 + 1 + i / 10, values(i));
    expect(stretches.frame(0, 1).x).toHaveLength(101);
    expect(stretches.frame(0, 1).holes).toEqual([]);
  });

  it('are forgotten when they have left the time that is shown', () => {
    const stretches = new Stretches(past);
    stretches.dropBefore(at0 + 59);
    expect(cpu(stretches)).toHaveLength(2);
    stretches.dropBefore(at0 + 60.001);
    expect(cpu(stretches).map(({ middle }) => middle)).toEqual([90]);
  });

  it('know when a state was last seen, from the answer and from what came since', () => {
    const seen = { min: 0, avg: 0.1, max: 3, last_nonzero: { hora: at(41), value: 2 } };
    const stretches = new Stretches({ ...past, states: { ...past.states, procesos_zombie: seen } });
    expect(stretches.lastNonZero('zombie')).toBe(at0 + 41);
    expect(stretches.lastNonZero('stopped')).toBeUndefined();
    stretches.add(at0 + 130, values(1, 1));
    stretches.add(at0 + 140, values(1, 0));
    stretches.add(at0 + 125, values(1, 4));
    expect(stretches.lastNonZero('zombie')).toBe(at0 + 130);
  });
});
