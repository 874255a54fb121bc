import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { es as words } from '../src/shared/runs/es';
import { handIn, newReplay, newRun, runAddress } from './runs';
import { address, expect, expectShown, test } from './test';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Finds nothing to object to, in light and in dark. */
async function expectNoViolation(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  await expectNone(page, 'light', new AxeBuilder({ page }).withTags(tags), 15);
  // The rest is the same.
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectNone(page, 'dark', new AxeBuilder({ page }).withRules('color-contrast'), 0);
}

async function expectNone(page: Page, theme: string, builder: AxeBuilder, rules: number): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
  const { violations, passes } = await builder.analyze();
  expect(passes.length).toBeGreaterThan(rules);
  const found = violations.map(({ id, impact, help, nodes }) => ({
    [`${impact} ${id}`]: `${help}: ${nodes.map(({ target }) => target).join(', ')}`,
  }));
  expect(found, theme).toEqual([]);
}

test('a page that waits for rows', async ({ page, empty }) => {
  await page.goto(empty.where.page);
  await expect(page.getByTestId('waiting')).toContainText(es['waiting.rows.title']);
  await expectNoViolation(page);
});

test('a page with data, live, over an hour, zoomed, and with the dialog open', async ({
  page,
  system,
  vm,
}) => {
  await vm.fill(700);
  vm.sleep(60);
  await vm.fill(200);
  await vm.send();
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, vm.between(vm.newest - 300_000, vm.newest + 1));
  await expect(page.getByTestId('rows-chart')).toBeVisible();
  await expectNoViolation(page);

  await page.getByTestId('pause').click();
  await expectNoViolation(page);

  await page.goto(address(system.where.page, vm.host, { range: '1h' }));
  await expectShown(page, vm.samples);
  await expectNoViolation(page);

  await page.goto(
    address(system.where.page, vm.host, { from: '2026-03-01T12:05:00Z', to: '2026-03-01T12:08:00Z' }),
  );
  await expectShown(page, 180);
  await expectNoViolation(page);

  await page.getByRole('button', { name: /12:05:00/ }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectNoViolation(page);
});

test('the runs: their list, a dialog, a run, a replay, and two side by side', async ({ page, system }) => {
  const run = await handIn(system.where.entry, newRun({ name: 'la primera' }));
  const replay = await handIn(system.where.entry, newReplay(run));
  await page.goto(`${system.where.page}/?runs`);
  await expect(page.getByTestId('runs')).toBeVisible();
  await expectNoViolation(page);
  await page.getByRole('button', { name: words['list.deleteOf'].replace('{name}', 'la primera') }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectNoViolation(page);
  for (const runs of [[run], [replay], [run, replay]]) {
    await page.goto(runAddress(system.where.page, ...runs));
    await expect(page.getByTestId('answer').first()).toBeVisible();
    await expectNoViolation(page);
  }
});
