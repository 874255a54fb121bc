import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { Run } from '../src/shared/contract/run';
import { es } from '../src/shared/i18n/es';
import { es as words } from '../src/shared/runs/es';
import { Replica } from './replica';
import { handIn, newRun, runAddress } from './runs';
import { expect, expectShown, test } from './test';

const filled = (key: keyof typeof words, values: Record<string, string>) =>
  words[key].replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);

const row = (page: Page, { id }: Run) => page.locator(`[data-run="${id}"]`);

test('a run is found from the dashboard, and its page answers first', async ({ page, system, vm }) => {
  await vm.fill(240); // what its users did to the VM
  const run = await handIn(system.where.entry, newRun({ name: 'la de hoy', host: vm.host }));
  await page.goto(system.where.page);
  await page.getByRole('link', { name: es['nav.runs'] }).click();
  await expect(page).toHaveURL(/\?runs$/);
  await expect(row(page, run)).toContainText(vm.host);
  await row(page, run).getByRole('link', { name: 'la de hoy' }).click();
  await expect(page).toHaveURL(runAddress(system.where.page, run));

  // 180 answers a second by construction, which 300 users that each ask once in 1.5 s are beyond.
  const answer = page.getByTestId('answer');
  await expect(answer).toHaveAttribute('data-answer', 'no');
  const top = await answer.boundingBox();
  expect(top?.y).toBeLessThan(300);
  const capacity = await page.locator('[data-figure="capacity"] .figure-value').innerText();
  expect(Math.abs(Number.parseFloat(capacity.replace(',', '.')) / 180 - 1)).toBeLessThan(0.1);
  await expect(page.locator('[data-figure="bottleneck"] .figure-value')).toHaveText(words['resource.cpu']);
  await expect(page.getByTestId('loads').getByRole('img')).toHaveCount(4);

  // The charts of the VM at that time, and back.
  await page.getByRole('link', { name: words['run.live'] }).click();
  await expectShown(page, 240);
  await page.goBack();
  await expect(answer).toBeVisible();
  await page.getByRole('link', { name: words['run.back'] }).click();
  await expect(row(page, run)).toBeVisible();
});

test('a run answers other questions than its own, and a link keeps them', async ({ page, system }) => {
  const run = await handIn(system.where.entry, newRun());
  await page.goto(runAddress(system.where.page, run));
  const answer = page.getByTestId('answer');
  await expect(answer).toHaveAttribute('data-answer', 'no');
  const form = page.getByTestId('question');
  await form.getByLabel(words['question.users']).fill('100');
  await form.getByRole('button', { name: words['question.ask'] }).click();
  await expect(answer).toHaveAttribute('data-answer', 'yes');
  await expect(page.locator('[data-figure="asked"] .figure-value')).toContainText('100');
  await page.reload();
  await expect(answer).toHaveAttribute('data-answer', 'yes');
  await expect(form.getByLabel(words['question.users'])).toHaveValue('100');

  // In 1 ms nothing is answered, however few ask.
  await form.getByLabel(words['question.latency']).fill('1');
  await form.getByRole('button', { name: words['question.ask'] }).click();
  await expect(answer).toHaveAttribute('data-answer', 'no');
  await form.getByRole('button', { name: words['question.reset'] }).click();
  await expect(page).toHaveURL(runAddress(system.where.page, run));
  await expect(form.getByLabel(words['question.users'])).toHaveValue('300');
});

test('a run is named, exported, deleted and imported again', async ({ page, system }) => {
  const run = await handIn(system.where.entry, newRun({ name: 'antes' }));
  await page.goto(`${system.where.page}/?runs`);
  await page.getByRole('button', { name: filled('list.renameOf', { name: 'antes' }) }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words['list.name']).fill('<b>después</b>');
  await page.keyboard.press('Enter');
  await expect(row(page, run).getByRole('link')).toHaveText('<b>después</b>');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    row(page, run).getByRole('button', { name: words['list.export'] }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`pulso-run-${run.id}.json`);
  const file = await readFile(await download.path());
  const exported: Run = JSON.parse(file.toString());
  expect(exported.seconds).toEqual(run.seconds);
  expect(exported.name).toBe('<b>después</b>');

  const remove = row(page, run).getByRole('button', { name: words['list.delete'] });
  await remove.click();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(row(page, run)).toBeVisible();
  await remove.click();
  await expect(dialog).toContainText('<b>después</b>');
  await dialog.getByRole('button', { name: words['delete.do'] }).click();
  await expect(row(page, run)).toHaveCount(0);
  await page.goto(runAddress(system.where.page, run));
  await expect(page.getByRole('status')).toContainText(filled('list.failed', { reason: '' }).trim());

  await page.goto(`${system.where.page}/?runs`);
  const bring = (name: string, buffer: Buffer) =>
    page.getByTestId('import').setInputFiles({ name, mimeType: 'application/json', buffer });
  await bring('run.json', file);
  await expect(row(page, run)).toContainText('<b>después</b>');
  await row(page, run).getByRole('link').click();
  await expect(page.getByTestId('answer')).toHaveAttribute('data-answer', 'no');

  await page.goto(`${system.where.page}/?runs`);
  await bring('otra.json', Buffer.from(JSON.stringify({ ...exported, phase: 7 })));
  await expect(page.getByTestId('runs').getByRole('status')).toContainText(/otra\.json.*phase/);
});

test('two runs stand side by side on the same axes', async ({ page, system }) => {
  const [one, two] = [
    await handIn(system.where.entry, newRun({ name: 'uno', machine: 'e2-standard-2' })),
    await handIn(system.where.entry, newRun({ name: 'dos', machine: 'e2-standard-4', capacity: 300 })),
  ];
  await page.goto(`${system.where.page}/?runs`);
  const compare = page.getByRole('button', { name: words['list.compare'] });
  await expect(compare).toBeDisabled();
  for (const run of [one, two]) await row(page, run).getByRole('checkbox').check();
  await compare.click();
  await expect(page).toHaveURL(runAddress(system.where.page, one, two));
  await expect(page.getByTestId('answer')).toHaveCount(2);
  expect(
    await page
      .getByTestId('answer')
      .evaluateAll((all) => all.map((each) => each.getAttribute('data-answer'))),
  ).toEqual(['no', 'yes']);
  const machine = page.getByTestId('differences').getByRole('row', { name: words['vm.machine'] });
  await expect(machine).toHaveClass('differs');
  await expect(machine).toContainText('e2-standard-4');
  const axes = await page.locator('.load .plot-x').evaluateAll((all) => all.map((each) => each.textContent));
  expect(axes).toHaveLength(8);
  expect(new Set(axes).size).toBe(1);
});

test('runs are behind the same token as everything else', async ({ page, system }) => {
  const run = await handIn(system.where.entry, newRun({ name: 'de la casa' }));
  const replica = await Replica.start(system.where.dsn, { PULSO_SOCKET_TOKEN: 'llave' });
  try {
    await page.goto(`${replica.page}/?runs`);
    const form = page.getByTestId('access');
    await expect(form).toBeVisible();
    await expect(page.getByTestId('runs')).toHaveCount(0);
    await form.getByLabel(es['access.token']).fill('llave');
    await page.keyboard.press('Enter');
    await expect(row(page, run)).toBeVisible();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      row(page, run).getByRole('button', { name: words['list.export'] }).click(),
    ]);
    expect(JSON.parse(await readFile(await download.path(), 'utf8')).id).toBe(run.id);
    await row(page, run).getByRole('link').click();
    await expect(page.getByTestId('answer')).toBeVisible();
    await page.getByRole('link', { name: words['run.back'] }).click();
    await row(page, run).getByRole('button', { name: words['list.delete'] }).click();
    await page.getByRole('dialog').getByRole('button', { name: words['delete.do'] }).click();
    await expect(row(page, run)).toHaveCount(0);
  } finally {
    await replica.stop();
  }
});
