import { describe, expect, it } from 'vitest';
import { fixed, live, type Place, readPlace, sameRange, writePlace } from './range';

const noon = Date.UTC(2026, 2, 1, 12);

describe('the address', () => {
  it.each<[Place, string]>([
    [{ host: undefined, range: live }, ''],
    [{ host: 'vm-1', range: live }, '?host=vm-1'],
    [{ host: '', range: { kind: '1h' } }, '?host=&range=1h'],
    [{ host: 'a & ñ', range: { kind: '24h' } }, '?host=a+%26+%C3%B1&range=24h'],
    [
      { host: 'vm-1', range: { kind: 'fixed', from: noon, to: noon + 1_250 } },
      '?host=vm-1&from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:01.250Z',
    ],
  ])('of %j is %s, and back', (place, address) => {
    expect(writePlace(place)).toBe(address);
    expect(readPlace(address)).toEqual(place);
  });

  it.each([
    '?range=2h',
    '?from=2026-03-01T12:00:00Z',
    '?from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:00Z',
    '?from=2026-03-01T12:00:00Z&to=2026-03-01T11:00:00Z',
    '?from=2026-03-01T12:00:00&to=2026-03-01T13:00:00', // of which clock?
    '?from=1&to=2',
    '?from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z',
    '?from=1960-01-01T00:00:00Z&to=1961-01-01T00:00:00Z',
    '?from=2026-13-01T12:00:00Z&to=2026-14-01T12:00:00Z',
  ])('%s is the live view', (address) => {
    expect(readPlace(address).range).toEqual(live);
  });
});

describe('a fixed range', () => {
  it('is never too short to show a sample', () => {
    expect(fixed(noon, noon + 10)).toEqual({ kind: 'fixed', from: noon - 495, to: noon + 505 });
    expect(fixed(noon + 0.4, noon + 5_000.4)).toEqual({ kind: 'fixed', from: noon, to: noon + 5_001 });
  });

  it('is another one with other ends only', () => {
    const range = fixed(noon, noon + 5_000) ?? live;
    expect(sameRange(range, { ...range })).toBe(true);
    expect(sameRange(range, fixed(noon, noon + 6_000) ?? live)).toBe(false);
    expect(sameRange(range, live)).toBe(false);
  });
});
