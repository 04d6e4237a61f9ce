// Threat: many answers at once to one request: two permissions, or a no that a yes overtakes.
import { afterEach, expect, it } from 'vitest';
import { sign } from '../../server/channels/signed.ts';
import { createCommands } from '../../server/commands.ts';
import { type World, world, yes } from '../world.ts';

let open: World | undefined;
afterEach(() => open?.close());

it('a thousand approvals and denials at the same moment have exactly one outcome', async () => {
  open = await world({
    rules: '  - { id: asks, why: a look first, effect: ask, scope: "*:files" }',
    bindings: 'server: files\ntools:\n  write: { does: write:files, resource: { path: path } }\n',
    servers: { files: { write: {} } },
    wait_ms: 10,
  });
  const { ask, command, perimeter, events } = open;
  const { request_id } = await ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }] });
  const answers = await Promise.allSettled(
    Array.from({ length: 1_000 }, (_, index) => command(index % 2 === 0 ? 'approve' : 'deny', { id: request_id, typed: true })),
  );
  const changed = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.changed === true);
  expect(changed).toHaveLength(1);
  const decisions = (await events()).filter((event) =>
    ['request.approved', 'request.denied', 'request.cancelled'].includes(event.type),
  );
  expect(decisions).toHaveLength(1);
  expect(perimeter.grants.all()).toHaveLength(decisions[0]?.type === 'request.approved' ? 1 : 0);
}, 60_000);

it('a thousand answers through form, terminal, page and webhook at the same moment have exactly one outcome', async () => {
  const ann = 'a secret of ann that is long enough';
  const webhook = { url: 'http://127.0.0.1:9/x', secret: 'a secret of the hook, long enough', answers: { ann } };
  let fill: (answer: ReturnType<typeof yes>) => void = () => undefined;
  open = await world({
    rules: '  - { id: asks, why: a look first, effect: ask, scope: "*:files" }',
    bindings: 'server: files\ntools:\n  write: { does: write:files, resource: { path: path } }\n',
    servers: { files: { write: {} } },
    settings: { channels: { webhook } },
    human: () => new Promise((resolve) => (fill = resolve)),
    wait_ms: 10,
  });
  const { ask, command, perimeter, events, clock } = open;
  const { request_id: id } = await ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }] });
  const { shown } = perimeter.elevations.get(String(id)) ?? {};
  const page = createCommands(perimeter, { channel: 'console' });
  const stream = { event: () => undefined, signal: new AbortController().signal };
  const peer = { as: 'command', version: '', account: 'john' } as const;
  const hook = (number: number, decision: string) => {
    const timestamp = Math.floor(clock.now() / 1_000);
    const body = JSON.stringify({ type: 'request.answer', request_id: id, shown, decision });
    const signature = sign(ann, `ans_${number}`, timestamp, body);
    return command('answer', { document: JSON.stringify({ id: `ans_${number}`, timestamp, by: 'ann', body, signature }) });
  };
  const answers = Array.from({ length: 999 }, (_, index) => {
    const name = index % 2 === 0 ? 'approve' : 'deny';
    if (index % 3 === 0) return command(name, { id, typed: true });
    if (index % 3 === 1) return page(name, { id, typed: true, shown }, stream, peer);
    return hook(index, name);
  });
  fill(yes());
  const ended = await Promise.allSettled(answers);
  const changed = ended.filter((one) => one.status === 'fulfilled' && (one.value as { changed?: boolean }).changed === true);
  expect(changed.length).toBeLessThanOrEqual(1);
  const all = await events();
  const decisions = all.filter(({ type }) => ['request.approved', 'request.denied', 'request.cancelled'].includes(type));
  expect(decisions).toHaveLength(1);
  expect(all.filter(({ type }) => type === 'grant.issued')).toHaveLength(decisions[0]?.type === 'request.approved' ? 1 : 0);
  // everybody else is told what became of it, and is on record
  const state = decisions[0]?.type.replace('request.', '');
  for (const one of ended) expect(one).toMatchObject({ status: 'fulfilled', value: { state } });
  expect(all.filter(({ type }) => type === 'request.late')).toHaveLength(999);
}, 120_000);
