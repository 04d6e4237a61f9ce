// Threat: an approval, a question's state or a form's answer is used again, by somebody else, or for something else.
import { afterEach, describe, expect, it } from 'vitest';
import type { RawClient } from '../server/wire/pair.ts';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }';
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a.md', content: 'x' } };
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  'io.modelcontextprotocol/clientInfo': { name: 'raw-modern', version: '2' },
};

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {} } },
    wait_ms: more.human ? 5_000 : 100,
    ...more,
  }));

type Asked = {
  resultType?: string;
  requestState?: string;
  structuredContent?: { status: string; request_id: string; grant?: { grant_id: string } };
};
let id = 0;
async function elevate(
  raw: RawClient,
  more: Record<string, unknown> = {},
  calls: unknown = [WRITE],
): Promise<Asked & { error?: unknown }> {
  id += 1;
  raw.send({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'request_elevation', arguments: { justification: 'x', calls }, _meta: MODERN, ...more },
  });
  const answer = await raw.answerTo(id);
  return { ...(answer.result as Asked), ...(answer.error === undefined ? {} : { error: answer.error }) };
}
const answered = (requestState: string | undefined, decision = 'approve') => ({
  requestState,
  inputResponses: { decision: { action: 'accept', content: { decision } } },
});

describe('the state of a question', () => {
  it('counts once: the second answer on it makes no second permission', async () => {
    const { wire, clock, perimeter } = await guarded();
    const raw = await wire();
    const question = await elevate(raw);
    expect(question.resultType).toBe('input_required');
    clock.advance(4_000);
    const first = await elevate(raw, answered(question.requestState));
    const second = await elevate(raw, answered(question.requestState));
    expect(first.structuredContent).toMatchObject({ status: 'granted' });
    expect(second.structuredContent?.grant?.grant_id).toBe(first.structuredContent?.grant?.grant_id);
    expect(perimeter.grants.all()).toHaveLength(1);
  });

  it("a no can't be turned into a yes by answering again", async () => {
    const { wire, clock, perimeter } = await guarded();
    const raw = await wire();
    const question = await elevate(raw);
    clock.advance(4_000);
    expect((await elevate(raw, answered(question.requestState, 'deny'))).structuredContent).toMatchObject({ status: 'denied' });
    expect((await elevate(raw, answered(question.requestState))).structuredContent).toMatchObject({ status: 'denied' });
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('altered, made up, of another call, or from yesterday, it is refused', async () => {
    const { wire, clock, perimeter } = await guarded();
    const raw = await wire();
    const { requestState = '' } = await elevate(raw);
    clock.advance(4_000);
    const [body = '', signature = ''] = requestState.split('.');
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), request_id: 'req_other' }),
    ).toString('base64url');
    for (const state of [
      '',
      'x',
      body,
      `${body}.`,
      `.${signature}`,
      `${body}.${signature}x`,
      `${forged}.${signature}`,
      `${requestState}.`,
      `${body}.${signature.slice(1)}`,
    ]) {
      expect((await elevate(raw, answered(state))).error, state).toBeDefined();
    }
    expect(
      (await elevate(raw, answered(requestState), [{ ...WRITE, arguments: { path: 'b.md', content: 'x' } }])).error,
    ).toBeDefined();
    expect((await elevate(raw, { inputResponses: answered('').inputResponses })).error).toBeDefined();
    clock.advance(24 * 60 * 60_000);
    expect((await elevate(raw, answered(requestState))).error).toBeDefined();
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('of one agent is nothing in the hands of another', async () => {
    const { wire, clock, perimeter } = await guarded();
    const mine = await wire('felix');
    const other = await wire('mallory');
    const question = await elevate(mine);
    clock.advance(4_000);
    await elevate(other, answered(question.requestState));
    expect(perimeter.grants.all().filter((grant) => grant.agent === 'mallory')).toEqual([]);
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('does not outlive the guard that made it', async () => {
    const first = await guarded();
    const question = await elevate(await first.wire());
    await first.close({ keep: true });
    open = await world({ folder: first.folder, servers: { files: { write: {} } }, clock: first.clock, wait_ms: 100 });
    open.clock.advance(4_000);
    expect((await elevate(await open.wire(), answered(question.requestState))).error).toBeDefined();
    expect(open.perimeter.grants.all()).toEqual([]);
    expect(open.perimeter.elevations.pending()).toEqual([]);
  });
});

describe('an approval', () => {
  it('is spent with the call: the same call again asks again', async () => {
    const { ask, call, forwarded } = await guarded({ human: () => yes('approve_once') });
    await ask({ calls: [WRITE] });
    expect((await call('write', WRITE.arguments)).isError).toBeUndefined();
    expect(decisionOf(await call('write', WRITE.arguments)).decision).toBe('ask');
    expect(forwarded).toHaveLength(1);
  });

  it('is of one agent: another one on the same guard can neither use, see, wait for nor give back what is not its own', async () => {
    const { ask, call, client, perimeter } = await guarded({ human: () => yes() });
    const mine = await ask({ calls: [WRITE] });
    const mallory = { client: client({ agent: 'mallory', forms: false }) };
    expect(decisionOf(await call('write', WRITE.arguments, mallory)).decision).toBe('ask');
    expect((await call('list_permissions', {}, mallory)).structuredContent).toMatchObject({ grants: [], pending: [] });
    for (const [tool, args] of [
      ['request_elevation', { justification: '', request_id: mine.request_id }],
      ['request_elevation', { justification: '', request_id: mine.request_id, cancel: true }],
      ['release_grant', { grant_id: (mine.grant as { grant_id: string }).grant_id }],
    ] as const) {
      const refused = await call(tool, args, mallory);
      expect(refused.isError, tool).toBe(true);
      expect(JSON.stringify(refused)).not.toContain('approved');
    }
    expect(perimeter.grants.all()[0]?.state).toBe('active');
  });
});
