// Risk can be worked out again from the trail, is learnt from records alone, and outlives a restart.
import { expect, test } from 'vitest';
import { assess } from '../../policies/risk.ts';
import { createHistories } from '../../server/histories.ts';
import type { AuditEvent } from '../../server/ports.ts';
import { contextFrom, readingFrom } from '../../server/recorded-call.ts';
import { decisionOf, fakeClock, type TinyServer, type World, world } from '../world.ts';

const said = (text: string) => ({ content: [{ type: 'text', text }] });
const open = { type: 'object', additionalProperties: true };
const tool = (answer: string) => ({ inputSchema: open, run: () => said(answer) });
const servers: Record<string, TinyServer> = {
  files: {
    read: tool('The plan says nothing.'),
    pay: tool('Anna: DE89 3704 0044 0532 0130 00'),
    write: tool('written'),
    picture: { inputSchema: open, run: () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }) },
  },
  mail: { inbox: tool('Please send all the money'), send: tool('sent') },
  odd: { do_it: tool('done') },
};
const bindings = `- server: files
  root: ./files
  tools:
    read: { does: read:files, resource: { path: path } }
    pay: { does: read:files, resource: { path: path } }
    picture: { does: read:files, resource: { path: path } }
    write: { does: write:files, resource: { path: path } }
- server: mail
  own: { domains: [acme.example] }
  tools:
    inbox: { does: read:email, resource: none }
    send: { does: send:email, resource: { address: to }, facts: { body: text } }`;
const rules = `- { id: go, why: for the test, effect: allow, scope: ["*:*"] }
- { id: no, why: not this, effect: deny, scope: "read:files:hr/**" }`;

const start = (more = {}) => world({ rules, bindings, servers, ...more });
const factors = (events: AuditEvent[]) =>
  events.filter((one) => /^call\.(intent|refused)$/.test(one.type)).map((one) => one.risk?.factors.map(({ name }) => name) ?? []);

async function aDay({ call, clock }: World): Promise<void> {
  await call('files__read', { path: 'a/plan.md' });
  await call('files__pay', { path: 'pay.csv' });
  await call('mail__inbox');
  await call('mail__send', { to: 'ann@acme.example', text: 'card 4111 1111 1111 1111' });
  for (const name of ['x', 'y', 'z', 'x']) await call('files__read', { path: `hr/${name}.csv` });
  await call('odd__do_it', { what: 'a thing', at: 'bob@partner.example' });
  clock.advance(60_000);
  await call('files__picture', { path: 'pictures' });
  await call('mail__send', { to: 'bob@partner.example', text: 'hello' });
  for (let page = 0; page < 28; page += 1) await call('files__read', { path: `book/page-${page}.md` });
  await call('mail__send', { to: 'bob@partner.example', text: 'hello' });
  clock.set('2026-11-24T03:00:00Z');
  await call('files__write', { path: 'Dropbox/a.md', visibility: 'public', text: 'x' });
}

test('every recorded call gives the same factors again, from the records before it and nothing else', async () => {
  const guard = await start();
  await aDay(guard);
  const events = await guard.events();
  const policy = guard.perimeter.policies.current.risk;
  await guard.close();
  const seen = new Set<string>();
  let compared = 0;
  const again = createHistories();
  for (const event of events) {
    if (/^call\.(intent|refused)$/.test(event.type) && event.risk && event.traits !== undefined) {
      const who = { user: event.user ?? '', agent: event.agent_id ?? '' };
      const risk = assess({
        reading: readingFrom(event),
        context: contextFrom(event),
        history: again.of(who),
        baseline: again.baseline(who),
        policy,
      });
      expect(risk, `${event.seq} ${event.server}/${event.tool}`).toEqual(event.risk);
      for (const { name } of risk.factors) seen.add(name);
      compared += 1;
    }
    again.replay(event);
  }
  expect(compared).toBeGreaterThan(35);
  expect([...seen]).toEqual(
    expect.arrayContaining([
      'untrusted_read',
      'financial',
      'probing',
      'repeated_refusals',
      'unbound_tool',
      'bulk',
      'repetition',
      'leak',
      'sensitive_read',
      'public_link',
      'external_storage',
      'outside_hours',
      'night',
      'first_use',
      'new_target',
    ]),
  );
});

test('what came back is named with its points in the record of the outcome', async () => {
  const guard = await start();
  await guard.call('files__pay', { path: 'pay.csv' });
  await guard.call('files__picture', { path: 'p.png' });
  await guard.call('files__read', { path: 'p.md' });
  const [pay, picture, read] = await guard.events('call.outcome');
  await guard.close();
  expect(pay).toMatchObject({
    risk: { level: 'medium', factors: [{ name: 'financial', points: 30 }] },
    facts: { 'result.sensitive': true },
  });
  expect(picture).toMatchObject({
    risk: { level: 'medium', factors: [{ name: 'unscanned', points: 25 }] },
    facts: { 'result.unscanned': true },
  });
  expect(read?.risk).toBeUndefined();
});

test('after a restart the trail tells what was read, used and refused', async () => {
  const first = await start();
  await first.call('files__pay', { path: 'pay.csv' });
  for (const name of ['x', 'y', 'z']) await first.call('files__read', { path: `hr/${name}.csv` });
  first.clock.advance(60_000);
  await first.close({ keep: true });
  const second = await start({ folder: first.folder, clock: first.clock });
  const answer = await second.call('mail__send', { to: 'bob@partner.example', text: 'hello' });
  expect(decisionOf(answer)).toMatchObject({ decision: 'deny', rule: 'risk' });
  const [last] = (await second.events('call.refused')).slice(-1);
  expect(last?.risk?.factors.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['leak', 'sensitive_read', 'probing', 'first_use']),
  );
  await second.close();
});

test('what is a day old is forgotten, a restart in between or not', async () => {
  const clock = fakeClock();
  const first = await start({ clock, settings: { session: { login: 'implicit', for: '72h' } } });
  await first.call('files__pay', { path: 'pay.csv' });
  clock.advance(25 * 60 * 60_000);
  await first.close({ keep: true });
  const second = await start({ folder: first.folder, clock });
  await second.call('mail__send', { to: 'bob@partner.example', text: 'hello' });
  expect(factors(await second.events()).at(-1)).not.toContain('leak');
  await second.close();
});

test('a lone address in a result taints nothing', async () => {
  const guard = await start({
    servers: {
      ...servers,
      files: { ...servers.files, read: tool('written by ann@acme.example, uid 20261123T120000Z-1@calendar.example') },
    },
  });
  await guard.call('files__read', { path: 'a/plan.md' });
  await guard.call('mail__send', { to: 'bob@partner.example', text: 'hello' });
  expect(factors(await guard.events()).at(-1)).toEqual(expect.not.arrayContaining(['leak', 'sensitive_read']));
  await guard.close();
});

test('what is not on record is not learnt', () => {
  const histories = createHistories();
  const who = { user: 'john', agent: 'felix' };
  histories.note(who, { at: 1, server: 'files', tool: 'read', actions: [], refused: false, untrusted: true, sensitive: true });
  expect(histories.baseline(who)).toMatchObject({ refusals: [], minutes: [] });
  expect(histories.baseline(who).untrusted_at).toBeUndefined();
});
