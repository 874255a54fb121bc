// Where the main thread spends its time.
const seconds = 10;
const shown = 25; // functions

/** Prints the functions with the longest time of their own, when PROFILE is set. */
export async function profile({ page, session }) {
  if (!process.env.PROFILE) return;
  await session.send('Profiler.enable');
  await session.send('Profiler.start');
  await page.waitForTimeout(seconds * 1_000);
  const { profile: found } = await session.send('Profiler.stop');
  await session.send('Profiler.disable');

  const names = new Map(found.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map();
  found.samples.forEach((id, i) => {
    const name = names.get(id);
    self.set(name, (self.get(name) ?? 0) + (found.timeDeltas[i] ?? 0)); // µs
  });
  const top = [...self].sort(([, a], [, b]) => b - a).slice(0, shown);
  for (const [name, time] of top)
    console.error(`${(time / seconds / 1e4).toFixed(2).padStart(7)} %  ${name}`);
}

function nameOf({ functionName, url, lineNumber, columnNumber }) {
  const file = url.split('/').at(-1);
  return `${functionName || '(anonymous)'}${file && ` ${file}:${lineNumber + 1}:${columnNumber + 1}`}`;
}
