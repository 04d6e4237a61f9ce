// Facts that a call's arguments give by themselves: which are there, what they come to, and which kinds of data they hold.
import { pick, uncoveredLeaves } from './selectors.ts';
import type { Facts, FactValue, Selector } from './types.ts';
import { detectDataClasses } from './values/data-classes.ts';
import type { Url } from './values/url.ts';

const DECIMAL = /^\d{1,15}(?:\.\d{1,9})?$/;

/** Names of the arguments given; null, empty texts, empty lists and empty objects are not. */
export function namesGiven(args: Record<string, unknown>): string[] {
  return Object.keys(args).filter((key) => {
    const value = args[key];
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value).length > 0
      : pick({ value }, 'value').given;
  });
}

/** The sum of all that is moved. A negative part could hide a large one, so then it isn't known. */
export function amountOf(values: readonly unknown[], holes: number): number | undefined {
  const parts = values.map((value) => (typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value));
  if (holes > 0 || !parts.every((part) => typeof part === 'number' && Number.isFinite(part) && part >= 0)) return undefined;
  return parts.reduce<number>((sum, part) => sum + (part as number), 0);
}

/** A fact by a name of the binding's own: one value where one argument gives one, else all of them, if they are of a kind. */
export function valueFrom(values: readonly unknown[], selectors: readonly Selector[]): FactValue | undefined {
  const [first, ...more] = values;
  const listed = more.length > 0 || selectors.length > 1 || selectors.some((selector) => selector.includes('[]'));
  if (!listed && (typeof first === 'string' || typeof first === 'number' || typeof first === 'boolean')) return first;
  if (values.every((value) => typeof value === 'string')) return values;
  return values.every((value) => typeof value === 'number') ? values : undefined;
}

/** `url.*`: one value where there is one address, else all of them. */
export function urlFacts(urls: readonly Url[]): Facts {
  if (urls.length === 0) return {};
  const one = (values: string[]) => (values.length === 1 ? (values[0] ?? '') : values);
  const ports = urls.map((url) => url.port ?? (url.scheme === 'http' ? 80 : 443));
  return {
    'url.scheme': one(urls.map((url) => url.scheme)),
    'url.host': one(urls.map((url) => url.host)),
    'url.path': one(urls.map((url) => url.path)),
    'url.query': one(urls.map((url) => url.query)),
    'url.port': ports.length === 1 ? (ports[0] ?? 0) : ports,
  };
}

/** Whether a place in the arguments is one that a selector names, or lies below it. */
export function isBelow(path: string, selectors: readonly Selector[]): boolean {
  return selectors.some((selector) => {
    const place = selector.replaceAll('[]', '');
    return path === place || path.startsWith(`${place}.`);
  });
}

/** Classes of data in all the text that goes along. The address that something is sent to is no content; what stands beside it may be. */
export function classesIn(args: Record<string, unknown>, addressed: readonly Selector[]): string[] {
  const content: string[] = [];
  const beside: string[] = [];
  for (const { path, value } of uncoveredLeaves(args, [])) (isBelow(path, addressed) ? beside : content).push(value);
  const found = detectDataClasses(content.join('\n')).classes;
  return [...found, ...detectDataClasses(beside.join('\n')).classes.filter((name) => name !== 'pii.email')];
}
