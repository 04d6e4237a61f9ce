// `when` and `unless`: each fact and operator checked against what the guard can compute, so that no clause can fail to mean something.
import { domainToASCII } from 'node:url';
import { parseDuration, parseSize } from './durations.ts';
import { FACTS, type FactInfo, factInfo, operatorsOf } from './facts.ts';
import { expandWords, type Lists, OWN } from './lists.ts';
import { parsePattern, parseScope } from './scope.ts';
import { isMap, type Place, type Source, suggestion } from './source.ts';
import { SQL_KINDS } from './sql/model.ts';
import { type Clause, OPERATORS } from './types.ts';

type Operator = (typeof OPERATORS)[number];
/** Told of each problem at its place in the file. */
export type Complain = (path: Place, message: string) => void;

const NUMERIC: ReadonlySet<Operator> = new Set(['below', 'at_most', 'above', 'at_least']);
const GLOBS: ReadonlySet<Operator> = new Set(['only', 'within']);
/** Facts whose values are known beforehand; a class such as `pii` also covers its kinds, `pii.phone`. */
const VALUES: Record<string, readonly string[]> = {
  'sql.kind': SQL_KINDS,
  'data.classes': ['pii', 'financial', 'credentials', 'health'],
  destination: ['internal', 'external', 'unknown'],
};
const RECENT_KEYS = ['of', 'in', 'distinct', 'below', 'at_most', 'above', 'at_least'];

/** Reads the facts under `when` or `unless`. What is wrong goes to `complain`; the clauses that are right come back. */
export function readClauses(
  written: Record<string, unknown>,
  place: Place,
  source: Source,
  lists: Lists,
  complain: Complain,
): Clause[] {
  const clauses: Clause[] = [];
  for (const [fact, condition] of Object.entries(written)) {
    const path = [...place, fact];
    const info = factInfo(fact);
    if (info === undefined) {
      complain(
        path,
        `unknown fact \`${fact}\`${suggestion(fact, [...Object.keys(FACTS), ...(fact.startsWith('arg') ? [`args.${fact.split('.').slice(1).join('.')}`] : [])])}`,
      );
    } else if (!isMap(condition)) {
      complain(path, `\`${fact}\` needs an operator; write \`${fact}: { ${operatorsOf(info)[0]}: … }\``);
    } else if (fact === 'recent') {
      const value = attempt(path, complain, () => readRecent(condition));
      if (value !== undefined) clauses.push({ fact, operator: 'recent', value, where: source.at(path) });
    } else {
      clauses.push(...readOperators(fact, info, condition, path, source, lists, complain));
    }
  }
  return clauses;
}

function readOperators(
  fact: string,
  info: FactInfo,
  condition: Record<string, unknown>,
  place: Place,
  source: Source,
  lists: Lists,
  complain: Complain,
): Clause[] {
  const allowed = operatorsOf(info);
  const clauses: Clause[] = [];
  if (Object.keys(condition).length === 0) complain(place, `\`${fact}\` needs an operator; it takes ${allowed.join(' ')}`);
  for (const [name, written] of Object.entries(condition)) {
    const path = [...place, name];
    const operator = OPERATORS.find((one) => one === name);
    if (operator === undefined) complain(path, `unknown operator \`${name}\`${suggestion(name, allowed)}`);
    else if (!allowed.includes(operator))
      complain(path, `\`${fact}\` does not take \`${operator}\`; it takes ${allowed.join(' ')}`);
    else {
      const value = attempt(path, complain, () => readValue(fact, info, operator, written, lists));
      if (value !== undefined) clauses.push({ fact, operator, value, where: source.at(path) });
    }
  }
  return clauses;
}

function readValue(fact: string, info: FactInfo, operator: Operator, written: unknown, lists: Lists): unknown {
  if (NUMERIC.has(operator)) return readNumber(fact, operator, written);
  if (operator === 'equals') {
    const [value, ...more] = expandWords([written], lists);
    if (more.length > 0 || typeof value === 'object') throw new Error('`equals` takes one value; use `in` for several');
    return readElement(fact, info, operator, value);
  }
  const values = expandWords([written].flat(), lists);
  if (values.length === 0 && operator !== 'only')
    throw new Error(`\`${operator}\` has an empty list, so it says nothing; fill it or leave the clause off`);
  return values.map((value) => readElement(fact, info, operator, value));
}

function readNumber(fact: string, operator: Operator, written: unknown): number {
  if (fact === 'bytes') return parseSize(written);
  if (typeof written !== 'number' || !Number.isFinite(written))
    throw new Error(`\`${operator}\` takes a number, such as \`${fact}: { ${operator}: 5 }\``);
  return written;
}

/** One value of a list, or the one of `equals`, of the type that the fact has. */
function readElement(fact: string, info: FactInfo, operator: Operator, value: unknown): string | number | boolean {
  if (info.type === 'number') {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new Error(`\`${fact}\` is a number, and \`${shown(value)}\` is none`);
    return value;
  }
  if (info.type === 'any' && !GLOBS.has(operator) && (typeof value === 'number' || typeof value === 'boolean')) return value;
  if (typeof value !== 'string')
    throw new Error(`\`${fact}\` takes texts here, and \`${shown(value)}\` is none; put it in quotes`);
  if (value.trim() === '') throw new Error('an empty text matches nothing that can be meant; leave it out');
  if (info.type === 'host') return readHost(fact, operator, value);
  if (value === OWN) throw new Error(`\`$own\` are domains; \`${fact}\` has none`);
  const known = VALUES[fact];
  if (known !== undefined && !known.includes(fact === 'data.classes' ? (value.split('.')[0] ?? '') : value)) {
    throw new Error(`\`${fact}\` is never \`${value}\`${suggestion(value, known)}`);
  }
  if (GLOBS.has(operator) || info.type === 'path') parsePattern(value);
  return value;
}

function readHost(fact: string, operator: Operator, value: string): string {
  if (value === OWN) return value;
  // an IPv6 host keeps its brackets, which a glob has to spell as %XX
  if (/^\[[0-9a-f:.]+\]$/i.test(value)) return `%5B${value.slice(1, -1).toLowerCase()}%5D`;
  if (/[/:@\s]/.test(value))
    throw new Error(`\`${value}\` is no domain; write it alone, such as \`acme.example\` or \`*.acme.example\``);
  if (value.includes('*') && !GLOBS.has(operator) && !value.startsWith('*.')) {
    throw new Error(`\`${fact} ${operator}\` takes no globs; use \`within\` or \`only\` for \`${value}\``);
  }
  parsePattern(value);
  return asciiHost(value);
}

/** As hosts of calls are spelt (UTS 46), label by label, so that globs stay. */
function asciiHost(value: string): string {
  const labels = value.split('.').map((label) => (/^[\x21-\x7e]*$/.test(label) ? label : domainToASCII(label)));
  if (labels.includes(''))
    throw new Error(`\`${value}\` is no domain; write it alone, such as \`acme.example\` or \`*.acme.example\``);
  return labels.join('.');
}

function readRecent(written: Record<string, unknown>): Record<string, unknown> {
  const unknown = Object.keys(written).find((key) => !RECENT_KEYS.includes(key));
  if (unknown !== undefined) throw new Error(`unknown key \`${unknown}\` in \`recent\`${suggestion(unknown, RECENT_KEYS)}`);
  const value: Record<string, unknown> = {};
  if (written.of !== undefined) {
    const scopes = [written.of].flat();
    for (const scope of scopes) parseScope(scope as string);
    value.of = scopes;
  }
  if (written.in === undefined) throw new Error('`recent` needs to know how long back; write `in: 1h`');
  value.in = parseDuration(written.in);
  if (written.distinct !== undefined && written.distinct !== 'resource')
    throw new Error('`distinct` can only be `resource`; leave it off to count every time');
  if (written.distinct !== undefined) value.distinct = 'resource';
  const limits = ['below', 'at_most', 'above', 'at_least'].filter((operator) => written[operator] !== undefined);
  if (limits.length === 0) throw new Error('`recent` needs a number; write `at_most: 3`');
  for (const operator of limits) {
    const limit = written[operator];
    if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 0)
      throw new Error(`\`${operator}\` takes a whole number, and \`${shown(limit)}\` is none`);
    value[operator] = limit;
  }
  return value;
}

function attempt<T>(path: Place, complain: Complain, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    complain(path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value).slice(0, 60) : String(value).slice(0, 60);
}
