// The same stream, drawn by three libraries on one plain page: the choice of uPlot stays a measured one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { slowPage, withBrowser } from './chromium.mjs';
import { perSecond, startFeeder } from './feeder.mjs';
import { measureFrames, watch } from './frames.mjs';
import { profile } from './profile.mjs';
import { figure, note } from './report.mjs';

const libraries = ['uplot', 'chartjs', 'recharts'];

export async function compare() {
  return withPage((url) =>
    withBrowser(async (browser) => {
      const lines = [];
      for (const library of libraries) lines.push(...(await measure(browser, url, library)));
      return lines;
    }),
  );
}

async function measure(browser, url, library) {
  const feeder = await startFeeder({ pace: perSecond });
  try {
    const tab = await slowPage(browser);
    await tab.page.addInitScript(watch, '[data-testid=cpu-chart]');
    await tab.page.goto(`${url}?library=${library}&feeder=${encodeURIComponent(feeder.url)}`);
    const points = () => Number(document.getElementById('root')?.dataset.points ?? 0);
    await tab.page.waitForFunction(`(${points})() > 890`);
    const seen = await measureFrames(tab);
    const drawn = await tab.page.evaluate(points);
    await profile(tab);
    await tab.close();
    return [
      figure(`ui.fps_${library}`, '/s', seen.fps),
      note('points a line', '', [drawn]),
      note('longest wait for a frame that counts', 'ms', seen.pause),
      figure(`ui.main_thread_percent_${library}`, '%', seen.busy),
    ];
  } finally {
    await feeder.stop();
  }
}

/** Builds the page and serves it for as long as `use` takes. */
async function withPage(use) {
  const folder = await mkdtemp(join(tmpdir(), 'pulso-compare-'));
  const config = {
    root: join(import.meta.dirname, 'compare'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true, chunkSizeWarningLimit: 2_000 },
    preview: { host: '127.0.0.1', port: 0 },
  };
  try {
    await build(config);
    const server = await preview(config);
    try {
      return await use(server.resolvedUrls.local[0]);
    } finally {
      await server.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
