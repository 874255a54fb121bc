import type { Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { address, expect, expectShown, test } from './test';

const hour = 3_600_000; // ms
const horaCharts = ['cpu-chart', 'ram-chart', 'process-chart'];

/** The ends of a fixed range, as the address has them. */
function ends(page: Page): { from: number; to: number } {
  const parameters = new URL(page.url()).searchParams;
  return { from: Date.parse(parameters.get('from') ?? ''), to: Date.parse(parameters.get('to') ?? '') };
}

function button(page: Page, name: keyof typeof es) {
  return page.getByTestId('range').getByRole('button', { name: es[name], exact: true });
}

/** Drags over a chart, between two shares of its width. */
async function drag(page: Page, chart: string, from: number, to: number): Promise<void> {
  const box = await page.getByTestId(chart).locator('.u-over').boundingBox();
  if (!box) throw new Error(`${chart} is not on the page`);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + to * box.width, y, { steps: 5 });
  await page.mouse.up();
}

/** The time that a chart names at a share of its width, in ms of its day. */
async function timeAt(page: Page, chart: string, share: number): Promise<number> {
  const over = page.getByTestId(chart).locator('.u-over');
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (!box) throw new Error(`${chart} is not on the page`);
  await page.mouse.move(box.x + share * box.width, box.y + box.height / 2);
  const text = await page.getByTestId(chart).locator('.tip').textContent();
  return Date.parse(`1970-01-01T${text?.slice(0, 8)}Z`);
}

test('the buttons choose the range, the address has it, and all samples in it are drawn', async ({
  page,
  system,
  vm,
}) => {
  await vm.fill(3_000, 25);
  vm.sleep(600);
  await vm.fill(3_300);
  await page.goto(address(system.where.page, vm.host));
  const range = page.getByTestId('range');
  await expect(range).toHaveAttribute('data-range', 'live');
  await expectShown(page, vm.between(vm.newest - 300_000, vm.newest + 1));
  await expect(button(page, 'range.live')).toHaveAttribute('aria-pressed', 'true');

  await button(page, 'range.1h').click();
  await expect(range).toHaveAttribute('data-range', '1h');
  await expect(page).toHaveURL(address(system.where.page, vm.host, { range: '1h' }));
  await expect(button(page, 'range.1h')).toHaveAttribute('aria-pressed', 'true');
  await expectShown(page, 3_300);

  // The day is added up a few seconds behind.
  await expect(async () => {
    await page.goto(address(system.where.page, vm.host, { range: '24h' }));
    await expect(range).toHaveAttribute('data-range', '24h');
    await expectShown(page, vm.samples);
  }).toPass({ timeout: 30_000 });

  // Both follow what comes in.
  await vm.fill(20);
  await expectShown(page, vm.samples);
  await button(page, 'range.1h').click();
  await vm.fill(20);
  await expectShown(page, 3_340);

  await button(page, 'range.live').click();
  await expect(page).toHaveURL(address(system.where.page, vm.host));
  await expectShown(page, vm.between(vm.newest - 300_000, vm.newest + 1));
});

test('a drag on a chart zooms all of them into that time; double click, button and browser go back', async ({
  page,
  system,
  vm,
}) => {
  await vm.fill(3_700);
  const start = address(system.where.page, vm.host, { range: '1h' });
  await page.goto(start);
  const range = page.getByTestId('range');
  await expect(page.getByTestId('cpu-chart')).toHaveAttribute('data-points', /^[1-9]/);

  await drag(page, 'cpu-chart', 0.4, 0.6);
  await expect(range).toHaveAttribute('data-range', 'fixed');
  const first = ends(page);
  expect(Math.abs(first.from - (vm.newest - 0.6 * hour))).toBeLessThan(10_000);
  expect(Math.abs(first.to - (vm.newest - 0.4 * hour))).toBeLessThan(10_000);
  // The ends are moved out to whole seconds.
  const whole = { from: 1_000 * Math.floor(first.from / 1_000), to: 1_000 * Math.ceil(first.to / 1_000) };
  await expectShown(page, vm.between(whole.from, whole.to));
  for (const chart of horaCharts) {
    const wanted = first.from + 0.25 * (first.to - first.from);
    expect(Math.abs((await timeAt(page, chart, 0.25)) - (wanted % 86_400_000))).toBeLessThan(4_000);
  }

  // Deeper, on another chart.
  const zoomed = page.url();
  await drag(page, 'ram-chart', 0.2, 0.8);
  await expect(page).not.toHaveURL(zoomed);
  const second = ends(page);
  expect(second.from).toBeGreaterThan(first.from);
  expect(second.to).toBeLessThan(first.to);

  await page.getByTestId('cpu-chart').locator('.u-over').dblclick();
  await expect(page).toHaveURL(zoomed);
  await expectShown(page, vm.between(whole.from, whole.to));
  await page.getByTestId('back').click();
  await expect(page).toHaveURL(start);
  await expect(range).toHaveAttribute('data-range', '1h');
  await page.goForward();
  await expect(page).toHaveURL(zoomed);
  await expectShown(page, vm.between(whole.from, whole.to));
  await page.goBack();
  await expect(page).toHaveURL(start);
  await expect(button(page, 'range.1h')).toHaveAttribute('aria-pressed', 'true');
});

test('a range by its two ends, and a link that shows the same', async ({ page, browser, system, vm }) => {
  await vm.fill(900);
  await page.goto(address(system.where.page, vm.host));
  await button(page, 'range.custom').click();
  const dialog = page.getByRole('dialog', { name: es['range.customTitle'] });
  const from = dialog.getByLabel(es['range.from']);
  const to = dialog.getByLabel(es['range.to']);
  await expect(dialog).toContainText(es['range.utc']);
  // It proposes what the page shows: the end is not included, and the newest sample is.
  expect(Date.parse(`${await to.inputValue()}Z`)).toBe(vm.newest + 1_000);

  await from.fill('2026-03-01T12:10:00');
  await to.fill('2026-03-01T12:05:00');
  await dialog.getByRole('button', { name: es['range.apply'] }).click();
  await expect(dialog.getByRole('alert')).toHaveText(es['range.wrong']);
  await expect(page.getByTestId('range')).toHaveAttribute('data-range', 'live');

  await from.fill('2026-03-01T12:03:00');
  await dialog.getByRole('button', { name: es['range.apply'] }).click();
  await expect(dialog).toBeHidden();
  const here = address(system.where.page, vm.host, {
    from: '2026-03-01T12:03:00Z',
    to: '2026-03-01T12:05:00Z',
  });
  await expect(page).toHaveURL(here.replaceAll('%3A', ':'));
  await expectShown(page, 120);

  // Somebody else opens the link, in another time zone.
  const context = await browser.newContext({ timezoneId: 'Asia/Tokyo' });
  const other = await context.newPage();
  await other.goto(page.url());
  await expectShown(other, 120);
  await expect(other.getByTestId('range')).toHaveAttribute('data-range', 'fixed');
  const label = await page.getByTestId('range').locator('[aria-pressed=true]').textContent();
  expect(label).toMatch(/12:03:00.*12:05:00/);
  await expect(other.getByTestId('range').locator('[aria-pressed=true]')).toHaveText(label ?? '');
  for (const chart of horaCharts) expect(await picture(other, chart)).toBe(await picture(page, chart));
  await context.close();
});

/** What is seen of a chart. */
async function picture(page: Page, chart: string): Promise<string> {
  return (await page.getByTestId(chart).screenshot()).toString('base64');
}

test('a time without samples says so', async ({ page, system, vm }) => {
  await vm.fill(10);
  const ends = { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00Z' };
  await page.goto(address(system.where.page, vm.host, ends));
  await expect(page.getByRole('main').getByRole('status')).toContainText(`Sin muestras de ${vm.host} entre`);
  await expectShown(page, 0);
  // And no number is made up.
  await expect(page.locator('.big')).toHaveText(['–', '–']);
  const cells = page.getByTestId('process-table').locator('tbody td:not(.meaning)');
  await expect(cells).toHaveText(Array.from({ length: 12 }, () => '–'));
  for (const chart of horaCharts) {
    await expect(page.getByTestId(chart)).toHaveAccessibleDescription(new RegExp(`^${es['chart.empty']}`));
  }
  await page.getByTestId('back').click();
  await expectShown(page, 10);
});

test('a pause holds the page still, and rows are counted meanwhile', async ({ page, system, vm }) => {
  await page.goto(address(system.where.page, vm.host));
  await vm.fill(30);
  const rows = page.getByTestId('rows-total');
  const main = page.getByRole('main');
  await expect(rows).toHaveAttribute('data-value', '30');
  const pause = page.getByTestId('pause');
  await pause.click();
  await expect(pause).toHaveAttribute('aria-pressed', 'true');
  await expect(main).toHaveAttribute('data-fresh', 'false');
  await expect(page.getByRole('main').getByRole('status')).toContainText('En pausa a las 12:00:29');
  const still = [await main.innerText(), ...(await Promise.all(horaCharts.map((id) => picture(page, id))))];

  await vm.fill(60);
  const other = await page.context().newPage(); // proof that they have come
  await other.goto(address(system.where.page, vm.host));
  await expectShown(other, 90);
  await other.close();
  const later = [await main.innerText(), ...(await Promise.all(horaCharts.map((id) => picture(page, id))))];
  expect(later).toEqual(still);

  await pause.click();
  await expect(rows).toHaveAttribute('data-value', '90');
  await expectShown(page, 90);
  await expect(main).toHaveAttribute('data-fresh', 'true');
});
