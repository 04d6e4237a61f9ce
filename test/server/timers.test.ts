// Timers wake at their time, also when it is further off than Node can count.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { epoch, iso, systemClock } from '../../server/clock.ts';
import { after as wakeAfter } from '../../server/timers.ts';

describe('a timer', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('wakes once at its time', () => {
    const wake = vi.fn();
    wakeAfter(1_000, wake);
    vi.advanceTimersByTime(999);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('waits 60 days, although Node fires at once above 2^31-1 ms', () => {
    const wake = vi.fn();
    const days = 24 * 60 * 60 * 1_000;
    wakeAfter(60 * days, wake);
    vi.advanceTimersByTime(60 * days - 1);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('can be cancelled before and after it armed itself again', () => {
    const wake = vi.fn();
    const timer = wakeAfter(2 ** 32, wake);
    vi.advanceTimersByTime(2 ** 31);
    timer.cancel();
    vi.advanceTimersByTime(2 ** 33);
    expect(wake).not.toHaveBeenCalled();
  });

  it('wakes at once for a time that is past, and refuses a time that is none', () => {
    const wake = vi.fn();
    wakeAfter(-5, wake);
    vi.advanceTimersByTime(1);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(() => wakeAfter(Number.NaN, wake)).toThrow('a timer needs a number');
  });
});

describe('the clock', () => {
  it('spells times as ISO 8601 UTC with milliseconds, and reads them back', () => {
    expect(iso(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(epoch(iso(1_764_000_000_123))).toBe(1_764_000_000_123);
    expect(epoch('tomorrow')).toBeNaN();
  });

  it('has a monotonic side that never goes back', () => {
    const first = systemClock.mono();
    expect(systemClock.mono()).toBeGreaterThanOrEqual(first);
  });
});
