// Where values lie on an axis of a picture, and which of them are written beside it.

export interface Scale {
  readonly at: (value: number) => number; // 0–1, cut off at the ends
  readonly ticks: readonly number[];
  readonly max: number;
}

const between = (share: number) => Math.min(Math.max(share, 0), 1);

/** From 0 to a little more than the greatest value, with about `count` steps of 1, 2 or 5. */
export function linear(greatest: number, count = 5, step = stepOf(greatest, count)): Scale {
  const max = greatest > 0 ? greatest : 1;
  const ticks = Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, i) => round(i * step));
  return { at: (value) => between(value / max), ticks, max };
}

/** 0 to 100, and its halves alone where there is little room. */
export const percents: Scale = linear(100, 4, 25);
export const halves: Scale = linear(100, 2, 50);

/** Whole minutes and the like, where the axis is of seconds. */
export function seconds(greatest: number, count = 5): Scale {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];
  return linear(greatest, count, steps.find((step) => greatest / step <= count) ?? 7_200);
}

/** Every doubling is as long as the next: for latencies, which span orders of magnitude. */
export function logarithmic(least: number, greatest: number): Scale {
  const from = Number.isFinite(least) ? least / 1.4 : 1; // nothing was measured
  const to = Math.max(greatest * 1.4, from * 8);
  const at = (value: number) => between(Math.log(value / from) / Math.log(to / from));
  const digits = to / from > 3_000 ? [1] : to / from > 100 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power += 1) {
    for (const digit of digits) {
      const tick = Number(`${digit}e${power}`);
      if (tick >= from && tick <= to) ticks.push(tick);
    }
  }
  return { at, ticks, max: to };
}

function stepOf(greatest: number, count: number): number {
  if (!(greatest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(greatest / count));
  const digit = [1, 2, 5].find((each) => greatest / (each * power) <= count) ?? 10;
  return digit * power;
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}
