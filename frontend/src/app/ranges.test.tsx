// @vitest-environment jsdom
import { act } from 'react';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { chart, drawn } from '../shared/chart/testing';
import type { History } from '../shared/contract/event';
import { at0, makeBucket, makeHistory } from '../shared/past/testing';
import { at, makeRow, makeSecond, makeSnapshot } from '../shared/stream/testing';
import { render } from '../shared/ui/testing';
import { App } from './App';

vi.mock('../shared/chart/plot', () => import('../shared/chart/testing'));

const now = '2026-03-01 13:00:00.300000';

beforeEach(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal('fetch', () => new Promise(() => undefined));
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

function open(address: string, seconds: number[] = [3_600]) {
  history.replaceState(null, '', address);
  const page = render(<App />);
  const rows = seconds.map((s) => makeRow({ id: s, hora: at(s), porcentaje_cpu_uso: 40 }));
  page.update(() => {
    page.store.connected();
    page.store.snapshot(makeSnapshot(rows, { now }));
    page.frames();
  });
  const button = (name: string) => {
    const found = [...page.screen.querySelectorAll('button')].find((each) =>
      each.textContent?.includes(name),
    );
    if (!found) throw new Error(`no button ${name}`);
    return found;
  };
  return {
    ...page,
    button,
    press: (name: string) => page.update(() => button(name).click()),
    answer: async (history: Partial<History>) => {
      page.history.mockResolvedValue(makeHistory(0, 0, 10, history));
      await act(async () => button('Reintentar').click());
    },
    notices: () => [...page.screen.querySelectorAll('.notice')].map((notice) => notice.textContent),
  };
}

describe('the range', () => {
  it('is asked for when somebody chooses it, and lies in the address', () => {
    const { press, history: asked, find, notices } = open('/');
    expect(location.search).toBe('?host=vm-a');
    expect(asked).not.toHaveBeenCalled();
    press('1 h');
    expect(location.search).toBe('?host=vm-a&range=1h');
    expect(find('range').dataset.range).toBe('1h');
    expect(asked.mock.calls.map(([query]) => query.from)).toContain(`${at(0)}.000`);
    expect(notices()).toEqual(['Cargando la historia…']);
    expect(chart('cpu-chart').frame).toMatchObject({ from: at0, to: at0 + 3_600 });
  });

  it('of the address is shown, of another VM too', async () => {
    const address = '/?host=vm-gone&from=2026-03-01T12:00:00Z&to=2026-03-01T12:10:00Z';
    const { screen, history: asked, find } = open(address);
    expect(asked.mock.calls[0]?.[0]).toMatchObject({
      host: 'vm-gone',
      from: `${at(0)}.000`,
      to: `${at(600)}.000`,
    });
    expect(chart('ram-chart').frame).toMatchObject({ from: at0, to: at0 + 600 });
    expect(screen.querySelector('.big')?.textContent).toBe('–');
    expect(find('process-table').textContent).toContain('Promedio');
  });

  it('shows averages of the past, and no number of now', async () => {
    const range = { min: 1, avg: 10, max: 90 };
    const buckets = [
      makeBucket(0, { samples: 3, cpu: range }),
      makeBucket(10, { cpu: { ...range, avg: 30 } }),
    ];
    const page = open('/?host=vm-a&from=2026-03-01T12:00:00Z&to=2026-03-01T12:10:00Z');
    page.history.mockResolvedValue(makeHistory(0, 600, 10, { buckets }));
    page.press('En vivo');
    await act(async () => {
      history.back();
      await new Promise((resolve) => window.addEventListener('popstate', resolve, { once: true }));
    });
    expect(page.find('range').dataset.range).toBe('fixed');
    expect(drawn('cpu-chart', 'cpu')).toEqual([10, 30]);
    page.update(() => {
      page.store.samples({ now, cursor: 4_000, rows: [makeRow({ id: 4_000 })] });
      page.frames();
    });
    expect(page.screen.querySelector('.cpu .big')?.textContent?.replace(/\s/g, ' ')).toBe('15,0 %');
    expect(page.screen.querySelector('.cpu .facts')?.textContent?.replace(/\s/g, ' ')).toBe(
      'Máximo90,0 %Mínimo1,0 %',
    );
    expect(page.find('shown-total').dataset.value).toBe('4');
  });

  it('says why it cannot be shown, and asks again', async () => {
    const page = open('/');
    page.history.mockRejectedValue(new Error('too many queries'));
    await act(async () => page.button('1 h').click());
    expect(page.notices()[0]).toContain('No se pudo cargar la historia: too many queries');
    await page.answer({ buckets: [makeBucket(100)] });
    expect(page.notices()).toEqual([]);
    expect(drawn('cpu-chart', 'cpu')).toEqual([10, 40]);
  });

  it('can be typed, and must make sense', () => {
    const { press, screen } = open('/');
    press('Rango…');
    const field = (name: string) => {
      const input = screen.querySelector<HTMLInputElement>(`dialog input[name=${name}]`);
      if (!input) throw new Error(`no field ${name}`);
      return input;
    };
    expect(field('to').value).toBe('2026-03-01T13:00:01.000');
    field('from').value = '2026-03-01T12:30:00';
    field('to').value = '2026-03-01T12:00:00';
    press('Mostrar');
    expect(screen.querySelector('dialog [role="alert"]')?.textContent).toContain('posterior');
    field('from').value = '2026-03-01T11:30:00';
    press('Mostrar');
    expect(location.search).toBe('?host=vm-a&from=2026-03-01T11:30:00Z&to=2026-03-01T12:00:00Z');
    expect(screen.querySelector('dialog')).toBeNull();
  });

  it('is zoomed by charts of the VM’s time', () => {
    open('/');
    const { zoom } = chart('cpu-chart').spec;
    act(() => zoom?.(at0 + 10, at0 + 20));
    expect(location.search).toBe('?host=vm-a&from=2026-03-01T12:00:10Z&to=2026-03-01T12:00:20Z');
    expect(chart('process-chart').frame).toMatchObject({ from: at0 + 10, to: at0 + 20 });
  });
});

describe('a pause', () => {
  it('holds the page still while rows are counted, and ends with another range', () => {
    const { press, store, frames, update, find, screen, notices } = open('/');
    press('Pausa');
    update(() => {
      store.samples({
        now,
        cursor: 3_601,
        rows: [makeRow({ id: 3_601, hora: at(3_601), porcentaje_cpu_uso: 90 })],
      });
      frames();
    });
    expect(drawn('cpu-chart', 'cpu')).toEqual([40]);
    expect(screen.querySelector('.cpu .big')?.textContent).toContain('40,0');
    expect(screen.querySelector('main')?.dataset.fresh).toBe('false');
    expect(notices()[0]).toContain('En pausa');
    press('Continuar');
    expect(drawn('cpu-chart', 'cpu')).toEqual([40, 90]);
    expect(find('rows-total').dataset.value).toBe('2');
    press('Pausa');
    press('24 h');
    expect(find('pause').getAttribute('aria-pressed')).toBe('false');
  });
});

describe('the routes', () => {
  const second = (s: number) => makeSecond({ second: at(s), rows: 7 });

  it('are those of the last five minutes, also when nothing arrives any more', () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { update, store, frames, pass, find } = open('/');
    const rows = () => find('routes').querySelector<HTMLElement>('[data-api="api1"]')?.dataset.rows;
    update(() => {
      store.routes({ now, seconds: [second(3_400), second(3_500)] });
      frames();
    });
    expect(rows()).toBe('14');
    update(() => {
      pass(150_000);
      vi.advanceTimersByTime(1_000);
    });
    expect(rows()).toBe('7');
    update(() => {
      pass(100_000);
      vi.advanceTimersByTime(1_000);
    });
    expect(find('routes').textContent).toContain('No llegó tráfico entre 1 mar 2026, 12:59:10');
  });
});

describe('the way in', () => {
  it('asks for the token where the server wants one', () => {
    const { update, store, frames, find, enter, screen } = open('/');
    update(() => {
      store.refused();
      frames();
    });
    expect(find('conn').textContent).toContain('Sin permiso');
    const input = find('access').querySelector('input');
    if (input) input.value = 'open sesame';
    update(() => find('access').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })));
    expect(enter).toHaveBeenCalledWith('open sesame');
    expect(screen.querySelector('[data-testid="cpu-chart"]')).toBeNull();
  });

  it('says that a VM does not send which the address names', () => {
    const { find } = open('/?host=vm-other');
    expect(find('waiting').textContent).toContain('Sin filas de vm-other');
    expect(find('host').textContent).toContain('vm-a');
  });
});

describe('the server', () => {
  const config = (build: string) => async () => Response.json({ build, local: false });

  it('may serve a newer page, which an open one notices when it comes back', async () => {
    vi.stubGlobal('fetch', config('a'));
    const { update, store, frames, notices, screen } = open('/');
    await act(async () => undefined);
    vi.stubGlobal('fetch', config('b'));
    update(() => {
      store.disconnected();
      frames();
    });
    await act(async () => undefined);
    expect(notices()[0]).toContain('versión más nueva');
    expect(screen.textContent).not.toContain('make demo');
  });

  it('may want the person to sign in again', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 401 }));
    const { notices } = open('/');
    await act(async () => undefined);
    expect(notices()[0]).toContain('La sesión terminó');
  });
});
