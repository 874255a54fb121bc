// The table for people, and the lines for scripts.

/** A figure of several measurements: its median counts. */
export function figure(name, unit, values, goal = '') {
  const sorted = [...values].sort((a, b) => a - b);
  return { name, unit, goal, value: sorted[sorted.length >> 1], low: sorted[0], high: sorted.at(-1) };
}

/** What stands in the table only, beneath the figure that it explains. */
export function note(name, unit, values) {
  return { ...figure(`  ${name}`, unit, values), note: true };
}

export function print(lines) {
  const rows = lines.map(({ name, unit, value, low, high, goal }) => [
    name,
    `${round(value)} ${unit}`,
    low === high ? '' : `${round(low)}–${round(high)}`,
    goal,
  ]);
  const head = ['', 'median', 'lowest–highest', 'goal'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, i) => cell.padEnd(widths[i]));
    console.log(cells.join('  ').trimEnd());
  }
  console.log();
  for (const { name, value } of lines.filter((line) => !line.note))
    console.log(`figure ${name} ${round(value)}`);
}

function round(value) {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
