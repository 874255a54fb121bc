// Runs that are made by rule and handed in as the two phases hand theirs in.
import type { Run } from '../src/shared/contract/run';
import { makeReplay, makeRun, type Rule } from '../src/shared/runs/testing';

const most = 300; // seconds that one request carries

/** A run that nobody else has. */
export function newRun(rule: Partial<Rule> = {}): Run {
  return makeRun({ capacity: 180, asked: 300, id: `e2e-${crypto.randomUUID()}`, ...rule });
}

/** A replay of a run's recording over both routes. */
export function newReplay(of: Run): Run {
  return makeReplay(of, `e2e-${crypto.randomUUID()}`);
}

export async function handIn(entry: string, run: Run): Promise<Run> {
  for (let i = 0; i < run.seconds.length; i += most) {
    const part: Run = { ...run, seconds: run.seconds.slice(i, i + most) };
    const answer = await fetch(`${entry}/api/runs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(part),
    });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
  return run;
}

export function runAddress(page: string, ...runs: readonly Run[]): string {
  const [first, second] = runs.map(({ id }) => id);
  return `${page}/?run=${first}${second ? `&with=${second}` : ''}`;
}
