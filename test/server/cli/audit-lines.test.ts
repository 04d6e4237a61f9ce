// What an auditor reads in a terminal: events that fit its width and hide nothing that matters, stories in paragraphs, and how far long work is.
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeEvent, describeStory } from '../../../server/cli/audit-lines.ts';
import { hush, stopwatch } from '../../../server/cli/progress.ts';
import type { AuditEvent } from '../../../server/ports.ts';
import { HandClock } from '../audit/world.ts';

const ZONE = 'Europe/Berlin';
const BASE = { id: 'evt_01m8n8tftk000rh0f1s1mc', timestamp: '2026-11-30T03:43:49.000Z', prev: '', hash: '' };
const WHO = { agent_id: 'felix-prod', user: 'john@acme.example' };

const GRANT: AuditEvent = {
  ...{ ...BASE, ...WHO, seq: 20, type: 'grant.issued', action: 'permission_granted', scope: ['write:database:customers'] },
  ...{ grant_id: 'grant_RhTawLDbsWnA', request_id: 'req_2qw3Fv6rpeaj', approver: 'john@acme.example' },
};
const REFUSAL: AuditEvent = {
  ...{ ...BASE, ...WHO, seq: 29, type: 'call.refused', action: 'create:files:Dropbox/plan.md', decision: 'deny', rule: 'risk' },
  risk: { level: 'critical', score: 90, factors: [] },
};
const OUTCOME: AuditEvent = {
  ...{ ...BASE, ...WHO, seq: 26, type: 'call.outcome', server: 'database', tool: 'execute', outcome: 'ok' },
  ...{ grant_id: 'grant_RhTawLDbsWnA', records: { measured: 23, actual: 23 } },
};
const COUNT: AuditEvent = {
  ...{ ...BASE, seq: 23, type: 'impact.measured', server: 'database', tool: 'execute', outcome: 'enforced' },
  records: { measured: 23 },
};

function lines(event: AuditEvent, width?: number): string[] {
  return stripVTControlCharacters(describeEvent(event, ZONE, width)).split('\n');
}

test('an event takes the lines that it needs in a terminal, and one where nobody looks', () => {
  expect(lines(GRANT)).toEqual([
    '2026-11-30 04:43:49 #20 grant.issued            write:database:customers felix-prod for john@acme.example  by john@acme.example  grant_RhTawLDbsWnA  req_2qw3Fv6rpeaj  evt_01m8n8tftk000rh0f1s1mc',
  ]);
  expect(lines(GRANT, 80)).toEqual([
    '2026-11-30 04:43:49 #20 grant.issued            write:database:customers',
    '    felix-prod for john@acme.example  by john@acme.example  grant_RhTawLDbsWnA',
    '    req_2qw3Fv6rpeaj  evt_01m8n8tftk000rh0f1s1mc',
  ]);
  expect(lines(REFUSAL, 120)).toEqual([
    '2026-11-30 04:43:49 #29 call.refused      deny  ▲ CRITICAL create:files:Dropbox/plan.md',
    '    felix-prod for john@acme.example  rule risk  evt_01m8n8tftk000rh0f1s1mc',
  ]);
  expect(lines(REFUSAL, 80)).toEqual([
    '2026-11-30 04:43:49 #29 call.refused      deny  ▲ CRITICAL',
    '    create:files:Dropbox/plan.md',
    '    felix-prod for john@acme.example  rule risk  evt_01m8n8tftk000rh0f1s1mc',
  ]);
  expect(lines(OUTCOME, 80)).toEqual([
    '2026-11-30 04:43:49 #26 call.outcome            database/execute',
    '    felix-prod for john@acme.example  ok, 23 records  grant_RhTawLDbsWnA',
    '    evt_01m8n8tftk000rh0f1s1mc',
  ]);
  expect(lines(COUNT, 80)).toEqual([
    '2026-11-30 04:43:49 #23 impact.measured         database/execute',
    '    enforced  23 records  evt_01m8n8tftk000rh0f1s1mc',
  ]);
});

test('no line is wider than the terminal, and decision, who and both ends of what was done are always there', () => {
  const resource = fc.string({ unit: fc.constantFrom('a', 'b/', '.', 'ü', '\u202e', '\n', '𝒳'), minLength: 1, maxLength: 150 });
  fc.assert(
    fc.property(resource, fc.integer({ min: 60, max: 200 }), fc.constantFrom('allow', 'ask', 'deny'), (name, width, decision) => {
      const action = `read:files:${name}END`;
      const shown = lines({ ...REFUSAL, action, decision } as AuditEvent, width);
      for (const line of shown) expect([...line].length).toBeLessThanOrEqual(width);
      const text = shown.join('\n');
      expect(text).toContain(decision);
      expect(text).toContain('felix-prod for john@acme.example');
      expect(text).toContain('read:files:');
      expect(text).toContain('END');
      expect(text).toContain(REFUSAL.id);
      expect(text).not.toMatch(/\u202e/);
    }),
  );
});

test('a name that is longer than a line goes on set in, so that none of it passes for a line of its own', () => {
  const user = `${'x'.repeat(75)}2026-11-30`;
  for (const line of lines({ ...REFUSAL, user }, 80).slice(1)) expect(line).toMatch(/^ {4}\S.{0,75}$/);
  expect(
    lines({ ...REFUSAL, user }, 80)
      .map((line) => line.trim())
      .join(''),
  ).toContain(user);
  for (const line of stripVTControlCharacters(describeStory(`04:44:15: ${user} signed in.`, 60))
    .split('\n')
    .slice(1))
    expect(line).toMatch(/^ {2}\S.{0,57}$/);
});

test('a story is a paragraph for each event, as wide as the terminal', () => {
  const story = [
    'Monday 30 November 2026, 04:44:14 (Europe/Berlin): felix-prod (working for john@acme.example) called `slow/archive` (`move:archive:plan.md`). The log holds no outcome for this call, so whether it took effect is unknown.',
    '04:44:15: Grant grant_1 was used up.',
  ].join('\n');
  expect(stripVTControlCharacters(describeStory(story, 80)).split('\n')).toEqual([
    'Monday 30 November 2026, 04:44:14 (Europe/Berlin)',
    '  felix-prod (working for john@acme.example) called `slow/archive`',
    '  (`move:archive:plan.md`). The log holds no outcome for this call, so whether',
    '  it took effect is unknown.',
    '',
    '04:44:15',
    '  Grant grant_1 was used up.',
  ]);
});

test('long work is told of after a second, on a terminal only, and erased before the answer', () => {
  const told = (isTTY: boolean) => {
    const clock = new HandClock();
    const written: string[] = [];
    const watch = stopwatch({ screen: { isTTY, write: (text) => written.push(text) }, clock });
    watch.say('checked 1 event');
    clock.time += 1500;
    watch.say('checked 2 events');
    watch.say('checked 3 events, too soon after the last word');
    clock.time += 1000;
    watch.say('checked 4 events');
    watch.done();
    watch.done();
    return written;
  };
  expect(told(true)).toEqual(['\r\u001b[Kchecked 2 events', '\r\u001b[Kchecked 4 events', '\r\u001b[K']);
  expect(told(false)).toEqual([]);
  hush();
  expect(told(true)).toEqual([]);
});
