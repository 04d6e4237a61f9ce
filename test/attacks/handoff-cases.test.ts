// Threat: what stands in the labelled cases of approvals and of servers, in other spellings, through other tools and channels.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type World, world, yes } from '../world.ts';
import { Handoff, type Step } from './handoff-world.ts';

type Call = { tool: string; arguments: Record<string, unknown> };
type Case = {
  id: string;
  area: 'approval' | 'approval-use' | 'downstream';
  why: string;
  reason?: string | { $text: (string | [string, number])[] };
  call?: Call;
  input?: Record<string, unknown>;
  escaped?: true;
  shows?: string[];
  no_prompt?: true;
  covers_only?: true;
  others?: [string, Record<string, unknown>][];
  steps?: Step[];
  sends?: { id?: string; method: string };
  result?: Record<string, unknown>;
  error?: Record<string, unknown>;
  hides?: string[];
  same?: true;
  dies?: Record<string, unknown>;
  tool?: { name: string };
};
const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, '../cases/handoff.json'), 'utf8')) as { cases: Case[] };
const titled = (fits: (one: Case) => unknown) => cases.filter(fits).map((one) => [one.id, one.why, one] as const);
/** Everything that could hide, reorder or overwrite. */
const RAW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u;

let played: Handoff | undefined;
afterEach(async () => {
  await played?.close();
  played = undefined;
});

const spoken = (reason: NonNullable<Case['reason']>) =>
  typeof reason === 'string'
    ? reason
    : reason.$text.map((piece) => (typeof piece === 'string' ? piece : piece[0].repeat(piece[1]))).join('');
/** The message that a form and a terminal show. */
async function shown(handoff: Handoff): Promise<string[]> {
  const pending = (await handoff.given.command('pending')) as unknown as { message: string }[];
  return [handoff.given.questions[0]?.message, pending[0]?.message].filter((one) => one !== undefined);
}

it('no case stands twice', () => {
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  expect(new Set(cases.map(({ id: _, ...rest }) => JSON.stringify(rest))).size).toBe(cases.length);
});

describe('a request', () => {
  it.each(titled((one) => one.reason !== undefined && !one.covers_only))('%s: %s', async (_id, _why, one) => {
    played = await Handoff.open();
    const call = one.call ?? expect.fail('a case without a call');
    const asking = { justification: spoken(one.reason ?? ''), calls: [call] };
    await played.given.ask(asking).catch((error: Error) => expect(error.message).toMatch(/\S/));
    const messages = await shown(played);
    // what can't be asked for is refused; what is asked for is seen
    for (const message of messages) {
      expect(message.replaceAll('\n', '')).not.toMatch(RAW);
      const lines = message.split('\n');
      expect(lines.length).toBeLessThan(12);
      const own = lines.filter((line) => line.startsWith('The agent '));
      expect(own).toHaveLength(1);
      expect(lines.at(-1)).toBe(own[0]);
      expect(lines.filter((line) => line.startsWith(`Call: ${call.tool} {`))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('Access ends after'))).toHaveLength(1);
      if (one.escaped) expect(message).toMatch(/\\u\{[0-9a-f]+\}|⏎/);
      else if (call.tool === 'files__delete_file') {
        expect(lines[0]).toBe('felix asks to delete files:marketing/old.md.');
        expect(lines).toContain('Call: files__delete_file {"path":"marketing/old.md"}');
      }
      for (const text of one.shows ?? []) expect(message).toContain(text);
    }
    if (!one.escaped) expect(messages).toHaveLength(2);
  });

  it.each(titled((one) => one.no_prompt))('%s: %s: nobody is asked', async (_id, _why, one) => {
    played = await Handoff.open({ human: () => yes(), wait_ms: 10_000 });
    const { given } = played;
    const result = await given.call('request_elevation', one.input);
    expect(result.isError === true || result.structuredContent?.status === 'denied', JSON.stringify(result)).toBe(true);
    expect(given.questions).toEqual([]);
    expect(given.perimeter.grants.all()).toEqual([]);
  });

  it.each(titled((one) => one.covers_only))('%s: %s: its approval covers that alone', async (_id, _why, one) => {
    played = await Handoff.open({ human: () => yes(), wait_ms: 10_000 });
    const { given } = played;
    const call = one.call ?? expect.fail('a case without a call');
    expect(await given.ask({ justification: 'x', calls: [call] })).toMatchObject({ status: 'granted' });
    for (const [tool, args] of one.others ?? []) expect((await given.call(tool, args)).isError, tool).toBe(true);
    expect(given.forwarded).toEqual([]);
    expect((await given.call(call.tool, call.arguments)).isError).toBeUndefined();
  });
});

describe('an approval that is used', () => {
  it.each(titled((one) => one.steps))('%s: %s', async (_id, _why, one) => {
    played = await Handoff.open();
    for (const step of one.steps ?? []) await played.play(step);
  });
});

describe('a server', () => {
  const FIXTURE = join(import.meta.dirname, '../fixtures/servers/speaks.mjs');
  const helper = { command: process.execPath, args: [FIXTURE] };
  // a hundred odd calls in a row are a risk of their own, which is not what is looked at here
  const ALL = `version: 1
rules:
  - { id: all, why: everything goes, effect: allow, scope: ["*:*"] }
risk: { responses: { medium: watch, high: watch, critical: watch } }
`;
  const open = () => world({ rules: ALL, processes: { helper } });
  const TOOLS = { jsonrpc: '2.0', id: 'list', method: 'tools/list' };
  let given: World;
  beforeAll(async () => {
    given = await open();
  });
  afterAll(() => given.close());

  /** One call that plays the case, through a client that says it can show everything. */
  async function play(at: World, { id, dies }: Case) {
    const raw = await at.wire();
    raw.initialize({ elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: { listChanged: true } });
    raw.send(TOOLS);
    await raw.answerTo('list');
    const params = { name: 'work', arguments: { id }, _meta: { progressToken: 'p' } };
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    if (dies?.silent ?? dies?.progress ?? dies?.garbage) {
      await expect.poll(async () => (await at.events('call.intent')).length, { timeout: 10_000 }).toBe(1);
      raw.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
      await expect.poll(async () => (await at.events('call.outcome')).length, { timeout: 10_000 }).toBe(1);
    } else await raw.answerTo(1);
    return raw;
  }
  const ALLOWED = ['notifications/tools/list_changed', 'notifications/progress'];

  it.each(titled((one) => one.area === 'downstream' && !one.dies && !one.tool))('%s: %s', async (_id, _why, one) => {
    const before = (await given.events('call.refused')).length;
    const raw = await play(given, one);
    const answer = (await raw.answerTo(1)) as { result?: Record<string, unknown> };
    const said = raw.messages.filter(({ id }) => id !== 'init' && id !== 'list');
    expect(
      said.filter((message) => 'method' in message && ('id' in message || !ALLOWED.includes(String(message.method)))),
    ).toEqual([]);
    expect(said.filter(({ method }) => method === 'notifications/progress')).toEqual([]);
    for (const hidden of one.hides ?? []) expect(JSON.stringify(said)).not.toContain(hidden);
    // what it asks for is refused to it, and on record
    if (one.sends?.id !== undefined) expect((await given.events('call.refused')).length).toBeGreaterThan(before);
    if (one.same) expect(answer.result).toEqual(one.result);
    if (one.error) {
      expect(JSON.stringify(answer)).toContain('`helper` answered with an error');
      expect(JSON.stringify(answer)).not.toMatch(/elicitations|\\u001b/);
      expect(JSON.stringify(answer).length).toBeLessThan(3_000);
    }
    expect(given.perimeter.grants.all()).toEqual([]);
    await raw.leave();
  });

  it.each(titled((one) => one.tool))('%s: %s', async (_id, _why, one) => {
    const careful = await world({
      rules: '  - { id: reads, why: reading is fine, effect: allow, scope: ["read:*", "list:*"] }',
      processes: { helper },
    });
    const names = (await careful.perimeter.guard.listTools())
      .map(({ name }) => name)
      .filter((name) => name.startsWith(`${one.tool?.name}_`));
    expect(names).toHaveLength(cases.filter(({ tool }) => tool).length);
    for (const name of names) expect((await careful.call(name)).isError).toBe(true);
    expect(await careful.events('call.intent')).toEqual([]);
    await careful.close();
  });

  it.each(titled((one) => one.dies))('%s: it %s: the call ends, once on record, and others go on', async (_id, _why, one) => {
    const alone = await open();
    const raw = await play(alone, one);
    expect((await alone.events('call.outcome')).map(({ outcome }) => outcome)).toEqual(['unknown']);
    expect(raw.messages.filter(({ id, method }) => id === 1 && method === undefined).length).toBeLessThanOrEqual(1);
    raw.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list_permissions', arguments: {} } });
    expect((await raw.answerTo(2)).result).toMatchObject({ structuredContent: expect.any(Object) });
    await raw.leave();
    await alone.close();
  });
});
