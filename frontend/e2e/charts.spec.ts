import type { Locator, Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { colourOf, Picture } from './picture';
import { address, expect, expectShown, test } from './test';

const horaCharts = ['cpu-chart', 'ram-chart', 'process-chart'];

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error(`${locator} is not on the page`);
  return box;
}

/** Points at a share of a chart's width. */
async function point(page: Page, chart: string, share: number): Promise<number> {
  const { x, y, width, height } = await boxOf(page.getByTestId(chart).locator('.u-over'));
  await page.mouse.move(x + share * width, y + height / 3);
  return x + share * width;
}

for (const width of [1440, 360]) {
  test(`pointing at one chart points at the same instant on the others, at a width of ${width}`, async ({
    page,
    system,
    vm,
  }) => {
    await page.setViewportSize({ width, height: 2_600 }); // all of them are in sight
    await vm.fill(300);
    await page.goto(address(system.where.page, vm.host));
    await expectShown(page, 300);
    for (const chart of horaCharts) {
      for (const share of [0.02, 0.3, 0.7, 0.98]) {
        await point(page, chart, share);
        const at = vm.newest - Math.round((1 - share) * 300) * 1_000;
        const times: number[] = [];
        for (const each of horaCharts) {
          const tip = page.getByTestId(each).locator('.tip');
          await expect(tip).toBeVisible();
          const text = (await tip.textContent()) ?? '';
          times.push(Date.parse(`2026-03-01T${text.slice(0, 8)}Z`));
          // The note is whole, and beside the line that it explains.
          const [note, frame, line] = await Promise.all([
            boxOf(tip),
            boxOf(page.getByTestId(each)),
            boxOf(page.getByTestId(each).locator('.u-cursor-x')),
          ]);
          expect(note.x).toBeGreaterThanOrEqual(frame.x);
          expect(note.x + note.width).toBeLessThanOrEqual(frame.x + frame.width);
          expect(note.y).toBeGreaterThanOrEqual(frame.y);
          expect(note.y + note.height).toBeLessThanOrEqual(frame.y + frame.height);
          expect(note.x > line.x || note.x + note.width < line.x).toBe(true);
        }
        expect(new Set(times).size).toBe(1);
        expect(Math.abs((times[0] ?? 0) - at)).toBeLessThanOrEqual(2_000);
      }
    }
    await page.mouse.move(1, 1);
    for (const each of horaCharts) await expect(page.getByTestId(each).locator('.tip')).toBeHidden();
  });
}

for (const range of ['live', '1h']) {
  test(`a time without samples is hatched and never bridged: ${range}`, async ({ page, system, vm }) => {
    const asleep = range === 'live' ? 60 : 900;
    await vm.fill(range === 'live' ? 120 : 1_500);
    const lost = vm.newest;
    vm.sleep(asleep);
    await vm.fill(range === 'live' ? 121 : 1_201);
    await page.goto(address(system.where.page, vm.host, range === 'live' ? {} : { range }));
    await expectShown(page, vm.samples);
    const chart = page.getByTestId('cpu-chart');
    await expect(page.locator('.hatched').filter({ visible: true })).toHaveCount(horaCharts.length);

    const length = range === 'live' ? 300 : 3_600;
    for (const [id, token] of [
      ['cpu-chart', 'cpu'],
      ['ram-chart', 'ram'],
      ['process-chart', 'sleeping'],
    ] as const) {
      const plot = await Picture.of(page.getByTestId(id).locator('.u-over'));
      const line = plot.columnsIn(await colourOf(page, token));
      const hatch = plot.columnsIn(await colourOf(page, 'hatch'));
      const column = (moment: number) => line.length * (1 - (vm.newest - moment) / 1_000 / length);
      // Away from its edges by as much as a stretch of samples is wide.
      const [left, right] = [Math.ceil(column(lost)) + 6, Math.floor(column(lost + asleep * 1_000)) - 6];
      expect(right - left).toBeGreaterThan(60);
      expect(line.slice(left, right)).not.toContain(true);
      expect(hatch.slice(left, right)).not.toContain(false);
      expect(line.slice(right + 14, -4)).not.toContain(false);
    }

    await point(page, 'cpu-chart', 1 - (vm.newest - lost - asleep * 500) / 1_000 / length);
    await expect(chart.locator('.tip')).toContainText(es['chart.noData']);
  });
}
