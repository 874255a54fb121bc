import type { Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { handIn, newReplay, newRun, runAddress } from './runs';
import { address, expect, expectShown, newHost, test } from './test';
import { Vm } from './vm';

/** What of the page is cut off: beyond the window, or beyond an element that hides what does not fit. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width)
      found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!(node instanceof HTMLCanvasElement) && !(node instanceof Text && node.data.trim() !== ''))
        continue;
      if (node instanceof HTMLCanvasElement && !node.checkVisibility()) continue;
      const element = node.parentElement;
      if (!element?.checkVisibility() || element.closest('.visually-hidden, option, .lines, .scroll'))
        continue;
      const range = document.createRange();
      range.selectNode(node);
      const { left, right } = range.getBoundingClientRect();
      const name = `${element.className || element.tagName}: ${node.textContent?.slice(0, 40)}`;
      if (left < -0.5 || right > width + 0.5) found.push(`${name} (${left}–${right})`);
      for (let around: HTMLElement | null = element; around; around = around.parentElement) {
        if (getComputedStyle(around).overflowX === 'visible') continue;
        const box = around.getBoundingClientRect();
        if (left < box.left - 0.5 || right > box.right + 0.5)
          found.push(`${name} is cut off by ${around.className}`);
      }
    }
    return found;
  });
}

/** The charts follow a new width in the next frames. */
async function expectNothingCutOff(page: Page, where: string): Promise<void> {
  await expect.poll(() => cutOff(page), { message: where, intervals: [50, 50, 100, 200] }).toEqual([]);
}

const widths = [360, 390, 768, 1_024, 1_440, 2_560];

for (const locale of ['es-GT', 'en-GB']) {
  test.describe(`in ${locale}`, () => {
    test.use({ locale });

    test('the page fits every width, and nothing is cut off', async ({ page, system, vm }) => {
      await new Vm(system.where.entry, newHost()).fill(1); // so that there is a choice of VMs
      await vm.fill(3_600);
      await vm.send();
      const views: Record<string, string>[] = [
        {},
        { range: '24h' },
        { from: '2026-03-01T12:10:00Z', to: '2026-03-02T12:20:00Z' },
      ];
      for (const view of views) {
        // What is added up is a few seconds behind.
        await expect(async () => {
          await page.goto(address(system.where.page, vm.host, view));
          await expect(page.getByTestId('cpu-chart')).toHaveAttribute('data-points', /^[1-9]/, {
            timeout: 2_000,
          });
        }).toPass({ timeout: 20_000 });
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 });
          await expectNothingCutOff(page, `${JSON.stringify(view)} at ${width}`);
        }
      }
    });
  });
}

test('the pages of runs fit every width', async ({ page, system }) => {
  const run = await handIn(system.where.entry, newRun({ name: 'una corrida con un nombre largo' }));
  const other = await handIn(system.where.entry, newRun({ name: '', capacity: 320 }));
  const replay = await handIn(system.where.entry, newReplay(run));
  const views = [
    `${system.where.page}/?runs`,
    ...[[run], [replay], [run, other]].map((runs) => runAddress(system.where.page, ...runs)),
  ];
  for (const view of views) {
    await page.goto(view);
    await expect(page.locator('[data-testid="runs"], [data-testid="answer"]').first()).toBeVisible();
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      await expectNothingCutOff(page, `${view} at ${width}`);
    }
  }
});

test('what comes and goes fits a phone, too', async ({ page, system, vm }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(address(system.where.page, 'vm-0'));
  await expect(page.getByTestId('waiting')).toBeVisible();
  await expectNothingCutOff(page, 'waiting');
  await vm.fill(100);
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 100);
  await page.getByTestId('pause').click();
  await expect(page.getByRole('main').getByRole('status')).toBeVisible();
  await expectNothingCutOff(page, 'paused');
  await page.getByRole('button', { name: es['range.custom'] }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(es['range.from']).fill('2026-03-01T13:00:00');
  await dialog.getByRole('button', { name: es['range.apply'] }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await expectNothingCutOff(page, 'dialog');
});

test('the cards stand in reading order: one column on a phone, side by side on a wall', async ({
  page,
  system,
  vm,
}) => {
  await vm.fill(100);
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 100);
  const order = ['cpu-chart', 'ram-chart', 'process-table', 'process-chart', 'routes'];
  const places = async () =>
    Promise.all(
      order.map(async (id) => (await page.getByTestId(id).boundingBox()) ?? { x: 0, y: 0, width: 0 }),
    );
  await page.setViewportSize({ width: 390, height: 844 });
  const phone = await places();
  expect(phone.map(({ y }) => y)).toEqual(phone.map(({ y }) => y).toSorted((a, b) => a - b));
  for (const { width } of phone) expect(width).toBeGreaterThan(320);
  await page.setViewportSize({ width: 2_560, height: 1_440 });
  const wall = await places();
  expect(wall[1]?.x).toBeGreaterThan((wall[0]?.x ?? 0) + (wall[0]?.width ?? 0));
  const right = Math.max(...wall.map(({ x, width }) => x + width));
  expect(right - Math.min(...wall.map(({ x }) => x))).toBeGreaterThan(1_700); // it uses the wall
});
