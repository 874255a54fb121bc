// Numbers and times for people. Every number carries its unit, and a width that does not depend on its value's
// last digit: decimals are fixed, digits are tabular (the style sheet's part).

const nbsp = '\u00a0';

export interface Formatter {
  /** 93.1 % of a value from 0 to 100, with one decimal unless told. */
  percent(value: number, decimals?: number): string;
  /** 1 967 MiB */
  mebibytes(value: number): string;
  count(value: number): string;
  /** 9 or, where it is the average of counts, 9.3 */
  average(value: number): string;
  /** 50.1 % of a whole, which is 0.0 % or 100.0 % only if it is none or all of it. */
  share(value: number): string;
  /** 30.2 rows a second, 1 204 where tenths say nothing, 0.012 where they would say 0.0. */
  rate(perSecond: number): string;
  /** 4.1 ms, 17 ms, 1.2 s: of milliseconds, with the two digits that a histogram vouches for. */
  latency(ms: number): string;
  /** 0.5 ms, 2 ms, 5 s: a round number of milliseconds, on an axis. */
  latencyTick(ms: number): string;
  /** 0.3 s, 42 s, 3 min, 2 h */
  age(seconds: number): string;
  /** 02:24:52, UTC, of milliseconds since 1970. */
  time(ms: number): string;
  /** 17 jun 2025, UTC. */
  date(ms: number): string;
  /** 17 jun 2025, 02:24:52, UTC. */
  dateTime(ms: number): string;
  /** A label of a time axis whose labels are `increment` seconds apart. */
  tick(seconds: number, increment: number): string;
  /** When a point was, or from when to when the stretch of `step` seconds that it stands for. */
  moment(seconds: number, step: number): string;
}

export function makeFormatter(locale: string): Formatter {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, useGrouping: 'always' });
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const oneDigit = new Intl.NumberFormat(locale, { maximumSignificantDigits: 1 });
  const twoDigits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
  const hundredths = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const percents = [0, 1].map(
    (decimals) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: 'percent',
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }),
  );
  const percent = (value: number, decimals = 1) => percents[decimals]?.format(value) ?? '';
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  const minute = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  const dayAndMonth = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });

  return {
    percent,
    mebibytes: (value) => `${whole.format(value)}${nbsp}MiB`,
    count: (value) => whole.format(value),
    average(value) {
      if (value > 0 && value < 0.095) return twoDigits.format(value);
      return (Number.isInteger(value) ? whole : tenths).format(value);
    },
    share(value) {
      if (value > 0 && value < 0.05) return `<${nbsp}${percent(0.1)}`;
      if (value < 100 && value >= 99.95) return `>${nbsp}${percent(99.9)}`;
      return percent(value);
    },
    rate(perSecond) {
      if (perSecond > 0 && perSecond < 0.095) return twoDigits.format(perSecond);
      return (perSecond < 999.95 ? tenths : whole).format(perSecond);
    },
    latency(ms) {
      // Rounded first: 999.6 ms is 1.0 s.
      const rounded = Number(ms.toPrecision(2));
      const [value, unit] = rounded < 1_000 ? [rounded, 'ms'] : [rounded / 1_000, 's'];
      const digits = value < 1 ? hundredths : value < 10 ? tenths : whole;
      return `${digits.format(value)}${nbsp}${unit}`;
    },
    latencyTick: (ms) =>
      ms < 1_000 ? `${oneDigit.format(ms)}${nbsp}ms` : `${oneDigit.format(ms / 1_000)}${nbsp}s`,
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
    dateTime: (ms) => `${day.format(ms)}, ${clock.format(ms)}`,
    tick(seconds, increment) {
      const ms = seconds * 1_000;
      if (increment >= 86_400 || (increment >= 3_600 && seconds % 86_400 === 0))
        return dayAndMonth.format(ms);
      return (increment >= 60 ? minute : clock).format(ms);
    },
    moment(seconds, step) {
      const [from, to] = [seconds * 1_000, (seconds + step) * 1_000];
      if (step < 1) return clock.format(from);
      if (step < 60) return `${clock.format(from)}–${clock.format(to)}`;
      return `${dayAndMonth.format(from)}, ${minute.format(from)}–${minute.format(to)}`;
    },
  };
}
