// The counts of the activity page say what counting every event again would say, whenever the page was first opened.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DECISIONS, LEVELS, total } from '../../../server/audit/tally.ts';
import { createCounting } from '../../../server/console/activity-counts.ts';
import type { AuditEvent, AuditInput } from '../../../server/ports.ts';
import { newWorld, ZONE } from '../audit/world.ts';

const HOUR = 3_600_000;
const event = fc.record({
  type: fc.constantFrom('call.intent', 'call.refused', 'call.outcome', 'audit.read', 'grant.used'),
  agent_id: fc.constantFrom('felix', 'anna', undefined),
  server: fc.constantFrom('files', undefined),
  tool: fc.constantFrom('read', 'write', '__proto__', undefined),
  decision: fc.constantFrom(...DECISIONS, undefined),
  level: fc.constantFrom(...LEVELS.slice(0, 4), undefined),
  rules: fc.subarray(['a', 'b', 'default']),
  minutes: fc.integer({ min: 0, max: 90 }),
});
type Drawn = typeof event extends fc.Arbitrary<infer T> ? T : never;

function written({ level, minutes: _, rules, ...rest }: Drawn): AuditInput {
  const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const risk = level === undefined ? {} : { risk: { level: level as 'low', score: 1, factors: [] } };
  const actions = rules.slice(1).map((rule) => ({ action: 'read:files:a', decision: 'allow' as const, rule }));
  return { ...(present as AuditInput), ...risk, ...(rules.length > 0 ? { rule: rules[0]!, rules, actions } : {}) };
}

/** The same again, from the events themselves and by no index. */
function bruteForce(events: readonly AuditEvent[], now: number) {
  const calls = events.filter(({ type }) => type === 'call.intent' || type === 'call.refused');
  const end = Math.floor(now / HOUR) * HOUR + HOUR;
  const inDay = calls.filter(({ timestamp }) => Date.parse(timestamp) >= end - 24 * HOUR);
  const by = (key: (event: AuditEvent) => string | undefined) => {
    const sums: Record<string, number> = Object.create(null);
    for (const one of inDay) {
      const name = key(one);
      if (name) sums[name] = (sums[name] ?? 0) + 1;
    }
    return Object.fromEntries(Object.entries(sums).sort());
  };
  const effect = (one: AuditEvent) => one.decision ?? (one.type === 'call.intent' ? 'allow' : 'deny');
  return {
    hours: by((one) =>
      [24 - (end - Math.floor(Date.parse(one.timestamp) / HOUR) * HOUR) / HOUR, one.risk?.level ?? 'unrated', effect(one)].join(
        ' ',
      ),
    ),
    agents: by((one) => one.agent_id),
    tools: by((one) => [one.server, one.tool].filter(Boolean).join('/')),
    rules: Object.fromEntries(
      ['a', 'b', 'default'].map((rule) => [rule, calls.filter((one) => one.rules?.includes(rule)).length]),
    ),
  };
}

test('tallies equal a count of every event, in whatever order they came and whenever somebody first looked', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 20, maxLength: 40 }), fc.nat(30), fc.nat(30), async (drawn, opened, hours) => {
      const { open, clock } = await newWorld();
      // segments of a few records each, so that the index has many parts
      const log = await open({ maxSegmentBytes: 2_000 });
      const rest = [...drawn];
      const next = async () => {
        const one = rest.shift();
        clock.time += (one?.minutes ?? 0) * 60_000;
        if (one) await log.append(written(one));
      };
      // while the index is read, the log goes on
      const counting = createCounting(log, { clock, zone: ZONE, changed: () => undefined, pause: next });
      while (rest.length > opened) await next();
      await counting.counted();
      while (rest.length > 0) await next();
      clock.time += hours * HOUR;
      const found = await counting.counted();
      const { hours: bars, agents, tools } = found.day();
      const events: AuditEvent[] = [];
      for await (const one of log.events()) events.push(one);
      const names = (list: typeof agents) => Object.fromEntries(list.map(({ name, counts }) => [name, total(counts)]).sort());
      const cells = bars.flatMap(({ counts }, at) =>
        LEVELS.flatMap((level) => DECISIONS.map((decision) => [`${at} ${level} ${decision}`, counts[level][decision]] as const)),
      );
      expect({
        hours: Object.fromEntries(cells.filter(([, count]) => count > 0).sort()),
        agents: names(agents),
        tools: names(tools),
        rules: Object.fromEntries(['a', 'b', 'default'].map((rule) => [rule, found.matched(rule)])),
      }).toEqual(bruteForce(events, clock.now()));
      counting.close();
      await log.close();
    }),
    { numRuns: 8 },
  );
}, 60_000);
