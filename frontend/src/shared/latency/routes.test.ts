import { expect, it } from 'vitest';
import { at, makeSecond } from '../stream/testing';
import { mergeSeconds } from './routes';

it('merges the seconds of each route', () => {
  const merged = mergeSeconds([
    makeSecond({ second: at(0), api: 'api2', writer: 'batch', rows: 7, latency: [[40, 2]] }),
    makeSecond({ second: at(0), requests: 3, rows: 3, latency: [[20, 3]] }),
    makeSecond({ second: at(1), requests: 2, rows: 1, errors: 1, latency: [[19, 1]] }),
  ]);
  expect(merged).toEqual([
    {
      api: 'api1',
      writer: 'direct',
      requests: 5,
      rows: 4,
      errors: 1,
      latency: [
        [19, 1],
        [20, 3],
      ],
    },
    { api: 'api2', writer: 'batch', requests: 1, rows: 7, errors: 0, latency: [[40, 2]] },
  ]);
  expect(mergeSeconds([])).toEqual([]);
});
