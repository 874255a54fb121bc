// Pictures of the page for people: after a run they are in frontend/test-results/gallery.
import { join, resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { en } from '../src/shared/i18n/en';
import { type Catalogue, es } from '../src/shared/i18n/es';
import { Replica } from './replica';
import { handIn, newReplay, newRun, runAddress } from './runs';
import { address, expect, newHost, test } from './test';
import { Vm } from './vm';

const folder = resolve(import.meta.dirname, '../test-results/gallery');

const phone: BrowserContextOptions = { deviceScaleFactor: 1.5, isMobile: true, hasTouch: true };
const choices: Readonly<Record<string, BrowserContextOptions>> = {
  laptop: { viewport: { width: 1_440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, ...phone },
  small: { viewport: { width: 360, height: 740 }, ...phone },
  wall: { viewport: { width: 2_560, height: 1_440 } },
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  es: { locale: 'es-GT' },
  en: { locale: 'en-GB' },
};

/** A page in a browser such as `laptop-light-es`. */
class Shot {
  private constructor(
    readonly page: Page,
    readonly t: Catalogue,
    private readonly view: string,
  ) {}

  static async open(browser: Browser, view: string, url: string): Promise<Shot> {
    const context = await browser.newContext(
      Object.assign({}, ...view.split('-').map((name) => choices[name])),
    );
    const page = await context.newPage();
    await page.goto(url);
    return new Shot(page, view.endsWith('es') ? es : en, view);
  }

  /** Takes the whole page. Charts that are out of sight are drawn late: so each is looked at first. */
  async take(what: string): Promise<void> {
    for (const chart of await this.page.getByRole('figure').all()) await chart.scrollIntoViewIfNeeded();
    await this.page.evaluate(() => scrollTo(0, 0));
    await this.page.screenshot({ path: join(folder, `${what}-${this.view}.png`), fullPage: true });
  }

  async takeLast(what: string): Promise<void> {
    await this.take(what);
    await this.page.context().close();
  }
}

test('pictures of a VM', async ({ browser, system, vm }) => {
  test.slow(); // there are many
  await vm.fill(2_700, 30); // most of a day
  await vm.fill(3_400);
  vm.sleep(30);
  await vm.fill(70);
  await new Vm(system.where.entry, newHost()).fill(30);
  const writing = vm.goOn(200);
  const point = (page: Page) => page.getByTestId('cpu-chart').hover({ position: { x: 300, y: 80 } });
  const select = async (page: Page) => {
    await page.getByTestId('process-chart').focus();
    for (const key of ['ArrowLeft', 'Control+ArrowLeft', 'Shift+PageDown']) await page.keyboard.press(key);
  };
  const [from = '', to = ''] = [1_200, 900].map((s) => new Date(vm.newest - s * 1_000).toISOString());
  const zoomed = { from, to };
  const pictures: [what: string, view: string, Record<string, string>, ((page: Page) => Promise<void>)?][] = [
    ['live', 'laptop-light-es', {}],
    ['live', 'laptop-dark-en', {}],
    ['live', 'phone-light-es', {}],
    ['live', 'wall-light-en', {}],
    ['keys', 'laptop-dark-en', {}, select],
    ['paused', 'laptop-light-es', {}, (page) => page.getByTestId('pause').click()],
    ['1h', 'laptop-light-en', { range: '1h' }, point],
    ['1h', 'small-dark-en', { range: '1h' }],
    ['24h', 'laptop-dark-es', { range: '24h' }],
    ['24h', 'wall-dark-es', { range: '24h' }],
    ['zoomed', 'laptop-light-es', zoomed],
    ['zoomed', 'phone-dark-en', zoomed],
    ['dialog', 'laptop-dark-es', zoomed, (page) => page.locator('.custom').click()],
  ];
  for (const [what, view, more, prepare] of pictures) {
    const shot = await Shot.open(browser, view, address(system.where.page, vm.host, more));
    await expect(shot.page.getByTestId('process-chart')).toHaveAttribute('data-points', /^[1-9]/);
    await prepare?.(shot.page);
    await shot.takeLast(what);
  }
  const nothing = { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00Z' };
  const none = await Shot.open(browser, 'laptop-light-es', address(system.where.page, vm.host, nothing));
  await expect(none.page.getByRole('main').getByRole('status')).toContainText(vm.host);
  await none.takeLast('empty');
  vm.rest();
  await writing;
});

test('pictures of what is not there', async ({ browser, empty }) => {
  const { page, entry, dsn } = empty.where;
  const open = (view: string, url = page) => Shot.open(browser, view, url);
  const state = (shot: Shot, name: string) =>
    expect(shot.page.getByTestId('conn')).toHaveAttribute('data-state', name, { timeout: 20_000 });

  const shots = await Promise.all(['laptop-light-es', 'phone-dark-en'].map((view) => open(view)));
  for (const shot of shots) {
    await expect(shot.page.getByTestId('waiting')).toContainText(shot.t['waiting.rows.title']);
    await shot.take('waiting');
  }
  await new Vm(entry, newHost()).fill(200);

  const replica = await Replica.start(dsn, { PULSO_SOCKET_TOKEN: 'a-key' });
  const asked = await open('phone-light-en', replica.page);
  await expect(asked.page.getByTestId('access')).toBeVisible();
  await asked.takeLast('access');
  const refused = await open('laptop-dark-es', replica.page);
  await refused.page.getByTestId('access').getByRole('textbox').fill('another-key');
  await refused.page.keyboard.press('Enter');
  await expect(refused.page.getByTestId('access').getByRole('alert')).toBeVisible();
  await refused.takeLast('access');
  await replica.stop();

  for (const shot of shots) {
    await state(shot, 'stale');
    await shot.take('stale');
  }
  await empty.kill('mariadb');
  for (const shot of shots) {
    await state(shot, 'away');
    await shot.takeLast('away');
  }
  await empty.restart('mariadb');

  const lost = await open('laptop-dark-en');
  await state(lost, 'stale');
  await empty.kill('socket');
  await expect(lost.page.getByTestId('conn')).toContainText(lost.t['conn.lost']);
  await lost.takeLast('lost');
  const gone = await open('laptop-light-es');
  await expect(gone.page.getByTestId('waiting')).toContainText(gone.t['waiting.lost.title']);
  await gone.takeLast('gone');
  await empty.restart('socket');
});

test('pictures of runs', async ({ browser, empty }) => {
  test.slow(); // there are many
  const { page, entry } = empty.where;
  const shoot = async (what: string, views: string[], url: string, there: string) => {
    for (const view of views) {
      const shot = await Shot.open(browser, view, url);
      await expect(shot.page.getByTestId(there).first()).toBeVisible();
      await shot.takeLast(what);
    }
  };
  const all = ['laptop-light-es', 'wall-dark-en', 'phone-light-es', 'small-dark-en'];
  await shoot('runs-none', ['laptop-dark-es', 'phone-light-en'], `${page}/?runs`, 'runs');
  const two = await handIn(entry, newRun({ name: 'e2-standard-2', machine: 'e2-standard-2' }));
  const four = await handIn(entry, newRun({ name: 'e2-standard-4', capacity: 320 }));
  const replay = await handIn(entry, newReplay(two));
  const short = newRun();
  const cut = await handIn(entry, { ...short, seconds: short.seconds.slice(0, 40) });
  await shoot('runs', all, `${page}/?runs`, 'runs');
  await shoot('run', all, runAddress(page, two), 'answer');
  await shoot('run-yes', ['laptop-dark-en', 'phone-light-es'], runAddress(page, four), 'answer');
  await shoot('run-short', ['laptop-light-es'], runAddress(page, cut), 'answer');
  await shoot('run-replay', ['laptop-light-es', 'phone-dark-en'], runAddress(page, replay), 'answer');
  await shoot('run-two', all, runAddress(page, two, four), 'answer');
});
