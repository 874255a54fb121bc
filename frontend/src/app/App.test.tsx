// @vitest-environment jsdom
import { act } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { chart, drawn } from '../shared/chart/testing';
import type { State } from '../shared/contract/event';
import type { Row } from '../shared/contract/sample';
import { at, makeRow, makeSnapshot } from '../shared/stream/testing';
import { render } from '../shared/ui/testing';
import { App } from './App';

vi.mock('../shared/chart/plot', () => import('../shared/chart/testing'));

const now = '2026-03-01 12:10:00.300000';
beforeEach(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal('fetch', () => new Promise(() => undefined));
  history.replaceState(null, '', '/');
});

function show(rows: Row[], state: State = 'live', languages?: string[]) {
  const page = render(<App />, languages);
  page.update(() => {
    page.store.connected();
    page.store.snapshot(makeSnapshot(rows, { now, state }));
    page.frames();
  });
  return page;
}

describe('the page', () => {
  it('says that it connects, where to look when it cannot, and when rows come', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ build: 'a', local: true }));
    const { screen, find, update, store, frames } = render(<App />);
    await act(async () => undefined); // the server has said that it is local
    expect(find('waiting').textContent).toContain('Conectando');
    expect(find('conn').dataset.state).toBe('connecting');
    update(() => {
      store.disconnected();
      frames();
    });
    expect(find('conn').className).toContain('bad');
    expect(find('waiting').textContent).toContain('no responde');
    expect(find('waiting').textContent).toContain('.pulso/logs/socket.log');
    update(() => {
      store.connected();
      store.snapshot(makeSnapshot([], { now, state: 'stale' }));
      frames();
    });
    expect(find('conn').textContent).toBe('Sin filas todavía');
    expect(find('waiting').textContent).toMatch(/fase 1 Pulso solo graba.*fase 2.*make demo/);
    await act(async () => undefined);
    expect(screen.querySelector('[data-testid="cpu-chart"]')).toBeNull();
  });

  it('shows the newest sample, and its points once', () => {
    const rows = [
      makeRow({ id: 1, hora: at(0), secuencia: 1 }),
      makeRow({ id: 2, hora: at(0), secuencia: 1 }),
      makeRow({ id: 3, hora: at(1), secuencia: 2, porcentaje_cpu_uso: 93.14, porcentaje_cpu_libre: 6.86 }),
    ];
    const { screen, find } = show(rows);
    expect(find('conn').dataset.state).toBe('live');
    expect(find('conn').textContent?.replace(/\s/g, ' ')).toContain('última fila hace 0,3 s');
    expect(screen.querySelector('.cpu .big')?.textContent?.replace(/\s/g, ' ')).toBe('93,1 %');
    expect(screen.querySelector('.ram .facts')?.textContent).toContain('2.000');
    expect(find('cpu-chart').dataset.points).toBe('2');
    expect(find('ram-chart').dataset.points).toBe('2');
    expect(find('rows-total').dataset.value).toBe('3');
    expect(find('distinct-total').dataset.value).toBe('2');
    expect(find('host').textContent).toBe('vm-a');
    expect(drawn('ram-chart', 'ram')).toEqual([25, 25]);
    expect(chart('ram-chart').frame.holes).toEqual([]);
    expect(find('repeated-total').dataset.value).toBe('1');
  });

  it('counts the processes of each state, and keeps the highest in sight', () => {
    const { find } = show([
      makeRow({ id: 1, hora: at(0), procesos_zombie: 3 }),
      makeRow({ id: 2, hora: at(1), procesos_zombie: 0, procesos_durmiendo: 98 }),
    ]);
    const rows = [...find('process-table').querySelectorAll<HTMLElement>('tbody tr')];
    expect(rows.map((row) => row.dataset.state)).toEqual(['running', 'sleeping', 'zombie', 'stopped']);
    expect(rows.map((row) => row.querySelector('[data-testid="count"]')?.textContent)).toEqual([
      '2',
      '98',
      '0',
      '0',
    ]);
    expect(rows[2]?.querySelector('.peak')?.textContent).toBe('3 12:00:00 visto 12:00:00');
    expect(rows[3]?.querySelector('.peak')?.textContent).toBe('ninguno');
    expect(find('process-table').dataset.total).toBe('100');
    // Ten minutes old: a recording that is replayed.
    expect(find('process-table').querySelector('thead .number')?.textContent).toBe('Último');
  });

  it('calls now only what is of now', () => {
    const { find } = show([makeRow({ id: 1, hora: at(590) })]);
    expect(find('process-table').querySelector('thead .number')?.textContent).toBe('Ahora');
  });

  it('says what the hatch means where there is one', () => {
    const seconds = [0, 1, 2, 20];
    const rows = seconds.map((second, i) => makeRow({ id: i + 1, hora: at(second) }));
    const legends = (screen: HTMLElement) =>
      [...screen.querySelectorAll('.hatched')].map((legend) => legend.textContent);
    expect(legends(show(rows).screen)).toEqual(['sin datos', 'sin datos', 'sin datos']);
    expect(legends(show(rows.slice(0, 3)).screen)).toEqual([]);
  });

  it('lets a person choose among VMs, and stays with the choice', () => {
    const { screen, find, update, store, frames } = show([
      makeRow({ id: 1, host: 'vm-b', porcentaje_cpu_uso: 10 }),
      makeRow({ id: 2, host: 'vm-a', porcentaje_cpu_uso: 20, secuencia: 1 }),
      makeRow({ id: 3, host: 'vm-a', porcentaje_cpu_uso: 20, secuencia: 1 }),
    ]);
    const counted = () => ['rows-total', 'distinct-total'].map((id) => find(id).dataset.value);
    expect(counted()).toEqual(['2', '1']);
    const picker = find('host');
    if (!(picker instanceof HTMLSelectElement)) throw new Error('two hosts are no choice');
    expect(picker.value).toBe('vm-a'); // whose row came last
    update(() => {
      picker.value = 'vm-b';
      picker.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(drawn('cpu-chart', 'cpu')).toEqual([10]);
    expect(location.search).toBe('?host=vm-b');
    expect(counted()).toEqual(['1', '1']);
    expect(screen.querySelector('.counters')?.textContent).toContain('VMvm-b');
    update(() => {
      store.samples({ now, cursor: 4, rows: [makeRow({ id: 4, host: 'vm-c' })] });
      frames();
    });
    expect(picker.value).toBe('vm-b');
    expect([...picker.options].map((option) => option.value)).toEqual(['vm-a', 'vm-b', 'vm-c']);
  });

  it.each([
    ['stale', 'warning', 'Sin filas nuevas'],
    ['away', 'bad', 'La base de datos no responde'],
  ] as const)('says so in words and fades when the stream is %s', (state, tone, words) => {
    const { screen, find } = show([makeRow({ id: 1 })], state);
    expect(find('conn').dataset.state).toBe(state);
    expect(find('conn').className).toContain(tone);
    expect(screen.querySelector('[role="status"]')?.textContent).toBe(words);
    expect(screen.querySelector('main')?.dataset.fresh).toBe('false');
    expect(screen.querySelector('thead .number')?.textContent).toBe('Último');
  });

  it('speaks English, and changes to Spanish and back', () => {
    const { screen, find, update } = show([makeRow({ id: 1 })], 'live', ['en-US']);
    expect(find('conn').textContent).toContain('Live');
    const toSpanish = screen.querySelector<HTMLButtonElement>('button[lang="es"]');
    update(() => toSpanish?.click());
    expect(find('conn').textContent).toContain('En vivo');
    expect(document.documentElement.lang).toBe('es');
    expect(screen.querySelector('button[lang="en"]')?.getAttribute('aria-label')).toBe('Switch to English');
  });

  it('follows the system’s theme until a person wants the other', () => {
    const { screen, update } = show([makeRow({ id: 1 })]);
    expect(document.documentElement.dataset.theme).toBe('light');
    const toggle = () => screen.querySelector<HTMLButtonElement>('.switches button:last-child')?.click();
    update(toggle);
    expect(document.documentElement.dataset.theme).toBe('dark');
    expect(localStorage.getItem('pulso.theme')).toBe('dark');
    expect(chart('cpu-chart').spec.theme).toBe('dark');
    update(toggle);
    expect(localStorage.getItem('pulso.theme')).toBeNull();
  });
});
