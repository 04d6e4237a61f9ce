// The requests in the console: what waits is shown with all a person needs, and an answer there is the answer.
import { afterEach, expect, test } from 'vitest';
import { type World, world } from '../../world.ts';
import { browse } from './browser.ts';
import { NOTES } from './notes.ts';

let w: World;
afterEach(() => w.close());

async function asked(extra: Parameters<typeof world>[0] = {}) {
  w = await world({ ...NOTES, ...extra });
  const answer = await w.ask({ justification: 'the team waits', calls: [{ tool: 'put', arguments: { name: 'a', text: 'x' } }] });
  return String(answer.request_id);
}

test('a request waits on the page with who, what, why, the rule and the agent’s words', async () => {
  const id = await asked();
  const browser = await browse(w);
  const list = await browser.get('/requests');
  expect(list.status).toBe(200);
  expect(list.text).toContain(`href="/requests/${id}"`);
  const page = await browser.get(`/requests/${id}`);
  expect(page.status).toBe(200);
  for (const said of [
    'felix asks to write notes:a',
    'notes are shared with the team',
    'rules/test.yaml:',
    'the team waits',
    'Its claim, not checked',
  ])
    expect(page.text).toContain(said);
});

test('a yes with the code that is shown gives the permission, and the page says so', async () => {
  const id = await asked();
  const browser = await browse(w);
  const form = await browser.form(id);
  w.clock.advance(2_000);
  const answer = await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve_once' });
  expect(answer.status).toBe(303);
  const after = await browser.get(`/requests/${id}`);
  expect(after.text).toContain('<strong>Approved</strong> by john (console)');
  expect(w.perimeter.grants.all()).toHaveLength(1);
  expect((await w.call('put', { name: 'a', text: 'x' })).isError).toBeFalsy();
});

test('a no with a reason reaches the agent', async () => {
  const id = await asked();
  const browser = await browse(w);
  expect((await browser.post(`/requests/${id}/deny`, { reason: 'not today', for: '2h' })).status).toBe(303);
  expect((await browser.get(`/requests/${id}`)).text).toContain('not today');
  expect(w.perimeter.elevations.get(id)?.state).toBe('denied');
});
