// @vitest-environment jsdom
import { act } from 'react';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Header } from '../shared/contract/run';
import { makeRun, makeVerdict } from '../shared/runs/testing';
import { runCatalogues } from '../shared/runs/words';
import { render } from '../shared/ui/testing';
import { Pages } from './Pages';

vi.mock('../shared/chart/plot', () => import('../shared/chart/testing'));

const rule = { capacity: 180, asked: 300 };
const first = makeRun({ ...rule, id: 'run-a', name: 'la primera' });
const second = makeRun({ ...rule, id: 'run-b', name: '', machine: 'e2-standard-8' });
const { es } = runCatalogues;

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

let calls: Call[];
let runs: Header[];
let broken: string | undefined; // a path that answers with an error

beforeAll(() => import('./RunPages')); // loaded lazily, and once

beforeEach(() => {
  calls = [];
  runs = [first, second].map(({ seconds: _, ...header }) => header);
  broken = undefined;
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  vi.stubGlobal('scrollTo', () => undefined);
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const call = { method: init.method ?? 'GET', url, headers: new Headers(init.headers), body: init.body };
    calls.push(call);
    return answer(call);
  });
});

function answer({ method, url, body }: Call): Response {
  const { pathname } = new URL(url, 'http://page');
  if (pathname === broken)
    return Response.json(
      {
        error: 'corrida_invalida',
        mensaje: 'the run is wrong',
        campos: [{ campo: 'name', motivo: 'too long' }],
      },
      { status: 400 },
    );
  const [, , id, what] = pathname.split('/');
  if (pathname === '/config.json') return Response.json({ build: 'a', local: true });
  if (pathname === '/runs' && method === 'POST') {
    const { seconds: _, ...header } = makeRun({ ...rule, id: 'run-c', name: 'traída' });
    runs = [header, ...runs];
    return Response.json(header, { status: 201 });
  }
  if (pathname === '/runs') return Response.json({ runs, more: false });
  if (what === 'verdict') return Response.json(makeVerdict(rule));
  if (method === 'PATCH') {
    const { name } = JSON.parse(String(body));
    runs = runs.map((run) => (run.id === id ? { ...run, name } : run));
    return new Response(null, { status: 204 });
  }
  if (method === 'DELETE') {
    runs = runs.filter((run) => run.id !== id);
    return new Response(null, { status: 204 });
  }
  const run = [first, second].find((each) => each.id === id);
  if (run) return Response.json(run);
  return Response.json({ error: 'no_encontrado', mensaje: `no run ${id}` }, { status: 404 });
}

/** Renders the page of an address, and awaits what it asks for. */
async function open(address: string, token?: string) {
  history.replaceState(null, '', address);
  if (token === undefined) sessionStorage.clear();
  else sessionStorage.setItem('pulso.token', token);
  const page = render(<Pages />);
  const settled = async () => {
    for (let i = 0; i < 5; i += 1) await act(async () => new Promise((done) => setTimeout(done)));
  };
  const isThere = () =>
    page.screen.querySelector('[data-testid="runs"], [data-testid="answer"], .notice.bad') !== null;
  for (let i = 0; i < 100 && !isThere(); i += 1) await settled();
  if (!isThere()) throw new Error(`nothing came at ${address}: ${page.screen.innerHTML}`);
  return {
    ...page,
    async press(name: string | RegExp, within: Element = page.screen) {
      const buttons = [...within.querySelectorAll<HTMLElement>('button, a')];
      const button = buttons.find((each) => {
        const called = each.getAttribute('aria-label') ?? each.textContent ?? '';
        return typeof name === 'string' ? called === name : name.test(called);
      });
      if (!button) throw new Error(`nothing is called ${name}: ${buttons.map((each) => each.textContent)}`);
      await act(async () => button.click());
      await settled();
    },
    settled,
  };
}

const sent = (method: string) => calls.filter((call) => call.method === method);
const named = (key: 'list.renameOf' | 'list.deleteOf', name: string) => es[key].replace('{name}', name);

describe('the list of runs', () => {
  it('names every run, its VM, phase, time, users and length', async () => {
    const { screen } = await open('/?runs');
    const rows = [...screen.querySelectorAll('tbody tr')].map((row) =>
      row.textContent?.replaceAll(/\s/g, ' '),
    );
    expect(rows[0]).toContain('la primera');
    for (const text of ['vm-a', 'e2-standard-4', es['phase.1'], '12:00:00', '300', '4 min 00 s'])
      expect(rows[0]).toContain(text);
    expect(rows[1]).toContain('run-b'); // it has no name
    expect(sent('GET').every(({ headers }) => !headers.has('Authorization'))).toBe(true);
  });

  it('says so where there is none, and where it could not be loaded', async () => {
    runs = [];
    expect((await open('/?runs')).screen.textContent).toContain(es['list.empty']);
    broken = '/runs';
    const { screen, press } = await open('/?runs');
    expect(screen.querySelector('.notice.bad')?.textContent).toContain('the run is wrong; name too long');
    broken = undefined;
    await press(es['list.retry']);
    expect(screen.textContent).toContain(es['list.empty']);
  });

  it('renames a run', async () => {
    const { screen, press, settled } = await open('/?runs');
    await press(named('list.renameOf', 'la primera'));
    const field = screen.querySelector<HTMLInputElement>('dialog input');
    expect(field?.value).toBe('la primera');
    if (field) field.value = '  otro nombre ';
    await act(async () => screen.querySelector<HTMLFormElement>('dialog form')?.requestSubmit());
    await settled();
    const [call] = sent('PATCH');
    expect([call?.url, call?.body]).toEqual(['/runs/run-a', '{"name":"otro nombre"}']);
    expect(screen.querySelector('dialog')).toBeNull();
    expect(screen.querySelector('[data-run="run-a"]')?.textContent).toContain('otro nombre');
  });

  it('deletes a run only when that was confirmed', async () => {
    const { screen, press } = await open('/?runs');
    await press(named('list.deleteOf', 'run-b'));
    const dialog = () => screen.querySelector('dialog') ?? screen;
    expect(dialog().textContent).toContain('run-b');
    await press(es['dialog.cancel'], dialog());
    expect(sent('DELETE')).toEqual([]);
    await press(named('list.deleteOf', 'run-b'));
    await press(es['delete.do'], dialog());
    expect(sent('DELETE').map(({ url }) => url)).toEqual(['/runs/run-b']);
    expect(screen.querySelectorAll('tbody tr').length).toBe(1);
  });

  it('says why something was not done, and leaves the run', async () => {
    const { screen, press } = await open('/?runs');
    broken = '/runs/run-b';
    await press(named('list.deleteOf', 'run-b'));
    await press(es['delete.do'], screen.querySelector('dialog') ?? screen);
    expect(screen.querySelector('[data-run="run-b"] [role="alert"]')?.textContent).toContain(
      'the run is wrong',
    );
  });

  it('imports a file, and says what is wrong with another', async () => {
    const { screen, find, settled } = await open('/?runs');
    const bring = async (file: File) => {
      const field = find('import');
      Object.defineProperty(field, 'files', { value: [file], configurable: true });
      await act(async () => field.dispatchEvent(new Event('change', { bubbles: true })));
      await settled();
    };
    const said = () => screen.querySelector('.import [role="status"]')?.textContent;
    await bring(new File(['{}'], 'run.json'));
    const [call] = sent('POST');
    expect([call?.url, call?.headers.get('Content-Type')]).toEqual(['/runs', 'application/json']);
    expect(said()).toContain('traída');
    expect(screen.querySelectorAll('tbody tr').length).toBe(3);

    broken = '/runs';
    await bring(new File(['{}'], 'wrong.json'));
    expect(said()).toMatch(/wrong\.json.*the run is wrong/);
    const long = new File(['{}'], 'long.json');
    Object.defineProperty(long, 'size', { value: 17 * 1_024 * 1_024 });
    await bring(long);
    expect(said()).toContain(es['list.tooLong']);
    expect(sent('POST').length).toBe(2);
  });

  it('shows two that were chosen side by side', async () => {
    const { screen, press, settled } = await open('/?runs');
    const compare = () =>
      [...screen.querySelectorAll('button')].find((each) => each.textContent === es['list.compare']);
    expect(compare()?.disabled).toBe(true);
    for (const box of screen.querySelectorAll<HTMLInputElement>('input[type="checkbox"]'))
      await act(async () => box.click());
    expect(compare()?.disabled).toBe(false);
    await press(es['list.compare']);
    await settled();
    expect(location.search).toBe('?run=run-a&with=run-b');
    expect(screen.querySelectorAll('[data-testid="answer"]').length).toBe(2);
    expect(screen.querySelector('[data-testid="differences"] .differs')).not.toBeNull();
  });
});

describe('a run', () => {
  it('answers first, and shows its evidence', async () => {
    const { screen, find } = await open('/?run=run-a');
    expect(find('answer').dataset.answer).toBe('no');
    expect(find('answer').textContent).toContain('con 300 usuarios el objetivo no se cumple');
    expect(find('figures').querySelector('[data-figure="capacity"]')?.textContent).toMatch(
      /180,0.*177,3.*182,7/,
    );
    expect(screen.querySelectorAll('[data-testid="loads"] svg[role="img"]').length).toBe(4);
    expect(find('levels').querySelectorAll('tbody tr:not(.reason)').length).toBe(10);
    expect(find('timeline').querySelectorAll('svg').length).toBe(5);
    const live = [...screen.querySelectorAll('a')].find((each) => each.textContent === es['run.live']);
    expect(live?.getAttribute('href')).toBe(
      '/?host=vm-a&from=2026-03-01T12:00:00Z&to=2026-03-01T12:03:59.001Z',
    );
    const file = [...screen.querySelectorAll('a')].find((each) => each.textContent === es['run.export']);
    expect(file?.getAttribute('href')).toBe('/runs/run-a?download');
  });

  it('is asked another question, which stands in the address', async () => {
    const { screen, find, settled, press } = await open('/?run=run-a');
    const form = find('question');
    const field = (name: string) => form.querySelector<HTMLInputElement>(`[name="${name}"]`);
    expect(field('users')?.value).toBe('300');
    for (const [name, value] of Object.entries({ users: '120', latency: '99.5' })) {
      const input = field(name);
      if (input) input.value = value;
    }
    await act(async () => form instanceof HTMLFormElement && form.requestSubmit());
    await settled();
    expect(location.search).toBe('?run=run-a&users=120&percentile=95&latency=99.5ms&errors=1');
    expect(calls.at(-1)?.url).toBe('/runs/run-a/verdict?users=120&percentile=95&latency=99.5ms&errors=1');
    expect(calls.filter(({ url }) => url === '/runs/run-a').length).toBe(1); // the run itself did not change
    await press(es['question.reset']);
    expect(location.search).toBe('?run=run-a');
    expect(screen.querySelectorAll('[data-testid="answer"]').length).toBe(1);
  });

  it('says that there is none, or no verdict', async () => {
    const { screen } = await open('/?run=nobody');
    expect(screen.querySelector('.notice.bad')?.textContent).toContain('no run nobody');
    broken = '/runs/run-a/verdict';
    const other = await open('/?run=run-a&users=9');
    expect(other.screen.querySelector('.notice.bad')?.textContent).toContain('the run is wrong');
    broken = undefined;
    await other.press(es['question.reset']);
    expect(other.find('answer')).not.toBeNull();
  });

  it('is asked for with the access token', async () => {
    await open('/?run=run-a', 'la llave');
    const asked = calls.filter(({ url }) => url.startsWith('/runs'));
    expect(asked.length).toBe(2);
    for (const { headers } of asked) expect(headers.get('Authorization')).toBe('Bearer la llave');
  });

  it('leads to the dashboard and back', async () => {
    const { screen, press, settled } = await open('/?run=run-a');
    await press('Tablero', screen.querySelector('nav') ?? screen);
    expect(location.search).toBe('');
    expect(screen.querySelector('[data-testid="waiting"]')).not.toBeNull();
    await press('Corridas', screen.querySelector('nav') ?? screen);
    await settled();
    expect(screen.querySelectorAll('tbody tr').length).toBe(2);
  });
});
