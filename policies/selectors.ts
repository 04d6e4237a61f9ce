// Where an argument sits (`path`, `a.b`, `files[].path`): picking values out of a call, and telling which leaves nothing covers.
import type { Selector } from './types.ts';

export type Picked = {
  /** Values found, arrays on the way flattened; null and empty strings left out. */
  values: unknown[];
  /** The argument was given at all (null, '' and [] don't count as given). */
  given: boolean;
  /** Elements without the field that the selector ends in: the fact that needs it is not known. */
  holes: number;
};

const empty = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** Picks a selector's values. A string where an object is expected stands for itself: mailers take `"a.txt"` and `{path: "a.txt"}`. */
export function pick(args: Record<string, unknown>, selector: Selector): Picked {
  let values: unknown[] = [args];
  let holes = 0;
  let given = false;
  for (const [index, step] of selector.split('.').entries()) {
    const each = step.endsWith('[]');
    const key = each ? step.slice(0, -2) : step;
    const next: unknown[] = [];
    for (const value of values) {
      if (typeof value === 'string' && index > 0) {
        next.push(value);
        continue;
      }
      const found =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined;
      if (index === 0) given = !empty(found);
      else if (empty(found)) holes += 1;
      if (empty(found)) continue;
      if (each && Array.isArray(found)) next.push(...found);
      else next.push(found);
    }
    values = next;
  }
  return { values: values.flatMap(flatten).filter((value) => !empty(value)), given, holes: given ? holes : 0 };
}

function flatten(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flatMap(flatten) : [value];
}

/** Picks several selectors as one. */
export function pickAll(args: Record<string, unknown>, selectors: readonly Selector[]): Picked {
  const all = selectors.map((selector) => pick(args, selector));
  return {
    values: all.flatMap((one) => one.values),
    given: all.some((one) => one.given),
    holes: all.reduce((sum, one) => sum + one.holes, 0),
  };
}

export type Leaf = { path: string; value: string };

/** Every string in the arguments (keys too) that no selector covers, with its place; bounded in number and depth by the wire's limits. */
export function uncoveredLeaves(args: Record<string, unknown>, selectors: readonly Selector[]): Leaf[] {
  const places = selectors.map((selector) => selector.replaceAll('[]', ''));
  const covered = new Set(places);
  /** A text where an object is expected stands for its field, as `pick` takes it. */
  const stands = (path: string) => places.some((place) => place.startsWith(`${path}.`));
  const leaves: Leaf[] = [];
  const walk = (value: unknown, path: string): void => {
    if (path !== '' && covered.has(path)) {
      if (typeof value !== 'object' || value === null) return;
      // a selector that ends here covers scalars and lists of them, but not the fields of objects nobody named
      if (Array.isArray(value)) {
        for (const item of value) if (typeof item === 'object' && item !== null) walk(item, `${path} `);
        return;
      }
    }
    if (typeof value === 'string' && path !== '' && stands(path)) return;
    if (typeof value === 'string') leaves.push({ path: path.trim(), value });
    else if (Array.isArray(value)) for (const item of value) walk(item, path);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        const at = path === '' ? key : `${path.trim()}.${key}`;
        leaves.push({ path: at, value: key });
        walk(item, at);
      }
    }
  };
  walk(args, '');
  return leaves;
}

/** Length of the longest list anywhere in the arguments. */
export function longestList(value: unknown): number {
  if (Array.isArray(value)) return Math.max(value.length, ...value.map(longestList));
  if (typeof value === 'object' && value !== null) return Math.max(0, ...Object.values(value).map(longestList));
  return 0;
}
