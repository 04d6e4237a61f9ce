// The days off that a policy names: read from its .ics file, and where that fails, the word that nothing is known.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RiskPolicy } from '../policies/types.ts';
import { wholeDays } from '../tools/downstream/calendar/days.ts';

/** Holidays that come back every year are worked out this far. */
const FIRST = '2020-01-01';
const LAST = '2069-12-31';
const MAX_BYTES = 4 * 1024 * 1024;

/** The text of the file, or undefined when it can't be read; for telling whether it changed. */
export function holidayText(risk: RiskPolicy, folder: string): string | undefined {
  if (risk.holidays === undefined) return undefined;
  try {
    const file = resolve(folder, risk.holidays);
    return statSync(file).size > MAX_BYTES ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The policy with its days off. `problem` when they are not known, and so no day counts as a working day. */
export function withDaysOff(risk: RiskPolicy, text: string | undefined): { risk: RiskPolicy; problem?: string } {
  if (risk.holidays === undefined) return { risk };
  const unknown = (why: string) => ({
    risk: { ...risk, days_off: 'unreadable' as const },
    problem: `the days off in \`${risk.holidays}\` are not known (${why}): every hour counts as outside business hours until it can be read`,
  });
  if (text === undefined) return unknown("it can't be read, or is larger than 4 MB");
  try {
    return { risk: { ...risk, days_off: wholeDays(text, FIRST, LAST) } };
  } catch (error) {
    return unknown(error instanceof Error ? (error.message.split('\n')[0]?.slice(0, 120) ?? '') : 'it is no calendar');
  }
}
