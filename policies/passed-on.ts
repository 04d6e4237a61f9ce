// What is passed on of a call: every path that a binding names in the one form that was judged, so that no other reading of it is left.
import type { Selector, ToolBinding } from './types.ts';
import type { CanonicalPath, PathRules } from './values/path.ts';

/** The arguments of a tool that are paths. */
export function pathSelectors(tool: ToolBinding): Selector[] {
  const resources = [tool.resource, ...tool.also.map((one) => one.resource)];
  const paths = resources.flatMap((one) => (one?.kind === 'path' ? one.args : []));
  // what mailers read of an attachment that is an object is its `path`
  const attached = (tool.facts.attachments ?? []).flatMap((one) => (one.endsWith('.path') ? [one] : [one, `${one}.path`]));
  return [...paths, ...attached];
}

/**
 * The form in which a path is passed on: relative to the root where it was given so and stays inside, else absolute. As it was given
 * where that says the same, or where it has several readings: all of them were judged, and a rewritten one might gain another.
 */
export function canonicalForm(
  raw: string,
  readings: readonly CanonicalPath[],
  os: PathRules['os'],
  read: (path: string) => readonly CanonicalPath[],
): string {
  const [first] = readings;
  if (first === undefined) return raw;
  const form = isAbsolute(raw, os) || first.outside ? first.absolute : insideOf(first, os);
  if (form === raw || (os === 'windows' && form.replaceAll('/', '\\') === raw.replaceAll('/', '\\'))) return raw;
  const again = read(form);
  return again.length === 1 && again[0]?.absolute === first.absolute ? form : raw;
}

/** The same place below the root, by the names that are on the disk: `text` has them composed, and may name another file. */
function insideOf(path: CanonicalPath, os: PathRules['os']): string {
  if (path.text === '.') return '.';
  const separator = os === 'windows' ? '\\' : '/';
  return path.absolute.split(separator).slice(-path.segments.length).join(separator);
}

function isAbsolute(path: string, os: PathRules['os']): boolean {
  return os === 'windows' ? /^(?:[\\/]|[A-Za-z]:)/.test(path) : path.startsWith('/');
}

/** The arguments with the texts at these places changed; undefined when nothing changes. */
export function withChanged(
  args: Record<string, unknown>,
  selectors: readonly Selector[],
  change: (text: string) => string,
): Record<string, unknown> | undefined {
  let result = args;
  for (const selector of selectors) {
    const steps = selector.split('.').map((step) => step.replace(/\[\]$/, ''));
    result = changeAt(result, steps, change) as Record<string, unknown>;
  }
  return result === args ? undefined : result;
}

/** Lists on the way are gone through whole, as a selector picks them; a text where an object is expected stands for itself. */
function changeAt(value: unknown, steps: readonly string[], change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) {
    const changed = value.map((item) => changeAt(item, steps, change));
    return changed.every((item, index) => item === value[index]) ? value : changed;
  }
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return value;
  const before = (value as Record<string, unknown>)[step];
  const after = changeAt(before, rest, change);
  return after === before ? value : { ...value, [step]: after };
}
