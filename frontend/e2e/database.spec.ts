import { expect, expectShown, newHost, test } from './test';
import { Vm } from './vm';

test('the database is killed: the page says so, invents nothing, and shows everything once it is back', async ({
  page,
  empty,
}) => {
  const vm = new Vm(empty.where.entry, newHost());
  const conn = page.getByTestId('conn');
  const main = page.getByRole('main');
  const rows = page.getByTestId('rows-total');
  await page.goto(empty.where.page);
  await expect(page.getByTestId('waiting')).toBeVisible();
  await vm.fill(900);
  await expect(rows).toHaveAttribute('data-value', `${vm.samples}`);
  const hour = await page.context().newPage();
  await hour.goto(`${page.url()}&range=1h`);
  await expectShown(hour, vm.samples);

  const writing = vm.goOn();
  await vm.sendsMore(20);
  await expect(main).toHaveAttribute('data-fresh', 'true');
  await empty.kill('mariadb');
  await expect(conn).toHaveAttribute('data-state', 'away', { timeout: 15_000 });
  await expect(main).toHaveAttribute('data-fresh', 'false');
  const numbers = page.locator('.now, .facts dd, .counters dd, .peak');
  const before = await numbers.allTextContents();
  expect(before.length).toBeGreaterThan(20);
  // Who comes now is told the same.
  const late = await page.context().newPage();
  await late.goto(empty.where.page);
  await expect(late.getByTestId('conn')).toHaveAttribute('data-state', 'away');
  // Only the age grows while nothing is known.
  await expect(page.locator('.pill-age')).toContainText(/[3-9]/);
  expect(await numbers.allTextContents()).toEqual(before);

  await empty.restart('mariadb');
  await expect(conn).toHaveAttribute('data-state', 'live', { timeout: 20_000 });
  await expect(main).toHaveAttribute('data-fresh', 'true');
  await vm.sendsMore(20);
  vm.rest();
  await writing;

  await expect(rows).toHaveAttribute('data-value', `${vm.ids.size}`);
  await expect(page.getByTestId('distinct-total')).toHaveAttribute('data-value', `${vm.samples}`);
  const inLive = vm.between(vm.newest - 300_000, vm.newest + 1);
  await expect(page.getByTestId('cpu-chart')).toHaveAttribute('data-points', `${inLive}`);
  await expectShown(hour, vm.samples);
  await expectShown(late, inLive);
  for (const each of [page, hour, late]) await expect(each.locator('.hatched')).toHaveCount(0);
});
