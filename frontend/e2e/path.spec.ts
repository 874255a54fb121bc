import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { List } from '../src/shared/contract/run';
import { expect, number, test } from './test';

const root = join(import.meta.dirname, '..', '..');

const charts = ['cpu-chart', 'ram-chart', 'process-chart'];

test('a sample travels from this machine to a point on a chart', async ({
  page,
  empty: system,
}, testInfo) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const shot = (name: string) =>
    page.screenshot({ path: testInfo.outputPath(`${name}.png`), fullPage: true });

  await page.goto(system.where.page);
  await expect(page.getByTestId('waiting')).toBeVisible();
  await shot('waiting');

  await system.record(30, 6, 150);
  const replay = system.replay(50);

  // While phase 2 runs, the charts gain points and the table fills.
  for (const chart of charts) {
    await expect.poll(() => number(page, chart, 'data-points'), { timeout: 30_000 }).toBeGreaterThan(0);
    const before = await number(page, chart, 'data-points');
    await expect.poll(() => number(page, chart, 'data-points'), { timeout: 30_000 }).toBeGreaterThan(before);
  }
  await expect(page.getByTestId('conn')).toHaveAttribute('data-state', 'live');
  await expect(page.getByTestId('process-table').locator('[data-state]')).toHaveCount(4);
  expect(await number(page, 'process-table', 'data-total')).toBeGreaterThan(0);
  await shot('live');

  // In the end the page has counted every row that was acknowledged, and drawn every distinct sample.
  const { acknowledged, distinct_samples } = await replay;
  await expect(page.getByTestId('rows-total')).toHaveAttribute('data-value', `${acknowledged}`);
  await expect(page.getByTestId('distinct-total')).toHaveAttribute('data-value', `${distinct_samples}`);
  expect(await number(page, 'repeated-total', 'data-value')).toBe(acknowledged - distinct_samples);
  expect(acknowledged).toBeGreaterThan(distinct_samples);
  for (const chart of charts) {
    expect(await number(page, chart, 'data-points')).toBe(distinct_samples);
  }
  expect(problems).toEqual([]);
  await shot('end');

  // Somebody who opens the page now sees the same curve.
  const late = await page.context().newPage();
  await late.goto(system.where.page);
  await expect(late.getByTestId('cpu-chart')).toHaveAttribute('data-points', `${distinct_samples}`);

  // Both phases are runs that were handed in; what the page answers of one, its report says, too.
  const { runs } = (await (await fetch(`${system.where.page}/runs`)).json()) as List;
  expect(runs.map(({ phase }) => phase)).toEqual([2, 1]);
  const [replayed, recorded] = runs;
  expect(replayed?.recording).toBe(recorded?.id);
  await late.goto(`${system.where.page}/?run=${recorded?.id}`);
  const sentence = await late.locator('.answer-sentence').innerText();
  await promisify(execFile)(join(root, 'bin', 'report'), [`${recorded?.id}`], {
    cwd: root,
    env: { ...process.env, PULSO_URL: system.where.page },
  });
  for (const kind of ['html', 'md']) {
    const file = join(root, `report-${recorded?.id}.${kind}`);
    const text = (await readFile(file, 'utf8')).replaceAll('\\', '');
    await rm(file);
    expect(text).toContain(sentence);
  }
});
