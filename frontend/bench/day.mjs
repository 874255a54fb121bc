// The real system with a day of samples in it: the page as a stranger loads it, and a day opened.
import { slowPage, withBrowser } from './chromium.mjs';
import { fill } from './fill.mjs';
import { withSystem } from './programs.mjs';
import { figure, note } from './report.mjs';

const rounds = 7;
const chart = '[data-testid=cpu-chart]';
const dayPoints = 1_430; // a point a minute, and some slack at both ends

export async function day() {
  return withSystem(async ({ page: url, entry }) => {
    await fill(url, entry);
    return withBrowser(async (browser) => [
      ...(await firstLoad(browser, url)),
      ...(await openDay(browser, url)),
    ]);
  });
}

/** Calls `use` with a new page several times; nothing is in the cache, nothing compiled. */
async function freshly(browser, use) {
  const all = [];
  for (let i = 0; i < rounds; i += 1) {
    const { page, close } = await slowPage(browser);
    await page.addInitScript(watchPoints, chart);
    all.push(await use(page));
    await close();
  }
  return all;
}

async function firstLoad(browser, url) {
  const loads = await freshly(browser, async (page) => {
    await page.goto(url);
    await page.evaluate(() => window.benchDrawn(1));
    await page.waitForTimeout(2_000); // nothing larger is painted later
    return page.evaluate(readLoad);
  });
  const bytes = loads.map(({ scripts }) => scripts.reduce((sum, { size }) => sum + size, 0));
  return [
    figure('ui.script_kib', 'KiB', kibi(bytes), '117 (120 kB) or less'),
    note(
      'the same in kB',
      'kB',
      bytes.map((size) => size / 1_000),
    ),
    note('for a browser without brotli', 'KiB', kibi([await gzipped(loads[0].scripts)])),
    figure(
      'ui.lcp_ms',
      'ms',
      loads.map(({ paint }) => paint),
      'under 1500',
    ),
    note(
      'until the live chart is drawn',
      'ms',
      loads.map(({ drawn }) => drawn),
    ),
  ];
}

const kibi = (bytes) => bytes.map((size) => size / 1_024);

async function gzipped(scripts) {
  const answers = await Promise.all(
    scripts.map(({ name }) => fetch(name, { headers: { 'Accept-Encoding': 'gzip' } })),
  );
  return answers.reduce((sum, { headers }) => sum + Number(headers.get('Content-Length')), 0);
}

/** From the click on 24 h, and from the address of a day, to the frame after the one in which its points are drawn. */
async function openDay(browser, url) {
  const clicked = await freshly(browser, async (page) => {
    await page.goto(url);
    await page.evaluate(() => window.benchDrawn(1));
    await page.waitForTimeout(1_000); // the load is over
    return page.evaluate(clickDay, dayPoints);
  });
  const addressed = await freshly(browser, async (page) => {
    await page.goto(`${url}/?range=24h`);
    return page.evaluate((points) => window.benchDrawn(points), dayPoints);
  });
  return [
    figure('ui.open_24h_ms', 'ms', clicked, 'under 1000'),
    note('from the address, with the load', 'ms', addressed),
  ];
}

// What follows runs in the page.

/** Makes benchDrawn: when the chart had at least so many points for the first time, and they were painted. */
function watchPoints(selector) {
  const moments = []; // { points, at }, with points that grow
  const waiting = new Set();
  new MutationObserver(() => {
    const points = Number(document.querySelector(selector)?.dataset.points ?? 0);
    if (points <= (moments.at(-1)?.points ?? 0)) return;
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        moments.push({ points, at: performance.now() });
        for (const look of waiting) look();
      }),
    );
  }).observe(document, { subtree: true, childList: true, attributeFilter: ['data-points'] });
  window.benchDrawn = (points) =>
    new Promise((resolve) => {
      const look = () => {
        const moment = moments.find((m) => m.points >= points);
        if (!moment) return;
        waiting.delete(look);
        resolve(moment.at);
      };
      waiting.add(look);
      look();
    });
}

async function readLoad() {
  const scripts = performance
    .getEntriesByType('resource')
    .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
    .map(({ name, transferSize: size }) => ({ name, size }));
  const paint = await new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1)?.startTime)).observe({
      type: 'largest-contentful-paint',
      buffered: true,
    });
  });
  return { paint, scripts, drawn: await window.benchDrawn(1) };
}

async function clickDay(points) {
  const buttons = [...document.querySelectorAll('[data-testid=range] button')];
  const began = performance.now();
  buttons.find(({ textContent }) => textContent === '24 h').click();
  return (await window.benchDrawn(points)) - began;
}
