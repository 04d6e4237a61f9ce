// Every labelled way round the guard that one call can try, judged as `policy check` judges it, by rules written from plain words.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckAnswer } from '../../server/check.ts';
import { Bench, type Case, linesOf, readCases, readTools, serversOf, type Tools, withOpenSchemas } from '../cases/runner.ts';

const files = [readCases('bypass'), readCases('siblings'), readCases('agents')];
const cases = files.flatMap((file) => file.cases);
const rules = Object.assign({}, ...files.map((file) => file.policies ?? {})) as NonNullable<(typeof files)[0]['policies']>;
const tools = { ...readTools('bypass-tools'), ...readTools('agents-tools') };
/** Rule sets that say the words of another one in another way: its cases hold for them too. */
const RETOLD: Record<string, string> = {
  'fs-marketing-otherwise': 'fs-marketing',
  'sql-read-pg-kinds': 'sql-read-pg',
  'grant-time-given': 'grant-time',
};
const isJudged = (one: Case) => one.elsewhere === undefined || one.line !== undefined;
const sets = [...new Set([...cases.filter(isJudged).map((one) => one.policyId), ...Object.keys(RETOLD)])];

/** The answers to all cases of a set, with what the tools say of themselves, if anything is known of it. */
async function answersOf(set: string, list: readonly Case[], given: Tools | undefined): Promise<(CheckAnswer | undefined)[]> {
  const servers = serversOf(set);
  const bench = new Bench(set, rules[RETOLD[set] ?? set]?.setup, servers);
  try {
    const lines = list.map((one) => linesOf({ ...one, policyId: set }, servers));
    const answers = await bench.run(lines.flat(), given);
    let end = 0;
    return lines.map((each) => {
      end += each.length;
      return answers[end - 1];
    });
  } finally {
    bench.close();
  }
}

test('no case is dropped, and none stands twice', () => {
  const covered = (one: Case) => one.elsewhere !== undefined && existsSync(join(import.meta.dirname, '../..', one.elsewhere));
  expect(cases.filter((one) => !isJudged(one) && !covered(one))).toEqual([]);
  expect(new Set(cases.map((one) => one.id)).size).toBe(cases.length);
});

describe.each(sets)('%s', (set) => {
  const list = cases.filter((one) => isJudged(one) && one.policyId === (RETOLD[set] ?? set));
  const known = new Map<string, (CheckAnswer | undefined)[]>();
  beforeAll(async () => {
    known.set('careful', await answersOf(set, list, tools));
    known.set('open', await answersOf(set, list, withOpenSchemas(tools)));
    known.set('none', await answersOf(set, list, undefined));
  });
  test.each(list.map((one, index) => [one.id, one.why, one, index] as const))('%s: %s', (_id, _why, one, index) => {
    const accepted = one.accept.map((word) => (word === 'approve' ? 'ask' : word));
    // without the tool's schema too, where the schema isn't the point
    for (const schemas of one.schema ? ['careful'] : ['careful', 'open', 'none']) {
      const answer = known.get(schemas)?.[index];
      const { decision, rule, why, actions, facts } = answer ?? {};
      expect(accepted, JSON.stringify({ schemas, decision, rule, why, actions, facts })).toContain(decision);
    }
  });
});
