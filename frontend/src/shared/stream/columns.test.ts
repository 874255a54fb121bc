import { describe, expect, it } from 'vitest';
import { Columns, firstNotBelow } from './columns';

function filled(count: number) {
  const columns = new Columns(['x', 'y']);
  for (let i = 0; i < count; i += 1) append(columns, i);
  return columns;
}

function append(columns: Columns<'x' | 'y'>, value: number) {
  const index = columns.length;
  columns.insert(index);
  columns.set('x', index, value);
  columns.set('y', index, -value);
}

describe('Columns', () => {
  it('keep their numbers beyond any memory that they began with', () => {
    const columns = filled(5_000);
    expect(columns.length).toBe(5_000);
    expect([...columns.column('x')]).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
    expect(columns.at('y', 4_999)).toBe(-4_999);
  });

  it('slide without growing', () => {
    const columns = filled(300);
    for (let i = 300; i < 10_000; i += 1) {
      append(columns, i);
      columns.dropFront(1);
    }
    expect([...columns.column('x')]).toEqual(Array.from({ length: 300 }, (_, i) => 9_700 + i));
    expect(columns.column('x').buffer.byteLength).toBeLessThanOrEqual(1024 * 8);
  });

  it('make room anywhere', () => {
    const columns = filled(3);
    columns.dropFront(1);
    columns.insert(1);
    columns.set('x', 1, 1.5);
    columns.insert(0);
    columns.set('x', 0, 0.5);
    expect([...columns.column('x')]).toEqual([0.5, 1, 1.5, 2]);
  });
});

describe('firstNotBelow', () => {
  it.each([
    [[], 1, 0],
    [[1, 2, 2, 3], 0, 0],
    [[1, 2, 2, 3], 2, 1],
    [[1, 2, 2, 3], 2.5, 3],
    [[1, 2, 2, 3], 4, 4],
  ])('in %j, %d is at %d', (numbers, value, index) => {
    expect(firstNotBelow(Float64Array.from(numbers), value)).toBe(index);
  });
});
