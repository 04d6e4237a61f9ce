// Threat: many answers at once to one request: two permissions, or a no that a yes overtakes.
import { afterEach, expect, it } from 'vitest';
import { type World, world } from '../world.ts';

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
