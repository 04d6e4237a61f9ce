// Threat: the client program answers the guard's question by itself, or an answer says something else than yes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FormAnswer } from '../../server/ports.ts';
import { decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 10m } }
  - { id: deleting, why: gone is gone, effect: ask, scope: delete:files, proof: typed }
  - { id: sharing, why: out is out, effect: ask, scope: share:files, proof: passphrase }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n  share: { does: share:files, resource: { path: path } }\n';
const WRITE = { tool: 'write', arguments: { path: 'a.md', content: 'x' } };
type Given = Omit<FormAnswer, 'request_id'>;

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) => {
  open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {}, delete: {}, share: {} } },
    wait_ms: 60,
    ...more,
  });
  // something to delete: one file
  mkdirSync(join(open.folder, 'files'));
  writeFileSync(join(open.folder, 'files', 'a.md'), 'x');
  return open;
};

const NOT_A_YES: [string, Given][] = [
  ['an empty accept', { action: 'accept', after: 4_000 }],
  ['an accept of an empty form', { action: 'accept', content: {}, after: 4_000 }],
  ['a boolean', { action: 'accept', content: { decision: true }, after: 4_000 }],
  ['another word', { action: 'accept', content: { decision: 'yes' }, after: 4_000 }],
  ['another case', { action: 'accept', content: { decision: 'Approve' }, after: 4_000 }],
  ['a list', { action: 'accept', content: { decision: ['approve'] }, after: 4_000 }],
  ['the title in place of the value', { action: 'accept', content: { decision: 'Approve once' }, after: 4_000 }],
  ['fields nobody asked for', { action: 'accept', content: { decision: 'approve', minutes: 600 }, after: 4_000 }],
  ['a field that names a user', { action: 'accept', content: { decision: 'approve', approver: 'admin' }, after: 4_000 }],
  [
    'only an inherited decision',
    { action: 'accept', content: Object.create({ decision: 'approve' }) as Record<string, unknown>, after: 4_000 },
  ],
  ['an instant accept', { action: 'accept', content: { decision: 'approve' }, after: 20 }],
  ['an accept just under half a second', { action: 'accept', content: { decision: 'approve' }, after: 499 }],
  ['an accept before the question', { action: 'accept', content: { decision: 'approve' }, after: -1 }],
  ['an accept at no time', { action: 'accept', content: { decision: 'approve' }, after: Number.NaN }],
  ['an instant decline, without a human', { action: 'decline', after: 5 }],
  ['a decline with a yes in it', { action: 'decline', content: { decision: 'approve' }, after: 4_000 }],
  ['a cancel with a yes in it', { action: 'cancel', content: { decision: 'approve' }, after: 4_000 }],
];

describe('no permission comes of', () => {
  it.each(NOT_A_YES)('%s', async (_name, answer) => {
    const { ask, call, perimeter, forwarded, events } = await guarded({ human: () => answer });
    const { status, request_id } = await ask({ calls: [WRITE] });
    expect(status).not.toBe('granted');
    // taken for what it is, to its end, before anything is said of it: `request.approved` is written before the grant is there
    const taken = async () =>
      perimeter.elevations.get(String(request_id))?.state !== 'pending' || (await events('request.unanswered')).length > 0;
    await expect.poll(taken, { timeout: 10_000 }).toBe(true);
    expect(decisionOf(await call('write', WRITE.arguments)).decision).toBe('ask');
    expect(perimeter.grants.all()).toEqual([]);
    expect(forwarded).toEqual([]);
  });

  it('the answer of a form that was for another request', async () => {
    const { client, call, perimeter, events } = await guarded({ human: () => yes() });
    const swapping = client({ form: async () => ({ request_id: 'req_another', ...yes() }) });
    expect(
      (await call('request_elevation', { justification: 'x', calls: [WRITE] }, { client: swapping })).structuredContent,
    ).toMatchObject({ status: 'pending' });
    await expect.poll(async () => (await events('request.unanswered')).length, { timeout: 10_000 }).toBe(1);
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('a form where more is needed than a click', async () => {
    const { ask, questions, perimeter } = await guarded({ human: () => yes() });
    for (const tool of ['delete', 'share'])
      expect(await ask({ calls: [{ tool, arguments: { path: 'a.md' } }] })).toMatchObject({ status: 'pending' });
    expect(questions).toEqual([]);
    expect(perimeter.grants.all()).toEqual([]);
  });

  const TYPED = '  - { id: removing, why: gone is gone, effect: ask, scope: delete:files, proof: typed, limits: { files: 9 } }';
  it.each([
    ['no number', undefined],
    ['a number that is not the one that was counted', 2],
    ['the number as a text', '1'],
    ['the number in a list', [1]],
    ['half of it', 0.5],
  ])('a form that draws numbers well, with %s', async (_name, number) => {
    const content = { decision: 'approve', ...(number === undefined ? {} : { number }) };
    const { ask, client, questions, perimeter } = await guarded({
      rules: TYPED,
      wait_ms: 10_000,
      human: () => ({ action: 'accept', content, after: 4_000 }),
    });
    const drawing = client({ name: 'claude-code' });
    const asked = await ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] }, { client: drawing });
    expect(questions).toMatchObject([{ typed: true }]);
    expect(asked).toMatchObject({ status: 'denied' });
    expect(perimeter.grants.all()).toEqual([]);
  });

  it('a form that draws numbers well is asked for the number, and the right one is a yes', async () => {
    const { ask, client, perimeter } = await guarded({
      rules: TYPED,
      wait_ms: 10_000,
      human: () => ({ action: 'accept', content: { decision: 'approve', number: 1 }, after: 4_000 }),
    });
    const asked = await ask(
      { calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] },
      { client: client({ name: 'claude-code' }) },
    );
    expect(asked).toMatchObject({ status: 'granted' });
    expect(perimeter.grants.all()).toHaveLength(1);
  });

  it('a code typed where the passphrase is needed', async () => {
    const { ask, command, perimeter } = await guarded();
    const { request_id } = await ask({ calls: [{ tool: 'share', arguments: { path: 'a.md' } }] });
    await expect(command('approve', { id: request_id, typed: true })).rejects.toThrow(/passphrase/);
    expect(perimeter.grants.all()).toEqual([]);
  });
});

describe('a form that a machine answered', () => {
  it('is written down, leaves the request for a real person, and is not believed by the same client again', async () => {
    const { ask, command, questions, events } = await guarded({
      human: () => ({ action: 'accept', content: { decision: 'approve' }, after: 3 }),
    });
    const { request_id, status } = await ask({ calls: [WRITE] });
    expect(status).toBe('pending');
    expect((await events()).some((event) => event.request_id === request_id && /by itself/.test(String(event.why)))).toBe(true);
    await ask({ calls: [{ ...WRITE, arguments: { path: 'b.md', content: 'x' } }] });
    expect(questions).toHaveLength(1);
    expect(await command('pending')).toHaveLength(2);
  });
});

describe('a form that is answered late', () => {
  it('counts for the stored request though the call that asked is long over, and only once', async () => {
    let answer: (value: Given) => void = () => undefined;
    const { ask, command, perimeter } = await guarded({ human: () => new Promise((resolve) => (answer = resolve)) });
    const { request_id } = await ask({ calls: [WRITE] });
    await command('deny', { id: request_id });
    answer(yes());
    await new Promise((done) => setTimeout(done, 50));
    expect(perimeter.elevations.get(String(request_id))?.state).toBe('denied');
    expect(perimeter.grants.all()).toEqual([]);
  });
});
