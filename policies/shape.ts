// The pieces all our schemas are made of, and how a schema's complaint becomes a line that helps.
import * as z from 'zod';
import { parseDuration, parseHours, parseSize } from './durations.ts';
import type { Place, Problem, Source } from './source.ts';
import { suggestion } from './source.ts';

/** An object that takes only these keys; an unknown one is a problem of its own, with the key it is nearest to. */
export function closed<Shape extends z.ZodRawShape>(shape: Shape, moved: Record<string, string> = {}) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys
        .map((key) => `unknown key \`${key}\`${Object.hasOwn(moved, key) ? `; ${moved[key]}` : suggestion(key, known)}`)
        .join('\n');
    },
  });
}

/** Runs a parser that throws plain Errors; its message becomes the problem at this place. */
function parsed<Out>(parse: (value: unknown) => Out) {
  return z.unknown().transform((value, context): Out => {
    try {
      return parse(value);
    } catch (error) {
      context.issues.push({ code: 'custom', message: error instanceof Error ? error.message : String(error), input: value });
      return z.NEVER;
    }
  });
}

export const duration = parsed(parseDuration);
export const size = parsed(parseSize);
export const hours = parsed((value) => {
  if (typeof value !== 'string') throw new Error('hours are a text; write them as `Mon-Fri 09:00-18:00`');
  parseHours(value);
  return value;
});
/** A moment with its zone, as milliseconds since the epoch. */
export const moment = parsed((value) => {
  const known = typeof value === 'string' && z.iso.datetime({ offset: true }).safeParse(value).success;
  if (!known) throw new Error(`\`${String(value)}\` is no moment; write date, time and zone, such as \`2026-12-31T00:00:00Z\``);
  return Date.parse(value as string);
});
/** One word or a list of words, as a list. */
export const words = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
    error: (issue) => `${nameOf(issue)} must be a text or a list of texts, not ${kindOf(issue.input)}`,
  })
  .transform((value) => [value].flat());
export const count = z.int().nonnegative();

/** Says what is wrong in our words; zod's own are for programmers. */
export function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const name = nameOf(issue);
  const given = issue.input;
  switch (issue.code) {
    case 'invalid_type':
      if (given === undefined) return `${name} is missing`;
      return `${name} must be ${KINDS[issue.expected] ?? `a ${issue.expected}`}, not ${kindOf(given)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      if (given === undefined) return `${name} is missing; use one of ${values.join(' ')}`;
      const wrong = typeof given === 'object' ? kindOf(given) : `\`${String(given)}\``;
      if (values.length === 1) return `${name} can only be \`${values[0]}\`, not ${wrong}`;
      return `${name} can't be ${wrong}${typeof given === 'string' ? suggestion(given, values) : `; use one of ${values.join(' ')}`}`;
    }
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return `${name} is empty; fill it in or leave it off`;
      return `${name} is \`${String(given)}\`, which is too small; the least is ${String(issue.minimum)}${issue.inclusive === false ? ', exclusive' : ''}`;
    case 'too_big':
      if (issue.origin === 'string') return `${name} is longer than ${String(issue.maximum)} characters; shorten it`;
      return `${name} is too large; the most is ${String(issue.maximum)}`;
    case 'invalid_union':
      return given === undefined ? `${name} is missing` : `${name} can't be ${kindOf(given)}`;
    default:
      return undefined;
  }
}

function nameOf(issue: z.core.$ZodRawIssue): string {
  const key = issue.path?.at(-1);
  return typeof key === 'string' ? `\`${key}\`` : 'this';
}

const KINDS: Record<string, string> = {
  string: 'a text (in quotes, if it looks like a number)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `\`${String(value).slice(0, 60)}\``;
}

/** Checks one document against its schema. All problems, each at its line. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  source: Source,
): { value?: z.output<Schema>; problems: Problem[] } {
  const result = schema.safeParse(source.value, { error: explain });
  if (result.success) return { value: result.data, problems: [] };
  // a mistyped key first: what is then missing follows from it
  const issues = result.error.issues.toSorted(
    (a, b) => Number(b.code === 'unrecognized_keys') - Number(a.code === 'unrecognized_keys'),
  );
  return { problems: issues.flatMap((issue) => problemsOf(issue, [], source)) };
}

function problemsOf(issue: z.core.$ZodIssue, above: Place, source: Source): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      file: source.file,
      line: source.line([...path, key]),
      message: messages[index] ?? issue.message,
    }));
  }
  if (issue.code === 'invalid_union') {
    // the alternative that got further than the kind of value is the one that was meant
    const meant = issue.errors.find(
      (issues) =>
        issues.length > 0 &&
        !issues.some((one) => one.path.length === 0 && (one.code === 'invalid_type' || one.code === 'invalid_value')),
    );
    if (meant) return meant.flatMap((one) => problemsOf(one, path, source));
  }
  return [{ file: source.file, line: source.line(path), message: issue.message }];
}
