// Numbers and times for people. Every number carries its unit, and a width that does not depend on its value's
// last digit: decimals are fixed, digits are tabular (the style sheet's part).

const nbsp = '\u00a0';

export interface Formatter {
  /** 93.1 % of a value from 0 to 100, with one decimal unless told. */
  percent(value: number, decimals?: number): string;
  /** 1 967 MiB */
  mebibytes(value: number): string;
  count(value: number): string;
  /** 0.3 s, 42 s, 3 min, 2 h */
  age(seconds: number): string;
  /** 02:24:52, UTC, of milliseconds since 1970. */
  time(ms: number): string;
  /** 17 jun 2025, UTC. */
  date(ms: number): string;
}

export function makeFormatter(locale: string): Formatter {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const percents = [0, 1].map(
    (decimals) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: 'percent',
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }),
  );
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });

  return {
    percent: (value, decimals = 1) => percents[decimals]?.format(value) ?? '',
    mebibytes: (value) => `${whole.format(value)}${nbsp}MiB`,
    count: (value) => whole.format(value),
    age(seconds) {
      // 9.97 s must not be shown as 10.0 s.
      const unrounded = Math.floor(seconds * 10) / 10;
      if (unrounded < 10) return `${tenths.format(unrounded)}${nbsp}s`;
      if (seconds < 60) return `${whole.format(Math.floor(seconds))}${nbsp}s`;
      if (seconds < 3_600) return `${whole.format(Math.floor(seconds / 60))}${nbsp}min`;
      return `${whole.format(Math.floor(seconds / 3_600))}${nbsp}h`;
    },
    time: (ms) => clock.format(ms),
    date: (ms) => day.format(ms),
  };
}
