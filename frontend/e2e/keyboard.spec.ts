import type { Page } from '@playwright/test';
import { en } from '../src/shared/i18n/en';
import { es } from '../src/shared/i18n/es';
import { es as words } from '../src/shared/runs/es';
import { handIn, newRun, runAddress } from './runs';
import { address, expect, expectShown, newHost, test } from './test';
import { Vm } from './vm';

interface Stop {
  readonly name: string; // its test id, else what it is called
  readonly outlined: boolean; // one sees that it has the focus
  readonly inSight: boolean;
}

function focused(page: Page): Promise<Stop | undefined> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return undefined;
    const { top, bottom, width } = element.getBoundingClientRect();
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      name:
        element.getAttribute('data-testid') ??
        element.getAttribute('aria-label') ??
        element.textContent?.trim() ??
        '',
      outlined: outlineStyle !== 'none' && outlineWidth !== '0px',
      inSight: width > 0 && bottom > 0 && top < innerHeight,
    };
  });
}

/** Walks with Tab to what has this test id or name. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    if ((await focused(page))?.name === name) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test('Tab reaches everything, in reading order, and shows where it is', async ({ page, system, vm }) => {
  await new Vm(system.where.entry, newHost()).fill(1); // so that there is a choice of VMs
  await vm.fill(100);
  await vm.send();
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 101);
  await expect(page.getByTestId('rows-chart')).toBeVisible();
  const stops: Stop[] = [];
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    const stop = await focused(page);
    if (!stop) break;
    stops.push(stop);
  }
  const picture = (title: string) => es['chart.savePicture'].replace('{title}', title);
  const inUse = (title: string) => es['chart.inUse'].replace('{title}', title);
  expect(stops.map(({ name }) => name)).toEqual([
    es['page.content'],
    es['nav.runs'],
    'host',
    es['range.live'],
    es['range.1h'],
    es['range.24h'],
    es['range.custom'],
    'pause',
    'CSV',
    en['language.switch'],
    es['theme.toDark'],
    'cpu-chart',
    picture(inUse('CPU')),
    'ram-chart',
    picture(inUse('RAM')),
    'process-chart',
    picture(es['processes.overTime']),
    'rows-chart',
    expect.stringMatching(picture('.*')),
  ]);
  expect(stops.filter(({ outlined }) => !outlined)).toEqual([]);
  expect(stops.filter(({ inSight }) => !inSight)).toEqual([]);
});

test('a VM, a range, a pause, a language and a theme are chosen with the keyboard', async ({
  page,
  system,
  vm,
}) => {
  const other = new Vm(system.where.entry, newHost());
  await other.fill(20);
  await vm.fill(700);
  await page.goto(address(system.where.page, other.host));
  await expectShown(page, 20);

  await tabTo(page, 'host');
  await page.keyboard.type(vm.host); // as one does in a list of names
  await expect(page).toHaveURL(address(system.where.page, vm.host));
  await expectShown(page, 301);

  await tabTo(page, es['range.1h']);
  await page.keyboard.press('Enter');
  await expectShown(page, 700);
  await tabTo(page, 'back');
  await page.keyboard.press('Space');
  await expectShown(page, 301);

  await tabTo(page, 'pause');
  await page.keyboard.press('Space');
  await expect(page.getByTestId('pause')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Space');
  await expect(page.getByTestId('pause')).toHaveAttribute('aria-pressed', 'false');

  await tabTo(page, es['theme.toDark']);
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');

  await tabTo(page, 'CSV');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
});

test('the arrows say what a chart shows, select with Shift, and Enter zooms', async ({
  page,
  system,
  vm,
}) => {
  await vm.fill(120);
  const start = address(system.where.page, vm.host);
  await page.goto(start);
  await expectShown(page, 120);
  await tabTo(page, 'cpu-chart');
  const chart = page.getByTestId('cpu-chart');
  await expect(chart).toHaveRole('slider');
  await expect(chart).toHaveAttribute('aria-valuetext', es['chart.nowhere']);
  await expect(chart).toHaveAccessibleDescription(/CPU en uso, de .* promedio .*Las flechas/);
  const saying = (time: string) =>
    expect(chart).toHaveAttribute('aria-valuetext', new RegExp(`^${time}, CPU [\\d,]+\\s%$`));
  await page.keyboard.press('ArrowLeft');
  await saying('12:01:59');
  await expect(chart).toHaveAttribute('aria-valuenow', '119');
  await page.keyboard.press('ArrowLeft');
  await saying('12:01:58');
  await page.keyboard.press('Control+ArrowLeft');
  await saying('12:01:48');
  await page.keyboard.press('Home');
  await saying('12:00:00');
  await page.keyboard.press('ArrowRight');
  await saying('12:00:01');
  await page.keyboard.press('End');
  await saying('12:01:59');
  // The same instant on the others, for those who see it.
  await expect(page.getByTestId('ram-chart').locator('.tip')).toContainText('12:01:59');

  await page.keyboard.press('Home');
  await page.keyboard.press('Control+ArrowRight');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Control+Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/from=2026-03-01T12:00:10(\.\d+)?Z&to=2026-03-01T12:00:40/);
  await expect(chart).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(chart).toHaveAttribute('aria-valuetext', /^12:00:(39|40)/);
  await page.keyboard.press('Escape'); // the crosshair goes,
  await expect(chart).toHaveAttribute('aria-valuetext', es['chart.nowhere']);
  await page.keyboard.press('Escape'); // and then the zoom
  await expect(page).toHaveURL(start);
});

test('the dialog keeps the focus and gives it back', async ({ page, system, vm }) => {
  await vm.fill(20);
  await page.goto(address(system.where.page, vm.host));
  await expectShown(page, 20);
  await tabTo(page, es['range.custom']);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  const reached = new Set<string>();
  for (let i = 0; i < 30; i += 1) {
    await page.keyboard.press('Tab');
    const where = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return 'the browser'; // which has its own keys
      return element?.closest('dialog') ? (element.getAttribute('name') ?? element.textContent) : 'behind';
    });
    reached.add(where ?? '');
  }
  expect(reached).toContain('from');
  expect(reached).toContain('to');
  expect(reached).toContain(es['range.cancel']);
  expect(reached).toContain(es['range.apply']);
  expect(reached).not.toContain('behind');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: es['range.custom'] })).toBeFocused();
});

test('a run is named, chosen, asked and compared with the keyboard', async ({ page, system }) => {
  const one = await handIn(system.where.entry, newRun({ name: 'uno' }));
  const two = await handIn(system.where.entry, newRun({ name: 'dos' }));
  await page.goto(`${system.where.page}/?runs`);
  await expect(page.getByTestId('runs')).toBeVisible();
  const of = (key: 'list.choose' | 'list.renameOf', name: string) => words[key].replace('{name}', name);

  await tabTo(page, of('list.renameOf', 'dos'));
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel(words['list.name'])).toBeFocused();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('tres');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: of('list.renameOf', 'tres') })).toBeFocused();

  for (const name of ['tres', 'uno']) {
    await page.getByTestId('runs').evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
    await tabTo(page, of('list.choose', name));
    await page.keyboard.press('Space');
  }
  await tabTo(page, words['list.compare']);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(runAddress(system.where.page, two, one));

  await page.goto(runAddress(system.where.page, one));
  const answer = page.getByTestId('answer');
  await expect(answer).toHaveAttribute('data-answer', 'no');
  for (let i = 0; i < 20; i += 1) {
    await page.keyboard.press('Tab');
    if (
      await page
        .getByTestId('question')
        .getByLabel(words['question.users'])
        .evaluate((field) => field === document.activeElement)
    )
      break;
  }
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('100');
  await page.keyboard.press('Enter');
  await expect(answer).toHaveAttribute('data-answer', 'yes');
  await expect(page.getByTestId('question').getByLabel(words['question.users'])).toBeFocused();
});
