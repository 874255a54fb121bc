import { describe, expect, it } from 'vitest';
import { SnapshotRows, WindowSeconds } from '../contract/event';
import { at, makeRow } from './testing';
import { HostWindow } from './window';

function windowOf(...rows: Parameters<typeof makeRow>[0][]): HostWindow {
  const window = new HostWindow('vm-a');
  for (const row of rows) window.add(makeRow(row));
  window.prune();
  return window;
}

const horas = (window: HostWindow) => window.view()?.points.map(({ row }) => row.hora);

describe('HostWindow', () => {
  it('puts late rows at their place', () => {
    const window = windowOf({ id: 1, hora: at(0) }, { id: 4, hora: at(3) }, { id: 2, hora: at(1) });
    expect(horas(window)).toEqual([at(0), at(1), at(3)]);
    expect(window.view()?.latest.row.id).toBe(4);
  });

  it('orders equal hora by id, whatever the order of arrival', () => {
    const rows = [3, 1, 2].map((id) => ({ id, hora: at(0) }));
    expect(
      windowOf(...rows)
        .view()
        ?.points.map(({ row }) => row.id),
    ).toEqual([1, 2, 3]);
  });

  it('makes one point of a repeated sample', () => {
    const window = windowOf({ id: 1, secuencia: 7 }, { id: 2, secuencia: 7 });
    expect(window.view()?.points).toHaveLength(1);
  });

  it('makes a point of each row that has no host or no secuencia', () => {
    const { host: _, ...nameless } = makeRow({ id: 1 });
    const { secuencia: __, ...unnumbered } = makeRow({ id: 1 });
    const window = new HostWindow('');
    for (const id of [1, 2]) window.add({ ...nameless, id });
    for (const id of [3, 4]) window.add({ ...unnumbered, id });
    expect(window.view()?.points).toHaveLength(4);
  });

  it('ends five minutes before the newest hora, inclusively', () => {
    const window = windowOf(
      { id: 1, hora: at(0) },
      { id: 2, hora: at(1) },
      { id: 3, hora: at(WindowSeconds) },
      { id: 4, hora: at(-0.001) }, // history by now
    );
    expect(horas(window)).toEqual([at(0), at(1), at(WindowSeconds)]);
    window.add(makeRow({ id: 5, hora: at(WindowSeconds + 0.5) }));
    window.prune();
    expect(horas(window)).toEqual([at(1), at(WindowSeconds), at(WindowSeconds + 0.5)]);
  });

  it('does not draw again a sample that has left the window', () => {
    const window = windowOf({ id: 1, hora: at(0), secuencia: 1 }, { id: 2, hora: at(WindowSeconds + 1) });
    window.add(makeRow({ id: 3, hora: at(0), secuencia: 1 }));
    expect(horas(window)).toEqual([at(WindowSeconds + 1)]);
  });

  it('is bounded also where the window is not', () => {
    const window = new HostWindow('vm-a');
    for (let id = 1; id <= SnapshotRows + 10; id += 1) window.add(makeRow({ id }));
    window.prune();
    expect(window.view()?.points).toHaveLength(SnapshotRows);
    expect(window.view()?.points[0]?.row.id).toBe(11);
  });

  it('gives the same view until something changes, and ignores what is not a date', () => {
    const window = windowOf({ id: 1 });
    const view = window.view();
    window.add(makeRow({ id: 2, hora: 'soon' }));
    window.add(makeRow({ id: 3, secuencia: 1 }));
    expect(window.view()).toBe(view);
    expect(new HostWindow('x').view()).toBeUndefined();
  });
});
