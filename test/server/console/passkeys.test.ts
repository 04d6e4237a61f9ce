// Passkeys in the console: added only with a proof, then asked for instead of the passphrase, and counted for exactly the form that was signed.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type KeyOptions, passkeysOf } from '../../../server/passkeys.ts';
import { setPassphrase } from '../../../server/passphrase.ts';
import { type World, world } from '../../world.ts';
import { SoftKey } from '../soft-key.ts';
import { type Browser, browse, ORIGIN } from './browser.ts';

const PASSPHRASE = 'correct horse battery';
const RULES = `  - id: notes-write
    why: notes are shared with the team
    effect: ask
    scope: write:notes
    proof: passphrase
    limits: { for: 30m, uses: 2 }`;
const BINDINGS = `server: notes
tools:
  put: { does: write:notes, resource: { text: name }, ignore: [text] }`;

let w: World;
let browser: Browser;
let key: SoftKey;
beforeEach(async () => {
  w = await world({ rules: RULES, bindings: BINDINGS, servers: { notes: { put: {} } }, wait_ms: 1 });
  browser = await browse(w);
  key = new SoftKey(ORIGIN);
});
afterEach(() => w.close());

async function asked(name = 'a'): Promise<string> {
  const calls = [{ tool: 'put', arguments: { name, text: 'x' } }];
  return String((await w.ask({ justification: 'the team waits', calls })).request_id);
}

/** What the script does: has the form signed as it is, and gives it back with the signature in it. */
async function signed(path: string, fields: Record<string, string>, by = browser): Promise<Record<string, string>> {
  const { text, status } = await by.post(`/passkeys/ask?for=${encodeURIComponent(path)}`, fields);
  expect(status).toBe(200);
  return { ...fields, passkey: JSON.stringify(key.get(JSON.parse(text) as KeyOptions)) };
}

async function invite(fields: Record<string, string>): Promise<{ status: number; text: string }> {
  return browser.post('/passkeys/invite', { name: 'laptop', ...fields });
}

const havePassphrase = () => setPassphrase(w.perimeter.config.state, PASSPHRASE);

/** One is there already; how it came is told in the stories of adding. */
async function enrol(): Promise<void> {
  const [passkeys, place] = [await passkeysOf(w.perimeter), { origin: ORIGIN, sign_in: 'earlier' }];
  await passkeys.add(place, key.create(await passkeys.invite(place, { user: 'john', name: 'laptop' })));
}

/** The form of a request's page, filled in, after somebody read it. */
async function answer(id: string, more: Record<string, string> = {}): Promise<Record<string, string>> {
  const form = await browser.form(id);
  w.clock.advance(2_000);
  return { ...form, decision: 'approve', ...more };
}

describe('adding one', () => {
  test('needs a passphrase that is set', async () => {
    expect((await browser.get('/passkeys')).text).toContain('perimeter passphrase set');
    const refused = await invite({});
    expect(refused).toMatchObject({ status: 403, text: expect.stringContaining('none is set') });
  });

  test('takes the passphrase, is on record, and is listed', async () => {
    await havePassphrase();
    const invited = await invite({ passphrase: PASSPHRASE });
    expect(invited.status).toBe(200);
    const made = JSON.stringify(key.create(JSON.parse(invited.text) as KeyOptions));
    expect((await browser.post('/passkeys/add', { made })).status).toBe(303);
    const page = await browser.get('/passkeys');
    expect(page.text).toContain('<h3>laptop</h3>');
    expect(await w.events('passkey.added')).toMatchObject([{ approver: 'john', channel: 'console', passkey: 'laptop' }]);
  });

  test('takes a passkey from then on, not the passphrase', async () => {
    await enrol();
    expect(await invite({ passphrase: PASSPHRASE })).toMatchObject({
      status: 403,
      text: expect.stringContaining('takes your passkey'),
    });
    const invited = await invite(await signed('/passkeys/invite', { name: 'phone' }));
    expect(invited.status).toBe(200);
    const phone = new SoftKey(ORIGIN);
    await browser.post('/passkeys/add', { made: JSON.stringify(phone.create(JSON.parse(invited.text) as KeyOptions)) });
    expect((await passkeysOf(w.perimeter)).list().map(({ name }) => name)).toEqual(['laptop', 'phone']);
  });
});

describe('with one', () => {
  beforeEach(enrol);

  test('it approves what demands a passphrase, and the record says which proof it was', async () => {
    const id = await asked();
    const path = `/requests/${id}/approve`;
    expect((await browser.post(path, await signed(path, await answer(id)))).status).toBe(303);
    expect(w.perimeter.elevations.get(id)?.state).toBe('approved');
    expect(await w.events('request.approved')).toMatchObject([{ proof: 'passkey', passkey: 'laptop', channel: 'console' }]);
  });

  test('it unlocks, and the passphrase does not any more', async () => {
    await w.perimeter.lock('test', 'john');
    expect((await browser.post('/unlock', { passphrase: PASSPHRASE })).status).toBe(409);
    expect(w.perimeter.store.data.lock).not.toBeNull();
    expect((await browser.post('/unlock', await signed('/unlock', {}))).status).toBe(303);
    expect(w.perimeter.store.data.lock).toBeNull();
  });

  test('it signs in, and the passphrase does not any more', async () => {
    const other = await browse(w, { signedIn: false });
    expect((await other.get('/requests')).text).toContain('With your passkey');
    expect((await other.post('/sign-in', { next: '/grants', passphrase: PASSPHRASE })).status).toBe(403);
    const { text } = await other.post('/sign-in/passkey', { next: '/grants' });
    const entered = await other.post('/sign-in', {
      next: '/grants',
      passkey: JSON.stringify(key.get(JSON.parse(text) as KeyOptions)),
    });
    expect(entered.status).toBe(303);
    expect(entered.headers.get('location')).toBe('/grants');
  });

  test('it can be renamed, and removed with itself as the proof', async () => {
    await browser.post(`/passkeys/${key.id}/rename`, { name: '<b>mine</b>' });
    expect((await browser.get('/passkeys')).text).toContain('<h3>&lt;b&gt;mine&lt;/b&gt;</h3>');
    const path = `/passkeys/${key.id}/remove`;
    expect((await browser.post(path, { passphrase: PASSPHRASE })).status).toBe(409);
    expect((await browser.post(path, await signed(path, {}))).status).toBe(303);
    expect((await passkeysOf(w.perimeter)).list()).toEqual([]);
    expect(await w.events('passkey.removed')).toMatchObject([{ passkey: '<b>mine</b>', channel: 'console' }]);
  });
});

describe('attack', () => {
  beforeEach(enrol);
  const open = (id: string) => expect(w.perimeter.elevations.get(id)?.state).toBe('pending');

  test('the passphrase alone, on the page', async () => {
    await havePassphrase();
    const id = await asked();
    const tried = await browser.post(`/requests/${id}/approve`, await answer(id, { passphrase: PASSPHRASE }));
    expect(tried).toMatchObject({ status: 409, text: expect.stringContaining('takes your passkey') });
    open(id);
  });

  test.each([
    ['another request', (other: string) => other, {}],
    ['another decision', undefined, { decision: 'approve_once' }],
    ['more than was signed', undefined, { uses: '2' }],
    ['another thing shown', undefined, { shown: 'sha256:00' }],
  ])('a signature for %s', async (_what, elsewhere, changes) => {
    const [id, other] = [await asked('a'), await asked('b')];
    const fields = await signed(`/requests/${id}/approve`, await answer(id, { uses: '1' }));
    const target = elsewhere ? elsewhere(other) : id;
    const more = elsewhere ? await answer(other, { uses: '1' }) : {};
    const tried = await browser.post(`/requests/${target}/approve`, { ...fields, ...more, ...changes, passkey: fields.passkey! });
    expect(tried).toMatchObject({ status: 409, text: expect.stringContaining('something else') });
    for (const one of [id, other]) open(one);
  });

  test('a signature once more, after a first try with it counted for nothing', async () => {
    const id = await asked();
    const path = `/requests/${id}/approve`;
    const fields = await signed(path, await answer(id));
    expect((await browser.post(path, { ...fields, minutes: '29' })).status).toBe(409);
    expect((await browser.post(path, fields)).status).toBe(409);
    open(id);
  });

  test("another sign-in's signature", async () => {
    const id = await asked();
    const other = await browse(w);
    const path = `/requests/${id}/approve`;
    const fields = await answer(id);
    const theirs = await signed(path, fields, other);
    expect((await browser.post(path, { ...fields, passkey: theirs.passkey! })).status).toBe(409);
    open(id);
  });

  test('taking the file away does not bring the passphrase back', async () => {
    await havePassphrase();
    await rm(join(w.perimeter.config.state, 'passkeys.json'));
    const id = await asked();
    const tried = await browser.post(`/requests/${id}/approve`, await answer(id, { passphrase: PASSPHRASE }));
    expect(tried.status).toBe(409);
    const path = `/requests/${id}/approve`;
    const stillSigned = await browser.post(path, await signed(path, await answer(id)));
    expect(stillSigned).toMatchObject({ status: 409, text: expect.stringContaining('changed by something else') });
    open(id);
  });

  test('adding one with nothing, a wrong passphrase, or a made-up answer', async () => {
    for (const fields of [{}, { passphrase: 'wrong wrong wrong' }, { passkey: '{}' }, { passkey: 'null' }, { passkey: '{"id":' }])
      expect((await invite(fields)).status).toBe(403);
    const mine = new SoftKey(ORIGIN);
    for (const made of ['', '{', 'null', JSON.stringify(mine.create({ challenge: 'AAAA' }))])
      expect((await browser.post('/passkeys/add', { made })).status).toBe(409);
    expect((await passkeysOf(w.perimeter)).list()).toHaveLength(1);
  });

  test('a command on the socket that says it was signed', async () => {
    const id = await asked();
    await havePassphrase();
    const request = w.perimeter.elevations.get(id)!;
    await expect(w.command('approve', { id, shown: request.shown, passkey: 'laptop' })).rejects.toMatchObject({
      code: 'needs_passphrase',
    });
    open(id);
  });
});
