// What the dashboard costs the browser: `make bench-ui`. Chromium runs with its CPU slowed four times.
//
//   day      the real system with 86,400 samples: script on the wire, largest paint, a day opened
//   live     60 rows a second with one hour on the charts, from a feeder that speaks the stream's contract
//   memory   the heap over ten minutes of such rows, which come faster than they would
//   compare  the same stream, drawn by Recharts, by Chart.js and by our own wrapper over uPlot, on one plain page
//
// Each figure is the median of several windows or loads; the table has the lowest and the highest, too. `node main.mjs
// live` measures one part alone; with PROFILE=1 live and compare say where the main thread spends its time.
import { compare } from './compare.mjs';
import { day } from './day.mjs';
import { live } from './live.mjs';
import { describe } from './machine.mjs';
import { memory } from './memory.mjs';
import { print } from './report.mjs';

const parts = { day, live, memory, compare };
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

await describe();
const lines = [];
for (const [name, measure] of Object.entries(parts)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`${name}…`);
  lines.push(...(await measure()));
}
console.log();
print(lines);
