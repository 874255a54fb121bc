// Pictures of the page for people: after a run they are in frontend/test-results/gallery.
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { en } from '../src/shared/i18n/en';
import { type Catalogue, es } from '../src/shared/i18n/es';
import { Replica } from './replica';
import { address, expect, newHost, test } from './test';
import { Vm } from './vm';

const folder = resolve(import.meta.dirname, '../test-results/gallery');

const themes = ['light', 'dark'] as const;
const languages = { es: 'es-GT', en: 'en-GB' };
const screens: Record<string, BrowserContextOptions> = {
  laptop: { viewport: { width: 1_440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  small: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  wall: { viewport: { width: 2_560, height: 1_440 } },
};

/** A page as its name says: `WHAT-SCREEN-THEME-LANGUAGE`. */
class Shot {
  private constructor(
    readonly page: Page,
    private readonly name: string,
    readonly t: Catalogue,
  ) {}

  static async open(browser: Browser, name: string, url: string): Promise<Shot> {
    const [, screen = '', theme, language] = name.split('-');
    const context = await browser.newContext({
      ...screens[screen],
      colorScheme: themes.find((each) => each === theme) ?? null,
      locale: language === 'en' ? languages.en : languages.es,
    });
    const page = await context.newPage();
    await page.goto(url);
    return new Shot(page, name, language === 'en' ? en : es);
  }

  /** Awaits charts with something on them. */
  async drawn(): Promise<this> {
    await expect(this.page.getByTestId('process-chart')).toHaveAttribute('data-points', /^[1-9]/);
    return this;
  }

  /** Takes the whole page. What is out of sight is drawn late: so it is looked at first. */
  async take(): Promise<void> {
    const { page } = this;
    for (const chart of await page.getByRole('figure').all()) await chart.scrollIntoViewIfNeeded();
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(folder, `${this.name}.png`), fullPage: true });
    await page.context().close();
  }
}

test.setTimeout(120_000);

test('pictures of a VM', async ({ browser, system, vm }) => {
  const at = (more: Record<string, string> = {}) => address(system.where.page, vm.host, more);
  await vm.fill(2_700, 30); // most of a day
  await vm.fill(3_400);
  vm.sleep(30);
  await vm.fill(70);
  await new Vm(system.where.entry, newHost()).fill(30);
  const writing = vm.goOn();
  for (const name of [
    'live-laptop-light-es',
    'live-laptop-dark-en',
    'live-phone-light-es',
    'live-wall-light-en',
  ]) {
    await (await (await Shot.open(browser, name, at())).drawn()).take();
  }

  const hour = await (await Shot.open(browser, '1h-laptop-light-en', at({ range: '1h' }))).drawn();
  await hour.page.getByTestId('cpu-chart').hover({ position: { x: 300, y: 80 } });
  await hour.take();
  for (const [name, range] of [
    ['1h-small-dark-en', '1h'],
    ['24h-laptop-dark-es', '24h'],
    ['24h-wall-dark-es', '24h'],
    ['24h-phone-light-en', '24h'],
  ] as const) {
    await (await (await Shot.open(browser, name, at({ range }))).drawn()).take();
  }

  const paused = await (await Shot.open(browser, 'paused-laptop-light-es', at())).drawn();
  await paused.page.getByTestId('pause').click();
  await paused.take();
  const selecting = await (await Shot.open(browser, 'keys-laptop-dark-en', at())).drawn();
  await selecting.page.getByTestId('process-chart').focus();
  for (const key of ['ArrowLeft', 'Control+ArrowLeft', 'Shift+PageDown'])
    await selecting.page.keyboard.press(key);
  await selecting.take();

  vm.rest();
  await writing;
  const [from, to] = [vm.newest - 900_000, vm.newest - 600_000].map((ms) => new Date(ms).toISOString());
  const fixed = { from: from ?? '', to: to ?? '' };
  for (const name of ['zoomed-laptop-light-es', 'zoomed-phone-dark-en']) {
    await (await (await Shot.open(browser, name, at(fixed))).drawn()).take();
  }
  const dialog = await (await Shot.open(browser, 'dialog-laptop-dark-es', at(fixed))).drawn();
  await dialog.page.locator('.custom').click();
  await dialog.take();
  const nothing = { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00Z' };
  const none = await Shot.open(browser, 'empty-laptop-light-es', at(nothing));
  await expect(none.page.getByRole('main').getByRole('status')).toBeVisible();
  await none.take();

  for (const name of ['stale-laptop-light-es', 'stale-phone-dark-en']) {
    const stale = await (await Shot.open(browser, name, at())).drawn();
    await expect(stale.page.getByTestId('conn')).toHaveAttribute('data-state', 'stale', { timeout: 20_000 });
    await stale.take();
  }
});

test('pictures of what is not there', async ({ browser, empty }) => {
  const { page, entry, dsn } = empty.where;
  for (const name of ['waiting-laptop-light-es', 'waiting-phone-dark-en']) {
    const waiting = await Shot.open(browser, name, page);
    await expect(waiting.page.getByTestId('waiting')).toContainText(waiting.t['waiting.rows.title']);
    await waiting.take();
  }
  const vm = new Vm(entry, newHost());
  await vm.fill(200);

  const replica = await Replica.start(dsn, { PULSO_SOCKET_TOKEN: 'a-key' });
  const access = await Shot.open(browser, 'access-laptop-dark-es', replica.page);
  await access.page.getByTestId('access').getByRole('textbox').fill('another-key');
  await access.page.keyboard.press('Enter');
  await expect(access.page.getByTestId('access').getByRole('alert')).toBeVisible();
  await access.take();
  const phone = await Shot.open(browser, 'access-phone-light-en', replica.page);
  await expect(phone.page.getByTestId('access')).toBeVisible();
  await phone.take();

  const away = await Promise.all(
    ['away-laptop-light-es', 'away-phone-dark-en'].map(async (name) =>
      (await Shot.open(browser, name, address(page, vm.host))).drawn(),
    ),
  );
  const lost = await (await Shot.open(browser, 'lost-laptop-dark-en', address(page, vm.host))).drawn();
  await empty.kill('mariadb');
  for (const shot of away) {
    await expect(shot.page.getByTestId('conn')).toHaveAttribute('data-state', 'away', { timeout: 20_000 });
    await shot.take();
  }
  await empty.restart('mariadb');

  await empty.kill('socket');
  await expect(lost.page.getByTestId('conn')).toContainText(lost.t['conn.lost']);
  await lost.take();
  const gone = await Shot.open(browser, 'lost-laptop-light-es', page);
  await expect(gone.page.getByTestId('waiting')).toContainText(gone.t['waiting.lost.title']);
  await gone.take();
  await empty.restart('socket');
  await replica.stop();
});
