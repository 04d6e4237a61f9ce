// Tools that nobody described and that promise nothing: what their arguments say is shown as a guess, and gives no more than not knowing.
import { afterEach, expect, it } from 'vitest';
import { type World, world, yes } from '../world.ts';

let open: World;
afterEach(() => open.close());
const remove = { remove_entries: { run: () => ({ content: [] }) } };
const ask = async (args: Record<string, unknown>) => {
  open = await world({
    rules: '  - { id: changing, why: nobody described it, effect: ask, scope: "*:*" }',
    servers: { other: remove },
    human: () => yes(),
  });
  return open.ask({ calls: [{ tool: 'remove_entries', arguments: args }] });
};

it('a list of ids is estimated, for exactly this call and five minutes', async () => {
  expect(await ask({ ids: ['a', 'b', 'c'] })).toMatchObject({
    status: 'granted',
    impact: { measured: 3, strength: 'estimated' },
    grant: { exact: true, budget: { uses: 1 } },
  });
  expect(open.questions[0]?.message).toContain('This will affect 3 records (estimated from the arguments).');
  expect(open.questions[0]?.message).toContain('5 minutes');
});

it.each([[{ filter: {} }], [{ filter: '' }], [{ ids: ['*'] }], [{ all: true }], [{ where: { name: 'all' } }], [{ query: null }]])(
  '%j names no limit',
  async (args) => {
    expect(await ask(args)).toMatchObject({
      status: 'granted',
      impact: { measured: null, strength: 'unknown' },
      grant: { exact: true },
    });
    expect(open.questions[0]?.message).toContain('It names no limit, so it may touch everything.');
  },
);

it('one plain argument is unknown', async () => {
  expect(await ask({ name: 'x' })).toMatchObject({ impact: { measured: null, strength: 'unknown' } });
  expect(open.questions[0]?.message).toContain('its effect is unknown');
});

it.each([
  ['estimated', {}, '2 hours'],
  ['checked', { 'perimeter/impact': { preview: 'count', unit: 'recipients' } }, '8 hours'],
  ['enforced', { 'perimeter/impact': { preview: 'count', unit: 'recipients', bound: true } }, '12 hours'],
])('the weaker the promise, the lower the ceiling: %s', async (strength, _meta, longest) => {
  const count = {
    annotations: { readOnlyHint: true },
    run: () => ({ content: [], structuredContent: { total: 1, per_resource: { 'acme.example': 1 } } }),
  };
  open = await world({
    rules: '  - { id: mail, why: x, effect: ask, scope: "send:email", limits: { for: 12h, at_most: 12h, recipients: 5 } }',
    bindings: 'server: post\ntools:\n  send: { does: send:email, resource: { address: to } }\n',
    servers: { post: { send: { _meta }, count } },
    human: () => yes(),
  });
  const asked = await open.ask({ calls: [{ tool: 'send', arguments: { to: 'ann@acme.example' } }], minutes: 720 });
  expect(asked).toMatchObject({ status: 'granted', impact: { measured: 1, strength } });
  expect(open.questions[0]?.message).toContain(`Access ends after ${longest}`);
});
