// Debian's Chromium, with its CPU slowed four times.
import { chromium } from '@playwright/test';

export const slowdown = 4;

/** Opens a browser for as long as `use` takes. */
export async function withBrowser(use) {
  const browser = await chromium.launch({
    executablePath: process.env.PULSO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** A page of a context of its own, so that nothing is in its cache. */
export async function slowPage(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.stack}`));
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  await session.send('Performance.enable');
  return { page, session, close: () => context.close() };
}

/** Chromium's own counters: seconds of tasks on the main thread, bytes of the heap. */
export async function metrics(session) {
  const { metrics: all } = await session.send('Performance.getMetrics');
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}

/** The heap after a garbage collection, in bytes. */
export async function heap(session) {
  await session.send('HeapProfiler.collectGarbage');
  return (await metrics(session)).JSHeapUsedSize;
}
