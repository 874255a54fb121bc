// The heap while rows come and go.
import { heap } from './chromium.mjs';
import { perSecond } from './feeder.mjs';
import { withHour } from './live.mjs';
import { figure, note } from './report.mjs';

const faster = 10; // than the VM's time
const tenMinutes = 600 * perSecond; // rows
const windows = 3;
// The page remembers as many ids and samples, so that it grows until then: src/shared/stream/store.ts.
const remembered = 65_536 * 1.05;

/** What ten minutes of rows add, once all that is bounded has reached its bounds. */
export async function memory() {
  return withHour({ pace: perSecond * faster, each: faster }, async ({ page, session }, feeder) => {
    const first = feeder.rows();
    const heapAt = async (rows) => {
      while (feeder.rows() < first + rows) await page.waitForTimeout(100);
      return (await heap(session)) / 2 ** 20;
    };
    const opened = await heapAt(0);
    const sizes = [];
    for (let i = 0; i <= windows; i += 1) sizes.push(await heapAt(remembered + i * tenMinutes));
    const growth = sizes.slice(1).map((size, i) => 100 * (size / sizes[i] - 1));
    return [
      figure('ui.memory_growth_percent', '%', growth, 'flat'),
      note('heap when just opened', 'MiB', [opened]),
      note('heap when full, and after', 'MiB', sizes),
    ];
  });
}
