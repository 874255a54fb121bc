import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { es } from '../src/shared/i18n/es';
import { colourOf, Picture } from './picture';
import { address, expect, expectShown, test } from './test';

const header =
  'id,total_ram,ram_libre,uso_ram,porcentaje_ram,porcentaje_cpu_uso,porcentaje_cpu_libre,procesos_corriendo,total_procesos,procesos_durmiendo,procesos_zombie,procesos_parados,hora,host,secuencia,fuente,api,recibido';

async function exportRows(page: Page): Promise<string[][]> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^pulso-.*\.csv$/);
  const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split(/\r?\n/);
  expect(lines.shift()).toBe(header);
  return lines.map((line) => line.split(','));
}

test('the rows of the time that is shown are saved as CSV', async ({ page, system, vm }) => {
  await vm.fill(4_000);
  for (let i = 0; i < 3; i += 1) await vm.send();
  const columns = header.split(',');
  const column = (rows: string[][], name: string) => rows.map((row) => row[columns.indexOf(name)]);

  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, vm.between(vm.newest - 300_000, vm.newest + 1));
  const live = await exportRows(page);
  expect(live).toHaveLength(vm.rowsBetween(vm.newest - 300_000, vm.newest + 1));
  expect(new Set(column(live, 'host'))).toEqual(new Set([vm.host]));
  expect(column(live, 'hora')).toEqual(column(live, 'hora').toSorted());
  for (const id of column(live, 'id')) expect(vm.ids).toContain(Number(id));

  const ends = { from: '2026-03-01T12:10:00Z', to: '2026-03-01T12:20:00Z' };
  await page.goto(address(system.where.page, vm.host, ends));
  await expectShown(page, 600);
  const fixed = await exportRows(page);
  expect(fixed).toHaveLength(600);
  expect(column(fixed, 'hora')[0]).toMatch(/^2026-03-01 12:10:00/);
  expect(column(fixed, 'hora').at(-1)).toMatch(/^2026-03-01 12:19:59/);
});

test('a chart is saved as a PNG', async ({ page, system, vm }) => {
  await vm.fill(100);
  const writing = vm.goOn();
  await page.goto(address(system.where.page, vm.host));
  // The seconds that are counted are some seconds old.
  const rows = page.getByTestId('rows-chart');
  await expect(async () => {
    expect((await Picture.of(rows)).columnsIn(await colourOf(page, 'api1'))).toContain(true);
  }).toPass({ timeout: 15_000 });
  for (const [chart, accent, least] of [
    ['cpu-chart', 'cpu', 0.4],
    ['ram-chart', 'ram', 0.4],
    ['process-chart', 'sleeping', 0.4],
    ['rows-chart', 'api1', 0.01],
  ] as const) {
    const figure = page.getByRole('figure').filter({ has: page.getByTestId(chart) });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByRole('button', { name: es['chart.savePicture'].replace('{title}', '') }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^pulso-${chart}-\\d{8}T\\d{6}\\.png$`));
    const file = await readFile(await download.path());
    expect(file.subarray(1, 4).toString()).toBe('PNG');
    const picture = await Picture.read(page, file);
    const drawn = await page.getByTestId(chart).boundingBox();
    // With a title above and the clock below.
    expect(picture.width).toBeGreaterThanOrEqual(drawn?.width ?? Number.NaN);
    expect(picture.height).toBeGreaterThan((drawn?.height ?? Number.NaN) + 40);
    // It has the line, from end to end, and what is written.
    const line = picture.columnsIn(await colourOf(page, accent));
    expect(line.filter(Boolean).length).toBeGreaterThan(least * picture.width);
    expect(picture.columnsIn(await colourOf(page, 'text'))).toContain(true);
  }
  vm.rest();
  await writing;
});
