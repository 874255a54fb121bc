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

describe('RoutesCard', () => {
  const seconds = [
    makeSecond({ second: at(-5), requests: 6, rows: 6, errors: 1, latency: [[40, 6]] }),
    makeSecond({ second: at(-4), api: 'api2', writer: 'batch', requests: 4, rows: 40, latency: [[24, 4]] }),
  ];

  it('compares the routes live, and draws the rows of each second', () => {
    const { screen, find } = render(<RoutesCard {...span} stats={mergeSeconds(seconds)} seconds={seconds} />);
    const [api1, api2] = [...screen.querySelectorAll<HTMLElement>('.route')];
    expect(api1?.dataset).toMatchObject({ api: 'api1', share: '60', rows: '6' });
    expect(text(api1?.querySelector('h3'))).toBe('api1directa');
    expect([...(api2?.querySelectorAll('dd') ?? [])].map(text)).toEqual([
      '4,0',
      '0,77 ms',
      '0,77 ms',
      '0,77 ms',
      '0',
    ]);
    expect(text(api1?.querySelector('dd.wrong'))).toBe('1 · 16,7 %');
    expect(text(screen.querySelector('.share-bar'))).toBe('api1 · 60,0 %api2 · 40,0 %');
    expect(text(find('routes').querySelector('h2'))).toContain('46 filas guardadas');
    expect(drawn('rows-chart', 'api2')).toEqual([0, 40]);
    expect(text(screen.querySelector('.axis-title'))).toContain('hora de llegada');
  });

  it('has no chart of seconds over the past, and no percentile without a count', () => {
    const [first] = mergeSeconds(seconds);
    const { screen } = render(<RoutesCard {...span} stats={first ? [first] : []} seconds={undefined} />);
    expect(screen.querySelector('[data-testid="rows-chart"]')).toBeNull();
    expect([...screen.querySelectorAll('[data-api="api2"] dd')].map(text)).toEqual([
      '0,0',
      '–',
      '–',
      '–',
      '0',
    ]);
    expect(screen.querySelectorAll('.distribution')).toHaveLength(1);
  });

  it.each([
    ['ready', 'No llegó tráfico entre 1 mar 2026, 11:55:00 y 1 mar 2026, 12:00:00.'],
    ['loading', 'Cargando la historia…'],
    ['failed', 'Las estadísticas de las rutas no se pudieron cargar; se vuelve a intentar.'],
  ] as const)('says why there is nothing: %s', (state, words) => {
    const { screen } = render(<RoutesCard {...span} state={state} stats={[]} seconds={undefined} />);
    expect(text(screen.querySelector('.routes-none'))).toBe(words);
  });
});
