// Threat: a client's consent to open the page is taken for an approval, or the link carries a right of its own.
import { afterEach, describe, expect, it } from 'vitest';
import type { RawClient } from '../server/wire/pair.ts';
import { type World, type WorldOptions, world } from '../world.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files }';
const SURE = RULES.replace('effect: ask', 'effect: ask, proof: passphrase');
const BINDING = 'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a.md' } };
const page = (id: string) => `http://localhost:4711/requests/${id}`;
const YES = { action: 'accept', content: { decision: 'approve', number: 1, proof: 'passphrase' } };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({ rules: SURE, bindings: BINDING, servers: { files: { write: {} } }, wait_ms: 60, page, ...more }));
const none = async ({ perimeter, forwarded }: World) => {
  expect(perimeter.grants.all()).toEqual([]);
  expect(perimeter.elevations.pending()).toHaveLength(1);
  expect(forwarded).toEqual([]);
};

describe('an older client', () => {
  it.each([12, 499, 4_000, 600_000])('accepts a link after %d ms, with a yes in it: nothing is approved', async (after) => {
    const given = await guarded({ rules: RULES, opens: () => ({ ...YES, action: 'accept', after }) });
    const { status, request_id } = await given.ask({ calls: [WRITE] });
    expect(status).toBe('pending');
    // taken for what it is, to its end, before anything is said of it
    const taken = async () =>
      given.perimeter.elevations.get(String(request_id))?.state !== 'pending' ||
      (await given.events()).some(({ type }) => /^request\.(?:opened|unanswered)$/.test(type));
    await expect.poll(taken, { timeout: 10_000 }).toBe(true);
    await none(given);
  });
});

describe('a client of the newest revision', () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} } },
    'io.modelcontextprotocol/clientInfo': { name: 'raw-modern', version: '2' },
  };
  type Asked = {
    resultType?: string;
    requestState?: string;
    inputRequests?: Record<string, { params: Record<string, unknown> }>;
    structuredContent?: { status: string };
  };
  let id = 0;
  async function elevate(raw: RawClient, more: Record<string, unknown> = {}): Promise<Asked> {
    id += 1;
    const params = { name: 'request_elevation', arguments: { justification: 'x', calls: [WRITE] }, _meta: meta, ...more };
    raw.send({ jsonrpc: '2.0', id, method: 'tools/call', params });
    return (await raw.answerTo(id)).result as Asked;
  }

  it.each([
    ['under the name of the form', { decision: YES }],
    ['with a yes in its consent', { page: YES }],
    ['both', { decision: YES, page: YES }],
  ])("answers a link %s: it is no form's answer", async (_name, inputResponses) => {
    const given = await guarded();
    const raw = await given.wire();
    const { requestState, inputRequests } = await elevate(raw);
    expect(inputRequests).toEqual({ page: { method: 'elicitation/create', params: expect.objectContaining({ mode: 'url' }) } });
    given.clock.advance(4_000);
    expect((await elevate(raw, { requestState, inputResponses })).structuredContent?.status).toBe('pending');
    await none(given);
  });

  it('answers the form of the round before, once it was given the link', async () => {
    const given = await guarded({ rules: RULES });
    const raw = await given.wire();
    const form = await elevate(raw);
    const link = await elevate(raw, { requestState: form.requestState, inputResponses: { decision: { action: 'decline' } } });
    expect(Object.keys(link.inputRequests ?? {})).toEqual(['page']);
    given.clock.advance(4_000);
    const again = await elevate(raw, { requestState: form.requestState, inputResponses: { decision: YES } });
    expect(again.structuredContent?.status).toBe('pending');
    await none(given);
    expect(await given.events('request.late')).toHaveLength(1);
  });

  it('changes what its state says it was asked: refused', async () => {
    const given = await guarded();
    const raw = await given.wire();
    const { requestState = '' } = await elevate(raw);
    const [body = '', signature = ''] = requestState.split('.');
    const said = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...said, link: false })).toString('base64url');
    given.clock.advance(4_000);
    expect(await elevate(raw, { requestState: `${forged}.${signature}`, inputResponses: { decision: YES } })).toBeUndefined();
    await none(given);
  });
});

it('the address says which request it is, and nothing that would open more', async () => {
  const given = await guarded({ opens: () => undefined });
  const { request_id } = await given.ask({ calls: [WRITE] });
  expect(given.links[0]?.url).toBe(page(String(request_id)));
});
