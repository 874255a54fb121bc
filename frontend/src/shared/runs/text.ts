// Numbers of a run for people, on top of the page's formats.
import type { Objective } from '../contract/run';
import type { Estimate } from '../contract/verdict';
import type { Formatter } from '../i18n/format';
import type { Words } from './words';

const nbsp = '\u00a0';

/** p95, p99.9 */
export function percentileText(percentile: number, format: Formatter): string {
  return `p${format.average(percentile)}`;
}

/** An exact number of milliseconds that a person chose: 250 ms, 1 500 ms. */
export function exactMs(ms: number, format: Formatter): string {
  return `${format.average(ms)}${nbsp}ms`;
}

export function objectiveText(objective: Objective, { w, format }: Words): string {
  return w('question.objective', {
    percentile: percentileText(objective.percentile, format),
    latency: exactMs(objective.latency_ms, format),
    errors: percentText(objective.errors_percent, format),
  });
}

/** A percentage without a decimal that says nothing. */
export function percentText(percent: number, format: Formatter): string {
  return format.percent(percent, Number.isInteger(percent) ? 0 : 1);
}

/** Whole percents with their sign: −18 %. */
export function signedPercent(percent: number, format: Formatter): string {
  const rounded = Math.round(percent);
  return `${rounded < 0 ? '−' : ''}${format.percent(Math.abs(rounded), 0)}`;
}

/** The interval of an estimate in words; undefined where it has none. */
export function intervalText(
  { low, high }: Estimate,
  write: (value: number) => string,
  { w }: Words,
): string | undefined {
  const [from, to] = [write(low), write(high)];
  return from === to ? undefined : w('figures.interval', { low: from, high: to });
}

/** 42 s, 3 min 05 s, 1 h 02 min */
export function lengthText(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => `${value}`.padStart(2, '0');
  if (whole < 60) return `${whole}${nbsp}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}${nbsp}min ${two(whole % 60)}${nbsp}s`;
  return `${Math.floor(whole / 3_600)}${nbsp}h ${two(Math.floor((whole % 3_600) / 60))}${nbsp}min`;
}

/** 3:05, 1:02:05 on an axis of seconds since the start. */
export function clockText(seconds: number): string {
  const two = (value: number) => `${value}`.padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

export function nameOf(run: { readonly id: string; readonly name: string }): string {
  return run.name || run.id;
}
