import type { Page } from '@playwright/test';
import { en } from '../src/shared/i18n/en';
import { es } from '../src/shared/i18n/es';
import { runCatalogues } from '../src/shared/runs/words';
import { handIn, newReplay, newRun, runAddress } from './runs';
import { address, expect, expectShown, test } from './test';

const catalogues = { es: { ...runCatalogues.es, ...es }, en: { ...runCatalogues.en, ...en } };
type Language = keyof typeof catalogues;

/** All texts: where both catalogues have a key, each has its own text. */
const textsIn: Readonly<Record<Language, readonly string[]>> = {
  es: [...Object.values(es), ...Object.values(runCatalogues.es)],
  en: [...Object.values(en), ...Object.values(runCatalogues.en)],
};

/** Every text of the page's own that a person reads or hears, but those that are said to be in another language. */
function textsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const texts = new Set<string>([document.title]);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node instanceof Element ? node : node.parentElement;
      if (!element || element.closest('body [lang], script, style, noscript, [data-said]')) continue;
      if (node instanceof Text) texts.add(node.data);
      if (node instanceof Element) {
        for (const name of [
          'aria-label',
          'aria-valuetext',
          'aria-description',
          'title',
          'placeholder',
          'alt',
        ]) {
          texts.add(node.getAttribute(name) ?? '');
        }
      }
    }
    return [...texts]
      .map((text) => text.replace(/^[\s·↩]+|[\s·]+$/g, ''))
      .filter((text) => /\p{L}/u.test(text));
  });
}

/** The catalogue's sentences as patterns, with anything in the place of what is filled in. */
function patternsOf(language: Language): RegExp[] {
  return textsIn[language].map((text) => {
    const parts = text.trim().split(/\{\w+\}/);
    return new RegExp(
      `^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`,
      's',
    );
  });
}

/** What a text says that is of no language: names, numbers with their units, dates, codes of the kernel. */
function isData(text: string, language: Language): boolean {
  const months = Array.from({ length: 12 }, (_, month) =>
    new Intl.DateTimeFormat(language, { month: 'short', timeZone: 'UTC' }).format(Date.UTC(2026, month)),
  );
  const words = [
    'vm-\\w+',
    'Pulso',
    'CSV',
    'PNG',
    'make demo',
    'api1',
    'api2',
    'MiB',
    'ms',
    's',
    'min',
    'h',
    'p50',
    'p95',
    'p99',
    'e2-standard-\\d?', // the number may be cut off
    '6\\.1\\.0-37-cloud-amd64',
    'http://[\\d.:]+',
    'e2e-[\\w-]+',
    'UTC',
  ];
  const left = [...words, ...months].reduce(
    (rest, word) => rest.replaceAll(new RegExp(`(?<!\\p{L})${word}(?!\\p{L})`, 'gu'), ''),
    text,
  );
  return !/\p{L}/u.test(left) || /^([A-Z] ?)+t?$/.test(text);
}

/** Whether a text is of the catalogue, or put together from what is. */
function isOwn(text: string, language: Language): boolean {
  if (patternsOf(language).some((pattern) => pattern.test(text)) || isData(text, language)) return true;
  const parts = text.split(/ · |, /).map((part) => part.replace(/[\s\d.,%]+$/, ''));
  return parts.length > 1 && parts.every((part) => isOwn(part, language));
}

/** Fails where a text is not the language's own, or is the other's. */
async function expectOnly(page: Page, language: Language): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  const texts = await textsOf(page);
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.filter((text) => !isOwn(text, language))).toEqual([]);
  const other: Language = language === 'es' ? 'en' : 'es';
  const shared = new Set<string>(textsIn[language]);
  const foreign = textsIn[other]
    .filter((text) => !shared.has(text))
    .flatMap((text) => text.split(/\{\w+\}/).map((part) => part.replace(/^[\s:,.·]+|[\s:,.·]+$/g, '')))
    .filter((part) => /\p{L}{3}/u.test(part) && !textsIn[language].some((text) => text.includes(part)));
  const found = texts.filter((text) =>
    foreign.some((part) =>
      new RegExp(`(?<!\\p{L})${part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?!\\p{L})`, 'u').test(text),
    ),
  );
  expect(found).toEqual([]);
}

for (const [locale, language] of [
  ['es-GT', 'es'],
  ['en-GB', 'en'],
  ['de-DE', 'en'],
] as const) {
  test.describe(`with a browser in ${locale}`, () => {
    test.use({ locale });

    test('everything is in one language, and in the other after the switch', async ({ page, system, vm }) => {
      const other: Language = language === 'es' ? 'en' : 'es';
      await vm.fill(100);
      vm.sleep(30);
      await vm.fill(100);
      await vm.send();
      await page.goto(address(system.where.page, vm.host));
      await expectShown(page, 201);
      const chart = page.getByTestId('process-chart');
      await chart.focus();
      await page.keyboard.press('ArrowLeft');
      await expect(chart).toHaveAttribute('aria-valuetext', /\d/);
      await expectOnly(page, language);

      await page.getByRole('button', { name: catalogues[other]['language.switch'] }).click();
      await expectOnly(page, other);
      // It is remembered, also where the page shows something else.
      await page.goto(address(system.where.page, vm.host, { range: '1h' }));
      await expectShown(page, 201);
      await expectOnly(page, other);
      await page.getByRole('button', { name: catalogues[other]['range.pause'] }).click();
      await page.getByRole('button', { name: catalogues[other]['range.custom'] }).click();
      await expectOnly(page, other);
      await page.goto(
        address(system.where.page, vm.host, { from: '2026-02-01T00:00:00Z', to: '2026-02-01T01:00:00Z' }),
      );
      await expectShown(page, 0);
      await expectOnly(page, other);
      await page.goto(address(system.where.page, 'vm-0'));
      await expect(page.getByTestId('waiting')).toBeVisible();
      await expectOnly(page, other);
    });
  });
}

for (const [locale, language] of [
  ['es-GT', 'es'],
  ['en-GB', 'en'],
] as const) {
  test.describe(`with a browser in ${locale}`, () => {
    test.use({ locale });

    test('the pages of runs are in one language, and so is what the verdict says', async ({
      page,
      system,
    }) => {
      const other: Language = language === 'es' ? 'en' : 'es';
      const run = await handIn(system.where.entry, newRun({ name: '' }));
      const replay = await handIn(system.where.entry, newReplay(run));
      const views = [[run], [replay], [run, replay]].map((runs) => runAddress(system.where.page, ...runs));
      for (const view of views) {
        await page.goto(view);
        await expect(page.getByTestId('answer').first()).toBeVisible();
        await expectOnly(page, language);
      }
      await page.goto(views[0] ?? '');
      const said = page.locator('.answer-sentence');
      await expect(said).toHaveText(language === 'es' ? /usuarios/ : /users/);
      await page.getByRole('button', { name: catalogues[other]['language.switch'] }).click();
      await expectOnly(page, other);
      await expect(said).toHaveText(other === 'es' ? /usuarios/ : /users/);
    });
  });
}
