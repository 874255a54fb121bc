import { expect, it } from 'vitest';
import { Recent } from './recent';

it('remembers the last keys and their first values', () => {
  const recent = new Recent<number, string>(2);
  expect(recent.add(1, 'a')).toBe(true);
  expect(recent.add(1, 'b')).toBe(false);
  expect(recent.get(1)).toBe('a');
  recent.add(2, 'c');
  recent.add(3, 'd');
  expect(recent.get(1)).toBeUndefined();
  expect(recent.add(2, 'e')).toBe(false);
  recent.clear();
  expect(recent.add(3, 'f')).toBe(true);
});
