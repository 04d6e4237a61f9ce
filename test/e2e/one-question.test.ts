// One request from form to terminal on a real guard: the call times out, asking again joins it, the terminal answers, the form is late; asked once.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBehaviours } from '../../server/channels/behaviour.ts';
import { systemClock } from '../../server/clock.ts';
import { openStore } from '../../server/store/index.ts';
import { type Serving, type Site, site } from '../attacks/process.ts';

const RULES = '  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }';
const ARGS = { path: 'a.md', content: 'x' };
const ASKED = { justification: 'The plan is due', calls: [{ tool: 'write', arguments: ARGS }] };
const CUT_MS = 15_000;

let place: Site;
let agent: Serving;
beforeAll(async () => {
  place = site(
    { files: { command: 'perimeter', args: ['tool', 'files', '--root', '.'] } },
    { rules: RULES, settings: { channels: { desktop: false } }, capabilities: { elicitation: { form: {} } } },
  );
  // a client that is known to cut its calls is answered before it does: the wait is ten seconds, not forty-five
  const store = await openStore(join(place.folder, '.perimeter'));
  const known = createBehaviours({ store, clock: systemClock });
  const before = { connection_id: 'before', name: 'raw', version: '1', era: 'legacy', forms: true, links: false } as const;
  known.cut(before, CUT_MS);
  known.cut(before, CUT_MS);
  await store.close();
  agent = await place.serve();
});
afterAll(async () => {
  await agent.leave();
  place.remove();
});

const forms = () => agent.heard.filter(({ method }) => method === 'elicitation/create');
const ask = async (args: Record<string, unknown>) =>
  (await agent.call('request_elevation', args)).result?.structuredContent as Record<string, unknown>;
const typesOf = (request_id: unknown) =>
  place
    .events()
    // on a slow machine the request lives long enough to be offered on the next rung too
    .filter((event) => event.request_id === request_id && event.type !== 'request.offered')
    .map(({ type }) => type);

test('a request survives form, timeout, terminal and late answer without being asked twice', async () => {
  const first = await ask(ASKED);
  expect(first).toMatchObject({ status: 'pending', next: expect.stringContaining(`perimeter approve ${first.request_id}`) });
  expect(forms()).toHaveLength(1);

  // asked again while the terminal shows it, in other words and by its id: one request, one form, and the answer wakes both
  let waiting: ReturnType<typeof ask>[] = [];
  const seen = await place.terminal(['approve', String(first.request_id), '--once'], async (screen) => {
    const code = /type (\w+) to approve: $/.exec(screen)?.[1];
    if (code === undefined) return undefined;
    waiting = [
      ask({ ...ASKED, justification: 'Please, it is urgent' }),
      ask({ justification: '', request_id: first.request_id }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return code;
  });
  expect(waiting).toHaveLength(2);
  expect(seen).toMatchObject({ status: 0, stdout: expect.stringContaining('felix asks to write files:a.md') });
  for (const woken of await Promise.all(waiting))
    expect(woken).toMatchObject({ status: 'granted', request_id: first.request_id, grant: { remaining: { uses: 1 } } });
  expect(forms()).toHaveLength(1);
  expect(existsSync(join(place.folder, 'a.md'))).toBe(false);

  // the form is taken away; a client that leaves it up lets somebody say a wider yes
  const [form] = forms();
  await expect
    .poll(() => agent.heard.find(({ method }) => method === 'notifications/cancelled')?.params)
    .toMatchObject({ requestId: form?.id });
  agent.send({ id: form?.id, result: { action: 'accept', content: { decision: 'approve' } } });
  await expect.poll(() => typesOf(first.request_id), { timeout: 10_000 }).toContain('request.late');
  expect(await ask({ justification: '', request_id: first.request_id })).toMatchObject({
    status: 'granted',
    grant: { remaining: { uses: 1 } },
  });

  expect((await agent.call('write', ARGS)).result?.isError).not.toBe(true);
  expect(readFileSync(join(place.folder, 'a.md'), 'utf8')).toBe('x');
  expect((await agent.call('write', ARGS)).result).toMatchObject({ isError: true });
  expect(forms()).toHaveLength(1);

  // by then the form counts for nothing, and the record has all that was said
  const whole = ['request.created', 'request.approved', 'grant.issued', 'request.late', 'grant.used', 'grant.exhausted'];
  expect(typesOf(first.request_id)).toEqual(whole);
  const { grant_id } = place.events().find(({ type }) => type === 'grant.issued') ?? {};
  const calls = place
    .events()
    .filter((event) => /^call\.(?:intent|outcome)$/.test(String(event.type)) && event.grant_id === grant_id);
  expect(calls.map(({ type }) => type)).toEqual(['call.intent', 'call.outcome']);
  expect(place.events().find(({ type }) => type === 'request.approved')).toMatchObject({
    channel: 'terminal',
    granted_by: 'human',
  });
  expect(await place.perimeter(['audit', 'verify'])).toMatchObject({ status: 0, stdout: expect.stringContaining('intact') });
}, 120_000);
