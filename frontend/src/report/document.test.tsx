import { describe, expect, it } from 'vitest';
import { makeRun, makeVerdict } from '../shared/runs/testing';
import { runCatalogues } from '../shared/runs/words';
import { document } from './document';

const rule = { capacity: 180, asked: 300, name: '<script>alert(1)</script>' };
const input = { run: makeRun(rule), verdict: makeVerdict(rule), version: '1.2.3' };
const other = { ...rule, capacity: 290, id: 'another', machine: 'e2-standard-8' };
const html = document([input]);
const two = document([input, { run: makeRun(other), verdict: makeVerdict(other), version: '1.2.3' }]);

/** What a person reads of a part. */
const textOf = (markup: string) =>
  markup
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
const part = (markup: string, language: string) =>
  textOf(markup.slice(markup.indexOf(`<main class="page ${language}"`)).split('</main>')[0] ?? '');

describe('the report', () => {
  it('says the answer first, in both languages', () => {
    expect(part(html, 'es')).toMatch(
      /No No: con 300 usuarios el objetivo no se cumple.*Confianza|Confianza alta No:/,
    );
    expect(part(html, 'en')).toContain('No: with 300 users the objective is not met');
    expect(part(html, 'es')).toContain('Qué falta para estar más seguros');
    expect(part(html, 'en')).toContain('knee: 274');
    expect(part(html, 'es')).toContain('rodilla: 274');
    expect(part(html, 'en')).toContain('Made by Pulso 1.2.3');
  });

  it('fills every hole of its words', () => {
    for (const markup of [html, two]) {
      expect(textOf(markup)).not.toMatch(/\{\w+\}|undefined|NaN|\[object/);
    }
  });

  it('has each language alone in its part', () => {
    const own = (language: 'es' | 'en') =>
      (['chart.throughput', 'figures.carries', 'levels.title', 'protocol.title', 'time.title'] as const).map(
        (key) => runCatalogues[language][key],
      );
    for (const word of own('es')) {
      expect(part(html, 'es')).toContain(word);
      expect(part(html, 'en')).not.toContain(word);
    }
    for (const word of own('en')) expect(part(html, 'es')).not.toContain(word);
  });

  it('asks nobody for anything, and runs nothing', () => {
    for (const markup of [html, two]) {
      expect(markup).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|url\(|@import|\ssrc=|<a\s/i);
      expect(markup).toContain('default-src &#x27;none&#x27;');
    }
  });

  it('takes no name for markup', () => {
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('has each id once', () => {
    const ids = [...two.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(8);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('follows the reader’s theme on the screen, and is light on paper', () => {
    const dark = /@media screen and \(prefers-color-scheme: ?dark\) ?\{ ?:root ?\{[^}]*--page: ?#0e1115/;
    expect(dark.test(html)).toBe(true);
    expect(html.includes('data-theme')).toBe(false);
  });

  it('shows two runs side by side, on the same axes', () => {
    expect(part(two, 'es')).toContain('Informe de dos corridas');
    const row =
      /<tr class="differs"><th scope="row">Tipo de máquina<\/th><td>e2-standard-4<\/td><td>e2-standard-8<\/td>/;
    expect(two).toMatch(row);
    const [plots = ''] = two.split('language-en');
    const axes = [...plots.matchAll(/<div class="plot-x"[^>]*>(.*?)<\/div>/g)].map(([, axis]) => axis);
    expect(axes[0]).toBe(axes[1]);
  });
});
