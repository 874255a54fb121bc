// The columns of a host's charts: one name for each quantity, the same in samples and in stretches of them.
import type { Frame, FrameSource } from '../chart/frame';
import type { Sample } from '../contract/sample';

/** The process states, in the order in which they are shown. */
export const states = ['running', 'sleeping', 'zombie', 'stopped'] as const;
export type ProcessState = (typeof states)[number];

/** What charts draw of a host: percentages in use, and processes. */
export const quantities = ['cpu', 'ram', ...states] as const;
export type Quantity = (typeof quantities)[number];

/** The states by their names in the contract. */
export const stateFields = {
  running: 'procesos_corriendo',
  sleeping: 'procesos_durmiendo',
  zombie: 'procesos_zombie',
  stopped: 'procesos_parados',
} as const satisfies Readonly<Record<ProcessState, keyof Sample>>;

export const readValue: Readonly<Record<Quantity, (sample: Sample) => number>> = {
  cpu: (sample) => sample.porcentaje_cpu_uso,
  ram: (sample) => sample.porcentaje_ram,
  running: (sample) => sample[stateFields.running],
  sleeping: (sample) => sample[stateFields.sleeping],
  zombie: (sample) => sample[stateFields.zombie],
  stopped: (sample) => sample[stateFields.stopped],
};

/** What a number was in the time that a frame shows. */
export interface Spread {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly maxAt: number; // seconds since 1970, its newest occurrence; of a stretch, where it begins
  readonly lastNonZero: number | undefined; // seconds since 1970
}

const none = new Float64Array();

/** Of no samples, undefined. */
export function spreadOf(frame: Frame, quantity: Quantity): Spread | undefined {
  const { x, columns, spans, step = 0 } = frame;
  const avg = columns[quantity] ?? none;
  const min = (spans ? columns[`${quantity}.min`] : avg) ?? none;
  const max = (spans ? columns[`${quantity}.max`] : avg) ?? none;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let maxAt = 0;
  let lastNonZero: number | undefined;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < x.length; i += 1) {
    const top = max[i] ?? 0;
    const samples = columns.samples?.[i] ?? 1;
    if (top >= highest) {
      highest = top;
      maxAt = (x[i] ?? 0) - step / 2;
    }
    if (top > 0) lastNonZero = x[i];
    lowest = Math.min(lowest, min[i] ?? 0);
    sum += (avg[i] ?? 0) * samples;
    count += samples;
  }
  if (count === 0) return undefined;
  return { min: lowest, avg: sum / count, max: highest, maxAt, lastNonZero };
}

/** How many different samples a frame shows. */
export function samplesIn({ x, columns }: Frame): number {
  return columns.samples ? columns.samples.reduce((sum, n) => sum + n, 0) : x.length;
}

/** A frame that stays as it is, whatever becomes of the one that it was made from. */
export function frozen(frame: Frame): FrameSource {
  const columns = Object.fromEntries(
    Object.entries(frame.columns).map(([name, column]) => [name, column.slice()]),
  );
  return still({ ...frame, x: frame.x.slice(), columns });
}

/** A source of one frame. */
export function still(frame: Frame): FrameSource {
  return { frame: () => frame, subscribe: () => () => undefined };
}
