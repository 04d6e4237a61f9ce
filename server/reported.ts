// What somebody else's result says of how much it touched, where its binding names the place. It can only tell of too much: nobody promised that it is all.
import { pick } from '../policies/selectors.ts';
import type { ToolBinding } from '../policies/types.ts';
import type { Impact, ToolResult } from './ports.ts';

type Unit = Impact['unit'];
export type Reported = { unit: Unit; count: number };

const MAX_TEXT = 1_000_000;
const MAX_DIGITS = 15;

/** The number in a result, by the binding's `reports`; the largest where it stands in several places. Undefined when it can't be read. */
export function reportedBy(reports: ToolBinding['reports'], result: ToolResult): Reported | undefined {
  const [entry] = Object.entries(reports ?? {}) as [Unit, string][];
  if (!entry || result.isError === true) return undefined;
  const [unit, where] = entry;
  const texts = result.content.flatMap(({ type, text }) =>
    type === 'text' && typeof text === 'string' && text.length <= MAX_TEXT ? [text] : [],
  );
  const counts = where.includes('#')
    ? texts.flatMap((text) => inWords(text, where))
    : [result.structuredContent, ...texts.map(parsed)].flatMap((value) => at(value, where) ?? []);
  return counts.length === 0 ? undefined : { unit, count: Math.max(...counts) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The number at a place, or the sum of several. */
function at(value: unknown, where: string): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const counts = (Array.isArray(value) ? value : [value])
    .flatMap((one) => pick(one as Record<string, unknown>, where).values)
    .map((one) => (typeof one === 'string' && /^\d{1,15}$/.test(one) ? Number(one) : one));
  const good = counts.filter((one): one is number => Number.isSafeInteger(one) && (one as number) >= 0);
  return good.length === 0 ? undefined : good.reduce((sum, one) => sum + one, 0);
}

/** Numbers that stand where `#` is in `Affected rows: #`. */
function inWords(text: string, where: string): number[] {
  const cut = where.indexOf('#');
  const [before, after] = [where.slice(0, cut), where.slice(cut + 1)];
  const counts: number[] = [];
  for (let from = text.indexOf(before); from !== -1; from = text.indexOf(before, from + before.length)) {
    let end = from + before.length;
    while (end < text.length && text[end]! >= '0' && text[end]! <= '9') end += 1;
    const digits = text.slice(from + before.length, end);
    if (digits !== '' && digits.length <= MAX_DIGITS && text.startsWith(after, end)) counts.push(Number(digits));
  }
  return counts;
}
