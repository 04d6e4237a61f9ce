// What may stand in a rules file and in lists.yaml, as a schema. Meaning (scopes, facts, lists) is checked when it is loaded.
import * as z from 'zod';
import { isZone } from './durations.ts';
import { parsePattern } from './scope.ts';
import { closed, count, duration, hours, moment, size, words } from './shape.ts';
import { PROOFS, RISK_LEVELS } from './types.ts';

const version = z.literal(1);
/** Control characters, and those that turn the writing direction: a human reads this text when deciding. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const line = z
  .string()
  .transform((text) => text.trim())
  .refine((text) => text !== '', { error: 'this is empty; say it in a few plain words', abort: true })
  .refine((text) => text.length <= 300, { error: 'this is longer than 300 characters; a person has to read it, so shorten it' })
  .refine((text) => !UNPRINTABLE.test(text), { error: 'this has line breaks or invisible characters; write one plain line' });

export const conditions = closed({
  user_present: z.boolean().exactOptional(),
  session: z.literal('active').exactOptional(),
  vpn: z.boolean().exactOptional(),
  hours: hours.exactOptional(),
});

const limits = closed({
  records: count.exactOptional(),
  recipients: count.exactOptional(),
  files: count.exactOptional(),
  bytes: size.exactOptional(),
  amount: z.number().nonnegative().exactOptional(),
  uses: z.int().positive().exactOptional(),
  for: duration.exactOptional(),
  at_most: duration.exactOptional(),
  exact: z.boolean().exactOptional(),
  while: conditions.exactOptional(),
});

/** Clauses are read one by one (clauses.ts), because what may stand in them depends on the fact. */
const clauses = z.record(z.string(), z.unknown());

/** More people than this are never all reached before a request runs out. */
const MOST_APPROVALS = 5;

export const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** One rule; a file's rules are checked one by one, so that a mistake in one hides none in another. */
export const ruleSchema = closed({
  id: z.string().regex(ID, { error: 'an id is up to 64 letters, digits and . _ -' }),
  why: line,
  effect: z.enum(['allow', 'ask', 'deny']),
  scope: words.exactOptional(),
  agent: words.exactOptional(),
  user: words.exactOptional(),
  role: words.exactOptional(),
  server: words.exactOptional(),
  tool: words.exactOptional(),
  while: conditions.exactOptional(),
  when: clauses.exactOptional(),
  unless: clauses.exactOptional(),
  otherwise: z.enum(['none', 'ask', 'deny']).exactOptional(),
  from: moment.exactOptional(),
  until: moment.exactOptional(),
  ask: z.enum(['handoff', 'inline']).exactOptional(),
  limits: limits.exactOptional(),
  proof: z.enum(PROOFS).exactOptional(),
  approvals: z.int().min(1).max(MOST_APPROVALS).exactOptional(),
  strength: z.enum(['enforced', 'rewritten', 'checked', 'estimated']).exactOptional(),
  redact: words.exactOptional(),
});
export type WrittenRule = z.output<typeof ruleSchema>;

const response = z.enum(['watch', 'ask', 'ask+typed', 'ask+passphrase', 'deny']);
/** Globs of folders; one that can't be read must not first show when a call is judged. */
const folders = words.superRefine((globs, context) => {
  for (const glob of globs) {
    try {
      parsePattern(glob);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, input: glob });
    }
  }
});
const level = z.int().min(1).max(100);
const risk = closed({
  points: z.record(z.string(), z.int().min(0).max(100)).exactOptional(),
  bulk_over: count.exactOptional(),
  hours: hours.exactOptional(),
  night: hours.exactOptional(),
  holidays: z
    .string()
    .regex(/^[^\\/]+\.ics$/i, { error: 'holidays are a calendar file beside `rules/`, such as `holidays.ics`' })
    .exactOptional(),
  sensitive: closed({
    tables: words.exactOptional(),
    columns: words.exactOptional(),
    folders: words.exactOptional(),
    labels: words.exactOptional(),
  }).exactOptional(),
  storage: closed({
    external: folders.exactOptional(),
    internal: folders.exactOptional(),
    other_device: z.enum(['external', 'internal']).exactOptional(),
  }).exactOptional(),
  zone: z
    .string()
    .refine(isZone, {
      error: (issue) => `\`${String(issue.input)}\` is no time zone; use an IANA name such as \`Europe/Berlin\``,
    })
    .exactOptional(),
  levels: closed({ medium: level.exactOptional(), high: level.exactOptional(), critical: level.exactOptional() }).exactOptional(),
  responses: closed({
    medium: response.exactOptional(),
    high: response.exactOptional(),
    critical: response.exactOptional(),
  }).exactOptional(),
});

const testContext = closed({
  user_present: z.boolean().exactOptional(),
  session: z.enum(['active', 'expired', 'none']).exactOptional(),
  vpn: z.boolean().exactOptional(),
  user: z.string().exactOptional(),
  role: z.string().exactOptional(),
  agent: z.string().exactOptional(),
  machine: z.union([z.enum(['known', 'unknown']), z.boolean()]).exactOptional(),
  records: count.exactOptional(),
  grants: z.array(z.record(z.string(), z.unknown())).exactOptional(),
});
const test = closed({
  name: line,
  at: moment.exactOptional(),
  call: closed({
    server: z.string().exactOptional(),
    tool: z.string().min(1),
    arguments: z.record(z.string(), z.unknown()).default({}),
  }),
  context: testContext.exactOptional(),
  expect: closed({
    decision: z.enum(['allow', 'ask', 'deny']),
    rule: z.string().exactOptional(),
    risk: z.enum(RISK_LEVELS).exactOptional(),
  }),
});

const list = z.array(z.string().min(1)).min(1);
const lists = z.record(
  z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, { error: "a list's name is letters, digits, _ and -, starting with a letter" }),
  list,
);

export const rulesFile = closed(
  {
    version,
    rules: z.array(z.unknown()).exactOptional(),
    risk: risk.exactOptional(),
    tests: z.array(test).exactOptional(),
    lists: lists.exactOptional(),
  },
  {
    tools: 'what tools do is said in a file in `bindings/`',
    timezone: 'the zone of business hours is `risk: { zone: … }`, that of everything else stands in mcp.json',
  },
);
export type RulesFile = z.output<typeof rulesFile>;

/** lists.yaml with its names straight at the top, or under `lists:` beside a `version: 1`. */
export const bareLists = lists;
export const versionedLists = closed({ version, lists });
