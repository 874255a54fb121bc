import { readFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import { es } from '../src/shared/i18n/es';
import { Replica } from './replica';
import { address, expect, expectShown, test } from './test';

const token = 'llave-de-la-casa';

test('a service with a token lets nobody see anything without it', async ({ page, system, vm }) => {
  const replica = await Replica.start(system.where.dsn, { PULSO_SOCKET_TOKEN: token });
  try {
    await vm.fill(50);
    await page.goto(address(replica.page, vm.host));
    const form = page.getByTestId('access');
    const conn = page.getByTestId('conn');
    await expect(form).toBeVisible();
    await expect(conn).toContainText(es['conn.refused']);
    await expect(form.getByRole('alert')).toHaveCount(0); // nobody has said anything wrong yet
    await expect(page.getByTestId('cpu-chart')).toHaveCount(0);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations).toEqual([]);

    const field = form.getByLabel(es['access.token']);
    await field.fill('la llave de otra casa');
    await field.press('Enter');
    await expect(form.getByRole('alert')).toHaveText(es['access.wrong']);
    await expect(page.getByTestId('cpu-chart')).toHaveCount(0);

    await field.fill(token);
    await form.getByRole('button', { name: es['access.enter'] }).click();
    await expectShown(page, 50);
    await expect(form).toBeHidden();
    await vm.fill(10);
    await expectShown(page, 60);

    // The past and the export are behind the same door.
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const file = await readFile(await download.path(), 'utf8');
    expect(file.trimEnd().split('\n')).toHaveLength(1 + 60);
    await page.getByTestId('range').getByRole('button', { name: es['range.1h'] }).click();
    await expectShown(page, 60);

    // As long as the tab, and no longer.
    await page.reload();
    await expectShown(page, 60);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect(other.getByTestId('access')).toBeVisible();
  } finally {
    await replica.stop();
  }
});
