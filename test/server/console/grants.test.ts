// Permissions in the console: what is left and what it was used for, taking back, and the lock.
import { afterEach, expect, test } from 'vitest';
import { setPassphrase } from '../../../server/passphrase.ts';
import { type World, world } from '../../world.ts';
import { browse } from './browser.ts';
import { NOTES } from './notes.ts';

let w: World;
afterEach(() => w.close());

async function granted() {
  w = await world(NOTES);
  const { request_id } = await w.ask({ scope: 'read:notes:a', uses: 2 });
  await w.command('approve', { id: request_id, typed: true });
  return w.perimeter.grants.all()[0]!.grant_id;
}

test('what is left runs down on the page as it is used, and the page says what for', async () => {
  const id = await granted();
  const browser = await browse(w);
  expect((await browser.get('/grants')).text).toContain('2 of 2 uses left');
  expect((await browser.get(`/grants/${id}`)).text).toContain('Not used yet');
  expect((await w.call('get', { name: 'a' })).isError).toBeFalsy();
  const page = await browser.get(`/grants/${id}`);
  expect(page.text).toContain('1 of 2 uses left');
  expect(page.text).toContain('notes get');
  expect((await browser.get('/grants')).text).toContain('1 of 2 uses left');
});

test('one button takes one back, at the next call', async () => {
  const id = await granted();
  const browser = await browse(w);
  expect((await browser.post(`/grants/${id}/revoke`)).status).toBe(303);
  expect((await browser.get(`/grants/${id}`)).text).toContain('taken back');
  expect((await w.call('get', { name: 'a' })).isError).toBe(true);
  expect((await w.events('grant.revoked'))[0]).toMatchObject({ grant_id: id, approver: 'john' });
});

test('all are taken back at once, also when there is one', async () => {
  await granted();
  const browser = await browse(w);
  expect((await browser.post('/revoke-all')).status).toBe(303);
  expect(w.perimeter.grants.all().every(({ state }) => state === 'revoked')).toBe(true);
});

test('a lock stops everything with a word why; unlocking takes the code that is shown', async () => {
  await granted();
  const browser = await browse(w);
  await browser.post('/lock', { reason: 'something is odd' });
  const locked = await browser.get('/grants');
  expect(locked.text).toContain('something is odd');
  expect((await w.call('get', { name: 'a' })).isError).toBe(true);
  expect((await browser.post('/unlock', { code: 'NOPE' })).status).toBe(409);
  expect(w.perimeter.store.data.lock).not.toBeNull();
  const code = /class="code">([A-Z2-9]{4})</.exec(locked.text)?.[1] ?? '';
  expect((await browser.post('/unlock', { code: code.toLowerCase() })).status).toBe(303);
  expect(w.perimeter.store.data.lock).toBeNull();
});

test('with a passphrase the lock opens for it alone', async () => {
  w = await world({});
  await setPassphrase(w.perimeter.config.state, 'a long enough one', undefined, w.clock);
  const browser = await browse(w);
  await browser.post('/lock');
  expect((await browser.get('/grants')).text).toContain('type="password"');
  const wrong = await browser.post('/unlock', { passphrase: 'another long one' });
  expect([wrong.status, w.perimeter.store.data.lock === null]).toEqual([409, false]);
  expect(wrong.text).toContain('That is not the passphrase');
  expect((await browser.post('/unlock', { passphrase: 'a long enough one' })).status).toBe(303);
  expect(w.perimeter.store.data.lock).toBeNull();
});

test('a thousand are paged, and a page is made in a moment', async () => {
  w = await world({});
  const browser = await browse(w);
  await w.perimeter.store.update((data) => {
    for (let index = 0; index < 1_000; index += 1)
      data.grants[`grant_${index}`] = {
        grant_id: `grant_${index}`,
        request_id: 'req_1',
        state: 'active',
        user: 'john',
        agent: 'felix',
        session_id: 's',
        scope: [`write:notes:n${index}`],
        rules: ['default'],
        risk: 'low',
        budget: { uses: 2, records: 23 },
        remaining: { uses: 1, records: 3 },
        issued_at: new Date(w.clock.now() - index).toISOString(),
        expires_at: new Date(w.clock.now() + 60_000).toISOString(),
        approver: 'john',
        channel: 'console',
        granted_by: 'human',
        survive_restart: false,
      };
  });
  const page = await browser.get('/grants');
  expect(page.text).toContain('1000 permissions are open');
  expect(page.text.match(/class="card"/g)?.length).toBe(51);
  expect(page.text).toContain('Page 1 of 20');
  expect((await browser.get('/grants?page=20')).text).toContain('write notes:n999');
  expect((await browser.get('/grants?page=99999')).status).toBe(200);
});

test('what is unknown, and what there is none of, says what to do', async () => {
  w = await world({});
  const browser = await browse(w);
  const unknown = await browser.get('/grants/grant_nothing');
  expect([unknown.status, unknown.text.includes('See what is open')]).toEqual([404, true]);
  expect((await browser.get('/grants')).text).toContain('Nothing is open');
  expect((await browser.get('/grants?show=ended')).text).toContain('None ended in the last days');
  expect((await browser.get('/requests/req_nothing')).text).toContain('This request is not known');
  expect((await browser.get('/nowhere')).status).toBe(404);
});
