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

const horas = (window: HostWindow) =>
  [...window.frame().x].map((seconds) => at(seconds - Date.UTC(2026, 2, 1, 12) / 1_000));

describe('HostWindow', () => {
  it('puts late rows at their place', () => {
    const window = windowOf({ id: 1, hora: at(0) }, { id: 4, hora: at(3) }, { id: 2, hora: at(1) });
    expect(horas(window)).toEqual([at(0), at(1), at(3)]);
    expect(window.latest?.row.id).toBe(4);
  });

  it('orders equal hora by id, whatever the order of arrival', () => {
    const rows = [3, 1, 2].map((id) => ({ id, hora: at(0) }));
    expect(windowOf(...rows).ids()).toEqual([1, 2, 3]);
  });

  it('makes one point of a repeated sample', () => {
    const window = windowOf({ id: 1, secuencia: 7 }, { id: 2, secuencia: 7 });
    expect(window.frame().x).toHaveLength(1);
  });

  it('makes a point of each row that has no host or no secuencia', () => {
    const { host: _, ...nameless } = makeRow({ id: 1 });
    const { secuencia: __, ...unnumbered } = makeRow({ id: 1 });
    const window = new HostWindow('');
    for (const id of [1, 2]) window.add({ ...nameless, id });
    for (const id of [3, 4]) window.add({ ...unnumbered, id });
    expect(window.frame().x).toHaveLength(4);
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
    expect(window.frame().x).toHaveLength(SnapshotRows);
    expect(window.ids()[0]).toBe(11);
  });

  it('gives the same frame until something changes, and ignores what is not a date', () => {
    const window = windowOf({ id: 1 });
    const frame = window.frame();
    expect(window.add(makeRow({ id: 2, hora: 'soon' }))).toBe(false);
    expect(window.add(makeRow({ id: 3, secuencia: 1 }))).toBe(false);
    window.prune();
    expect(window.frame()).toBe(frame);
    expect(window.add(makeRow({ id: 2, hora: at(1) }))).toBe(true);
    expect(window.frame()).not.toBe(frame);
  });

  it('has an axis that grows in steps', () => {
    const lengthOf = (...seconds: number[]) => {
      const { from, to } = windowOf(...seconds.map((s, i) => ({ id: i + 1, hora: at(s) }))).frame();
      return to - from;
    };
    expect([lengthOf(0), lengthOf(0, 60), lengthOf(0, 61), lengthOf(0, 200)]).toEqual([60, 60, 120, 300]);
  });
});
