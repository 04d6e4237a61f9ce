// The labelled cases of the audit: each call leaves its records, one line each for every reader, and nothing of what it must keep quiet about.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCases } from '../../cases/runner.ts';
import { type World, world } from '../../world.ts';

const SET = join(import.meta.dirname, '../../cases/policies/audit');
const RULES = readFileSync(join(SET, 'rules/rules.yaml'), 'utf8')
  .split(/^(?=version:)/m)
  .at(-1);
const BINDINGS = readFileSync(join(SET, 'bindings/bindings.yaml'), 'utf8');
const cases = [...readCases('bypass').cases, ...readCases('siblings').cases].filter(
  ({ area, call }) => area === 'audit' && call.tool !== undefined,
);
const LINE_ENDS = /\r\n|[\n\r\u2028\u2029\u0085\v\f]/;

let given: World;
beforeAll(async () => {
  given = await world({
    rules: RULES ?? '',
    bindings: BINDINGS,
    servers: { calendar: { list_events: {} }, email: { send_email: {} } },
  });
});
afterAll(() => given.close());

describe('a labelled case', () => {
  it('there are those that came with their labels, and siblings', () => expect(cases.length).toBeGreaterThan(10));

  it.each(cases.map((one) => [one.id, one.why, one] as const))('%s: %s', async (_id, _why, one) => {
    const before = linesWritten();
    const [server, tool] = one.call.tool!.split('.');
    const result = await given.call(`${server}__${tool}`, one.call.args ?? {});
    const records = linesWritten()
      .slice(before.length)
      .map((line) => JSON.parse(line) as { type: string });
    const calls = records.map(({ type }) => type).filter((type) => type.startsWith('call.'));
    // allowed or not: one record that says so, and how it ended
    expect(calls).toEqual(result._meta?.['perimeter/decision'] ? ['call.refused'] : ['call.intent', 'call.outcome']);
    const text = allFiles();
    for (const never of [...(one.never ?? []), 'hunter2', 'AKIAIOSFODNN7EXAMPLE']) expect(text).not.toContain(never);
  });
});

/** The records as the most careless reader splits them. */
function linesWritten(): string[] {
  const lines = segments().flatMap((path) => readFileSync(path, 'utf8').split(LINE_ENDS).filter(Boolean));
  // nothing in them moves a cursor or turns words round
  expect(lines.join('\n')).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  return lines;
}

function segments(): string[] {
  const folder = join(given.folder, 'state', 'audit');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(folder, name));
}

function allFiles(): string {
  const state = join(given.folder, 'state');
  return [...segments(), join(state, 'state.json')].map((path) => readFileSync(path, 'utf8')).join('\n');
}
