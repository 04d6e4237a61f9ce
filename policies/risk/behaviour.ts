// How the agent behaves against its own habit: how much, how often, how new, how stubborn.
import { readLately, shapeOf, targetsOf, usualRate } from '../baseline.ts';
import type { PastCall } from '../history.ts';
import type { Action } from '../types.ts';
import { type Asked, type Factor, LATELY, leaves, MINUTE, number } from './factor.ts';

const FAST = 60;
const FASTER = { least: 20, times: 3 };
const RUN = 25;
const STUBBORN = 3;
const MUCH = { read: 100, size: 1_000_000 };
const COUNTS = ['items', 'recipients', 'records', 'files', 'events', 'attachments'] as const;

export const BEHAVIOUR: readonly Factor[] = [
  { name: 'bulk', what: 'many items in one call, or in a run of like calls', applies: isBulk },
  {
    name: 'first_use',
    what: 'a tool this agent has not used before',
    applies: ({ reading, baseline }) => baseline.tools.size > 0 && !baseline.tools.has(`${reading.server}/${reading.tool}`),
  },
  {
    name: 'new_target',
    what: 'a recipient, folder, table or host it has not reached before',
    applies: ({ reading, baseline }) =>
      baseline.targets.size > 0 && targetsOf(reading.actions).some((target) => !baseline.targets.has(target)),
  },
  { name: 'rate', what: '60 calls or more in a minute, or 20 and three times its own habit', applies: isFast },
  { name: 'repetition', what: '25 calls or more in ten minutes that differ in a number at most', applies: isRun },
  {
    name: 'repeated_refusals',
    what: 'three refusals or more in ten minutes',
    applies: (asked) => refusals(asked).length >= STUBBORN,
  },
  {
    name: 'probing',
    what: 'denied on three different things or more in ten minutes',
    applies: (asked) =>
      new Set(
        refusals(asked)
          .filter((one) => one.denied)
          .map((one) => one.target),
      ).size >= STUBBORN,
  },
  {
    name: 'read_much',
    what: 'more than 100 things or 1 MB were read in the last hour, and now something leaves',
    applies: isHoard,
  },
];

function refusals({ baseline, context }: Asked): Asked['baseline']['refusals'] {
  return baseline.refusals.filter(({ at }) => at > context.now - LATELY);
}

function isBulk({ reading, context, recent, policy }: Asked): boolean {
  if (Math.max(...COUNTS.map((fact) => number(reading, fact))) > policy.bulk_over) return true;
  const seen = new Set<string>();
  for (const { verb, domain } of reading.actions) {
    const kind = `${verb}:${domain}`;
    if (verb === 'list' || seen.has(kind)) continue;
    seen.add(kind);
    const like = (action: Action) => action.verb === verb && action.domain === domain;
    let count = reading.actions.filter(like).length;
    for (const call of recent)
      if (!call.refused && call.at <= context.now) for (const action of call.actions) if (like(action)) count += 1;
    if (count > policy.bulk_over) return true;
  }
  return false;
}

function isFast({ recent, baseline, context }: Asked): boolean {
  let calls = 0;
  for (let index = recent.length - 1; index >= 0; index -= 1) {
    const call = recent[index];
    if (call === undefined || call.at <= context.now - MINUTE) break;
    calls += 1;
  }
  if (calls >= FAST) return true;
  const usual = calls >= FASTER.least ? usualRate(baseline, context.now) : undefined;
  return usual !== undefined && calls >= usual * FASTER.times;
}

function isRun({ recent, reading }: Asked): boolean {
  if (recent.length < RUN - 1) return false;
  const shape = shapeOf(reading);
  let run = 1;
  for (const call of recent)
    if (call.server === reading.server && call.tool === reading.tool && shapeKept(call) === shape) run += 1;
  return run >= RUN;
}

/** A call is looked at again at every later one, so its shape is kept. */
const shapes = new WeakMap<PastCall, string>();

function shapeKept(call: PastCall): string {
  const known = shapes.get(call);
  if (known !== undefined) return known;
  const shape = shapeOf(call);
  shapes.set(call, shape);
  return shape;
}

function isHoard({ reading, baseline, context }: Asked): boolean {
  if (!leaves(reading)) return false;
  const { read, size } = readLately(baseline, context.now);
  return read > MUCH.read || size > MUCH.size;
}
