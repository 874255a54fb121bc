import { expect, it } from 'vitest';
import { WindowSeconds } from '../contract/event';
import { RouteWindow } from './routes';
import { at, makeSecond } from './testing';

it('keeps the seconds of the routes in order, each as it was said last', () => {
  const routes = new RouteWindow();
  expect(routes.view()).toEqual([]);
  routes.add([
    makeSecond({ second: at(1), api: 'api2' }),
    makeSecond({ second: at(2), api: 'api1', requests: 1 }),
  ]);
  const before = routes.view();
  expect(routes.view()).toBe(before);
  const late = [
    makeSecond({ second: at(1), api: 'api1' }),
    makeSecond({ second: at(2), api: 'api1', requests: 9 }),
  ];
  routes.add(late);
  expect(routes.view().map(({ second, api, requests }) => [second, api, requests])).toEqual([
    [at(1), 'api1', 1],
    [at(1), 'api2', 1],
    [at(2), 'api1', 9],
  ]);
  expect(before).toHaveLength(2);
});

it('keeps five minutes of them', () => {
  const routes = new RouteWindow();
  for (let second = 0; second <= WindowSeconds; second += 1) routes.add([makeSecond({ second: at(second) })]);
  routes.add([makeSecond({ second: at(0) })]); // changed too late to matter
  expect(routes.view()).toHaveLength(WindowSeconds);
  expect(routes.view()[0]?.second).toBe(at(1));
  routes.clear();
  routes.add([makeSecond({ second: at(0) })]);
  expect(routes.view()).toHaveLength(1);
});
