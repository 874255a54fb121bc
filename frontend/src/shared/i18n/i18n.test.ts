// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { catalogues, translator } from './context';
import { makeFormatter } from './format';
import { initialLanguage, localeOf, rememberLanguage } from './language';

const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe('the catalogues', () => {
  it('have the same keys, with something behind each, and the same values to fill in', () => {
    const { es, en } = catalogues;
    expect(Object.keys(en)).toEqual(Object.keys(es));
    for (const key of Object.keys(es) as (keyof typeof es)[]) {
      expect(en[key].trim(), key).not.toBe('');
      expect(holes(en[key]), key).toEqual(holes(es[key]));
    }
  });

  it('are filled in, and show a value that was forgotten', () => {
    const t = translator(catalogues.es);
    expect(t('conn.age', { age: '3 s' })).toBe('última fila hace 3 s');
    expect(t('conn.age')).toContain('{age}');
  });
});

describe('the formatter', () => {
  // Which kind of space a locale puts before its units is its own affair.
  const plain = (text: string) => text.replace(/\s/g, ' ');

  it('writes numbers as each place does', () => {
    const shown = ['es-ES', 'es-GT', 'en-US'].map((locale) => {
      const format = makeFormatter(locale);
      return [format.percent(93.14), format.percent(93.14, 0), format.mebibytes(11967)].map(plain);
    });
    expect(shown).toEqual([
      ['93,1 %', '93 %', '11.967 MiB'],
      ['93.1%', '93%', '11,967 MiB'],
      ['93.1%', '93%', '11,967 MiB'],
    ]);
  });

  it('keeps a decimal that is zero, so that the width stays', () => {
    expect(plain(makeFormatter('es').percent(100))).toBe('100,0 %');
    expect(makeFormatter('en').percent(0)).toBe('0.0%');
  });

  it('writes ages in the unit that fits, never rounded up into the next', () => {
    const { age } = makeFormatter('es-ES');
    const shown = [0, 0.34, 9.97, 10, 59.9, 60, 3_599, 3_600, 90_000].map((seconds) => plain(age(seconds)));
    expect(shown).toEqual(['0,0 s', '0,3 s', '9,9 s', '10 s', '59 s', '1 min', '59 min', '1 h', '25 h']);
  });

  it('writes latencies with the two digits that a histogram vouches for', () => {
    const { latency, latencyTick } = makeFormatter('es-ES');
    const shown = [0.0957, 0.996, 4.149, 9.96, 17.4, 999.6, 12_345].map((ms) => plain(latency(ms)));
    expect(shown).toEqual(['0,10 ms', '1,0 ms', '4,1 ms', '10 ms', '17 ms', '1,0 s', '12 s']);
    expect([0.05, 0.5, 2, 500, 5_000].map((ms) => plain(latencyTick(ms)))).toEqual([
      '0,05 ms',
      '0,5 ms',
      '2 ms',
      '500 ms',
      '5 s',
    ]);
  });

  it('writes rates and shares that are something never as nothing', () => {
    const { rate, share } = makeFormatter('es-ES');
    const rates = [0, 0.0123, 0.1, 30.24, 999.9, 999.96, 12_345.6].map(rate);
    expect(rates).toEqual(['0,0', '0,012', '0,1', '30,2', '999,9', '1.000', '12.346']);
    const shares = [0, 0.01, 0.05, 49.96, 99.94, 99.99, 100].map((value) => plain(share(value)));
    expect(shares).toEqual(['0,0 %', '< 0,1 %', '0,1 %', '50,0 %', '99,9 %', '> 99,9 %', '100,0 %']);
  });

  it('labels a time axis by the distance of its labels', () => {
    const { tick, moment } = makeFormatter('en-GB');
    const noon = Date.UTC(2026, 2, 1, 12) / 1_000;
    expect([tick(noon + 5, 5), tick(noon + 60, 60), tick(noon, 3_600)]).toEqual([
      '12:00:05',
      '12:01',
      '12:00',
    ]);
    expect([tick(noon + 43_200, 21_600), tick(noon - 43_200, 86_400)]).toEqual(['2 Mar', '1 Mar']);
    expect([moment(noon, 0), moment(noon, 4), moment(noon, 60)]).toEqual([
      '12:00:00',
      '12:00:00–12:00:04',
      '1 Mar, 12:00–12:01',
    ]);
  });

  it('writes times in UTC, whatever the machine’s zone', () => {
    const { time, date } = makeFormatter('en-US');
    expect(time(Date.UTC(2026, 2, 1, 0, 5, 9))).toBe('00:05:09');
    expect(time(Date.UTC(2026, 2, 1, 23, 59, 59, 999))).toBe('23:59:59');
    expect(date(Date.UTC(2026, 2, 1, 23, 59))).toBe('Mar 1, 2026');
  });
});

describe('the language', () => {
  it('is the first of the browser’s that we speak, and English else', () => {
    expect(initialLanguage(['es-GT', 'en'])).toBe('es');
    expect(initialLanguage(['pt-BR', 'en-GB', 'es'])).toBe('en');
    expect(initialLanguage(['de'])).toBe('en');
  });

  it('stays what was chosen, in the region’s form where the browser has one', () => {
    rememberLanguage('es');
    expect(initialLanguage(['en-US'])).toBe('es');
    localStorage.clear();
    expect(localeOf('es', ['en-US', 'es-MX'])).toBe('es-MX');
    expect(localeOf('en', ['es-MX'])).toBe('en');
  });
});
