// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { drawn } from '../../shared/chart/testing';
import { mergeSeconds } from '../../shared/latency/routes';
import { at, makeSecond } from '../../shared/stream/testing';
import { render } from '../../shared/ui/testing';
import { RoutesCard } from './RoutesCard';

vi.mock('../../shared/chart/plot', () => import('../../shared/chart/testing'));

beforeEach(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
});

const noon = Date.UTC(2026, 2, 1, 12);
const span = { from: noon - 300_000, to: noon, state: 'ready' } as const;
const text = (element: Element | null | undefined) => element?.textContent?.replace(/\s/g, ' ');

const seconds = [
  makeSecond({ second: at(-5), requests: 6, rows: 6, errors: 1, latency: [[40, 5]] }),
  makeSecond({ second: at(-4), api: 'api2', writer: 'batch', requests: 4, rows: 40, latency: [[24, 4]] }),
];
const stats = mergeSeconds(seconds);

function show(over: Partial<Parameters<typeof RoutesCard>[0]>, languages?: string[]) {
  const page = render(<RoutesCard {...span} stats={stats} seconds={undefined} {...over} />, languages);
  const route = (api: string) => page.screen.querySelector<HTMLElement>(`[data-api="${api}"]`);
  const all = (selector: string, within: Element | null = page.screen) =>
    [...(within?.querySelectorAll(selector) ?? [])].map(text);
  return { ...page, route, all };
}

describe('RoutesCard', () => {
  it('compares the routes live', () => {
    const { find, route, all } = show({ seconds });
    expect(text(find('routes').querySelector('h2'))).toBe('Las dos rutas · 46 filas guardadas');
    expect(route('api1')?.dataset).toMatchObject({ share: '60', requests: '6', rows: '6', errors: '1' });
    expect(Number(route('api2')?.dataset.p99)).toBeCloseTo(0.766, 3);
    expect(all('.route h3')).toEqual(['api1 directa', 'api2 por lotes']);
    expect(all('.route header p')).toEqual(['60,0 % del tráfico', '40,0 % del tráfico']);
    expect(all('dd', route('api2'))).toEqual(['4,0', '4', '0', '0,77 ms', '0,77 ms', '0,77 ms']);
    expect(all('dt', route('api2'))[0]).toContain('filas/s en 10 s');
    expect(all('dd.wrong')).toEqual(['1 16,7 %']);
  });

  it('sets the split against one half', () => {
    const { screen, all } = show({});
    const bar = screen.querySelector('.split');
    expect(bar?.getAttribute('aria-label')?.replace(/\s/g, ' ')).toBe(
      'Reparto de las peticiones: api1 60,0 %, api2 40,0 %; la mitad es 50 %.',
    );
    expect(all('.share-bar > div')).toEqual(['api1 · 60,0 %', 'api2 · 40,0 %']);
  });

  it('draws the rows of each second live, but not of a longer time', () => {
    const live = show({ seconds });
    expect(drawn('rows-chart', 'api1')).toEqual([6, 0, 0]);
    expect(drawn('rows-chart', 'api2')).toEqual([0, 40, 0]);
    expect(text(live.screen.querySelector('.rows-time p'))).toContain(
      'api1: máximo 6 filas en un segundo, api2: máximo 40 filas en un segundo.',
    );
    const past = show({});
    expect(past.screen.querySelector('[data-testid="rows-chart"]')).toBeNull();
    expect(past.all('dt')[0]).toContain('filas/s, promedio');
  });

  it('draws the latencies of both on one axis, and says them', () => {
    const { screen, all, route } = show({}, ['en-US']);
    const [one, two] = all('.ticks');
    expect(one).toBe(two);
    expect(one).toMatch(/^0\.5 ms.*5 ms$/);
    expect(all('.mark-name', route('api1'))).toEqual(['p50', 'p95', 'p99']);
    expect([...screen.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label'))).toEqual(
      [
        'Latency of api1, from receipt to commit: p50 3.1 ms, p95 3.1 ms, p99 3.1 ms',
        'Latency of api2, from receipt to commit: p50 0.77 ms, p95 0.77 ms, p99 0.77 ms',
      ].map((label) => label.replace(/(\d) ms/g, '$1\u00a0ms')),
    );
  });

  it('leaves a route empty that nothing came by: no percentile without a count', () => {
    const { screen, all, route } = show({ stats: stats.slice(0, 1) });
    expect(all('dd', route('api2'))).toEqual(['0,0', '0', '0', '–', '–', '–']);
    expect(route('api2')?.dataset.p99).toBeUndefined();
    expect(text(route('api2'))).toContain('Ninguna petición guardada en este tiempo.');
    expect(screen.querySelectorAll('.distribution')).toHaveLength(1);
  });

  it('shows a third route, and how it writes in the words of the wire', () => {
    const third = makeSecond({ second: at(-4), api: 'api3', writer: 'sketch' });
    const { all } = show({ stats: mergeSeconds([...seconds, third]), seconds: [...seconds, third] });
    expect(all('.route h3')).toEqual(['api1 directa', 'api2 por lotes', 'api3 sketch']);
    expect(drawn('rows-chart', 'api3')).toEqual([0, 1, 0]);
  });

  it('names its clock and its time, the date of the end too where it is another one', () => {
    const day = show({});
    expect(text(day.screen.querySelector('.axis-title'))).toBe(
      'hora de llegada (UTC) 1 mar 2026, 11:55:00 – 12:00:00',
    );
    const two = show({ from: noon - 86_400_000 });
    expect(text(two.screen.querySelector('.axis-title'))).toContain(
      '28 feb 2026, 12:00:00 – 1 mar 2026, 12:00:00',
    );
  });

  it.each([
    [
      'ready',
      'No llegó tráfico entre 1 mar 2026, 11:55:00 y 1 mar 2026, 12:00:00, por la hora de llegada.Las muestras de este tiempo pueden haber llegado en otro momento: una grabación se reproduce después.',
    ],
    ['loading', 'Cargando la historia…'],
    ['failed', 'Las estadísticas de las rutas no se pudieron cargar; se vuelve a intentar.'],
  ] as const)('says why there is nothing: %s', (state, words) => {
    const { screen, find, route } = show({ state, stats: [] });
    expect(text(screen.querySelector('.routes-none'))).toBe(words);
    expect(find('routes').dataset.state).toBe(state);
    expect(route('api1')).toBeNull();
  });

  it('waits for a span that is not known yet', () => {
    const { all } = show({ stats: [], seconds: [], from: Number.NaN, to: Number.NaN });
    expect(all('.routes-none')).toEqual(['Cargando la historia…']);
    expect(all('.axis-title')).toEqual(['hora de llegada (UTC) ']);
  });

  it('keeps what it knew when asking again failed, and says so', () => {
    const { screen, route } = show({ state: 'failed' });
    expect(text(screen.querySelector('.routes-old'))).toContain('no se pudieron cargar');
    expect(route('api1')?.dataset.rows).toBe('6');
  });
});
