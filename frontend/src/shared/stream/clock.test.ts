import { describe, expect, it } from 'vitest';
import { parseTime, ServerClock, wireTime } from './clock';

describe('parseTime', () => {
  it('reads all three wire forms as UTC', () => {
    expect(parseTime('2026-03-01 12:00:00')).toBe(Date.UTC(2026, 2, 1, 12));
    expect(parseTime('2026-03-01 12:00:00.250')).toBe(Date.UTC(2026, 2, 1, 12, 0, 0, 250));
    expect(parseTime('2026-03-01 12:00:00.250999')).toBe(Date.UTC(2026, 2, 1, 12, 0, 0, 250));
  });

  it('says so when there is no date', () => {
    expect(parseTime('')).toBeNaN();
    expect(parseTime('yesterday')).toBeNaN();
  });
});

describe('wireTime', () => {
  it('writes what parseTime reads', () => {
    expect(wireTime(Date.UTC(2026, 2, 1, 12, 0, 0, 7))).toBe('2026-03-01 12:00:00.007');
    expect(parseTime(wireTime(1_772_366_400_123))).toBe(1_772_366_400_123);
  });
});

describe('ServerClock', () => {
  it('carries the server on by elapsed time alone', () => {
    let elapsed = 5_000;
    const clock = new ServerClock(() => elapsed);
    expect(clock.now()).toBeNaN();
    clock.set('2026-03-01 12:00:00.000000');
    elapsed += 1_500;
    expect(clock.now()).toBe(Date.UTC(2026, 2, 1, 12, 0, 1, 500));
    expect(clock.silence()).toBe(1_500);
    clock.set('2026-03-01 12:00:01.000000'); // an event that was sent 0.5 s ago
    expect(clock.now()).toBe(Date.UTC(2026, 2, 1, 12, 0, 1));
    clock.set('');
    expect(clock.now()).toBe(Date.UTC(2026, 2, 1, 12, 0, 1));
  });
});
