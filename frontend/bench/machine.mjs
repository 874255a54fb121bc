// What the figures depend on, and what would spoil them.
import { cpus, loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { metrics, slowdown, slowPage, withBrowser } from './chromium.mjs';

export async function describe() {
  const others = await othersBusy(1_000);
  console.log(
    `${cpus().length} CPUs, load average ${loadavg()[0].toFixed(2)}, ${others.toFixed(0)} % of the CPU time in use`,
  );
  if (others > 5) console.log('WARNING: something else is running on this machine');
  await withBrowser(async (browser) => {
    const factor = await slower(browser);
    console.log(`Chromium ${browser.version()}, slowed ${factor.toFixed(1)} times`);
    // The thread that slows it needs a CPU, too.
    if (factor < slowdown * 0.75) console.log('WARNING: that is less than it should be');
  });
}

/** The CPU time that is used while this program waits, in percent of the machine's. */
async function othersBusy(ms) {
  const before = machineTimes();
  await wait(ms);
  const after = machineTimes();
  return (100 * (after.busy - before.busy)) / (after.all - before.all);
}

function machineTimes() {
  const times = cpus().map(({ times }) => times);
  const all = times.flatMap((t) => Object.values(t)).reduce((sum, t) => sum + t, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

/** By how much TaskDuration, which the main thread is judged by, grows for the same work. */
async function slower(browser) {
  const { page, session, close } = await slowPage(browser);
  const took = async () => {
    const { TaskDuration: before } = await metrics(session);
    await page.evaluate(work);
    return (await metrics(session)).TaskDuration - before;
  };
  const middle = async () => [await took(), await took(), await took()].sort((a, b) => a - b)[1];
  await took(); // compiled
  const slowed = await middle();
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  const plain = await middle();
  await close();
  return slowed / plain;
}

/** In the page: about a tenth of a second. */
function work() {
  let x = 0;
  for (let i = 0; i < 1e8; i += 1) x = Math.imul(x ^ i, 31);
  return x;
}
