import { Replica } from './replica';
import { address, test as base, expect, expectShown } from './test';

const test = base.extend<{ replica: Replica }>({
  replica: async ({ system }, use) => {
    const replica = await Replica.start(system.where.dsn);
    await use(replica);
    await replica.stop();
  },
});

const ends = { 'ends in order': 'pause', 'is killed': 'kill' } as const;

for (const [how, end] of Object.entries(ends)) {
  test(`the socket service ${how} and comes back: the page counts every row once`, async ({
    page,
    vm,
    replica,
  }) => {
    await page.goto(address(replica.page, vm.host));
    const rows = page.getByTestId('rows-total');
    await expect(page.getByTestId('waiting')).toBeVisible();
    await vm.fill(900);
    await expect(rows).toHaveAttribute('data-value', `${vm.samples}`);
    const hour = await page.context().newPage();
    await hour.goto(address(replica.page, vm.host, { range: '1h' }));
    await expectShown(hour, vm.samples);

    const conn = page.getByTestId('conn');
    const main = page.getByRole('main');
    const writing = vm.goOn();
    await vm.sendsMore(20);
    await expect(main).toHaveAttribute('data-fresh', 'true');
    await replica[end]();
    await expect(conn).toHaveAttribute('data-state', 'connecting');
    await expect(main).toHaveAttribute('data-fresh', 'false');
    const counted = await rows.getAttribute('data-value');
    await vm.sendsMore(20);
    await expect(rows).toHaveAttribute('data-value', `${counted}`); // it counts what came, not what may have come
    await replica.resume();
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
    for (const each of [page, hour]) await expect(each.locator('.hatched')).toHaveCount(0);
  });
}
