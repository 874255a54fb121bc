import type { Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { colourOf, Picture } from './picture';
import { address, expect, expectShown, test } from './test';

/** Awaits a theme, in the page's colours and in those of a chart; answers the colour of the chart's line. */
async function expectTheme(page: Page, theme: 'light' | 'dark'): Promise<string> {
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
  const line = await colourOf(page, 'cpu');
  await expect(async () => {
    const chart = await Picture.of(page.getByTestId('cpu-chart').locator('.u-over'));
    expect(chart.columnsIn(line, 3)).toContain(true);
  }).toPass({ timeout: 5_000 });
  for (const token of ['page', 'card']) {
    const brightest = Math.max(...(await colourOf(page, token)));
    if (theme === 'light') expect(brightest).toBeGreaterThan(230);
    else expect(brightest).toBeLessThan(50);
  }
  return line.join();
}

test('the theme is the system’s until somebody chooses the other', async ({ page, system, vm }) => {
  await vm.fill(100);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 100);
  const inDark = await expectTheme(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' }); // in the evening, the other way round
  const inLight = await expectTheme(page, 'light');
  expect(inLight).not.toBe(inDark);

  await page.getByRole('button', { name: es['theme.toDark'] }).click();
  expect(await expectTheme(page, 'dark')).toBe(inDark);
  await page.reload();
  await expectShown(page, 100);
  await expectTheme(page, 'dark');
  // Back to the system's own is following it again.
  await page.getByRole('button', { name: es['theme.toLight'] }).click();
  await expectTheme(page, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectTheme(page, 'dark');
});

test('nothing moves for those who want less motion', async ({ page, system, vm }) => {
  await vm.fill(10);
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 10);
  // A rule as any component might bring it.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      '@keyframes turn { to { rotate: 1turn } } .pill.good { animation: turn 1s infinite; transition: all 1s; }',
    );
    document.adoptedStyleSheets = [sheet];
  });
  const moving = () => page.evaluate(() => document.getAnimations().length);
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(moving).toBe(0);
  const transition = await page
    .getByTestId('conn')
    .evaluate((pill) => getComputedStyle(pill).transitionDuration);
  expect(transition).toBe('0s');
});
