// Rows that keep coming: the real page behind the real server, which has a feeder for a socket service.
import { slowPage, withBrowser } from './chromium.mjs';
import { perSecond, startFeeder } from './feeder.mjs';
import { checkPictures, measureFrames, watch } from './frames.mjs';
import { profile } from './profile.mjs';
import { withDashboard } from './programs.mjs';
import { figure, note } from './report.mjs';

const chart = '[data-testid=cpu-chart]';
const hourPoints = 890; // stretches of four seconds, and some slack at both ends

/** 60 rows a second, each an event of its own, with one hour on the charts. */
export async function live() {
  return withHour({ pace: perSecond }, async (tab) => {
    const seen = await measureFrames(tab);
    await profile(tab);
    return [
      figure('ui.fps', '/s', seen.fps, '50 or more'),
      note('rows', '/s', seen.rows),
      note('frames of the page', '/s', seen.frames),
      note('longest wait for a frame that counts', 'ms', seen.pause),
      note('of these, frames that look different', '%', [await checkPictures(tab, chart)]),
      figure('ui.main_thread_percent', '%', seen.busy, 'under 30'),
    ];
  });
}

/** Opens the real page on one hour of a feeder. */
export async function withHour(pace, use) {
  const feeder = await startFeeder(pace);
  try {
    return await withDashboard(feeder.url, (url) =>
      withBrowser(async (browser) => {
        const tab = await slowPage(browser);
        await tab.page.addInitScript(watch, chart);
        await tab.page.goto(`${url}/?range=1h`);
        await tab.page.waitForFunction(
          ([selector, points]) => Number(document.querySelector(selector)?.dataset.points) >= points,
          [chart, hourPoints],
        );
        return use(tab, feeder);
      }),
    );
  } finally {
    await feeder.stop();
  }
}
