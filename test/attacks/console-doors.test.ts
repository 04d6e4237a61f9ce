// Threat: another page, another program or another person gets through the console: forged posts, a name that leads here, a frame, a link or cookie used again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ownPath } from '../../server/console/sign-in-page.ts';
import { setPassphrase } from '../../server/passphrase.ts';
import { type Browser, browse, cookieOf, ORIGIN } from '../server/console/browser.ts';
import { NOTES } from '../server/console/notes.ts';
import { type World, world } from '../world.ts';

let w: World;
afterEach(() => w.close());

/** A world in which one request waits and one permission is open. */
async function busy(): Promise<{ browser: Browser; id: string; grant: string }> {
  w = await world(NOTES);
  const first = await w.ask({ scope: 'read:notes:a', uses: 2 });
  await w.command('approve', { id: first.request_id, typed: true });
  const { request_id } = await w.ask({ justification: 'why not', calls: [{ tool: 'put', arguments: { name: 'b', text: 'x' } }] });
  return { browser: await browse(w), id: String(request_id), grant: w.perimeter.grants.all()[0]!.grant_id };
}

const routes = (browser: Browser, method: string, params: Record<string, string>) => [
  ...new Set(
    browser.routes
      .filter((route) => route.method === method && !route.path.includes('*'))
      .map(({ path }) =>
        path.replace(/:(\w+)/g, (_, name: string) => (path.startsWith('/public') ? 'console.css' : (params[name] ?? 'x'))),
      ),
  ),
];
const posts = (browser: Browser, id: string, grant: string) => [
  ...routes(browser, 'POST', { id }),
  ...routes(browser, 'POST', { id: grant }),
];
/** All that a person or the guard would call a change. */
const seen = async () =>
  JSON.stringify([w.perimeter.store.data, (await w.events()).filter(({ type }) => type !== 'audit.read').map(({ id }) => id)]);

describe('forms of other pages', () => {
  it.each([
    ['from another page', { origin: 'https://evil.example' }],
    ['from another port of this machine', { origin: 'http://localhost:3000' }],
    ['from our number in place of our name', { origin: 'http://127.0.0.1:7373' }],
    ['from a sandboxed frame', { origin: 'null' }],
    ['that don’t say where they come from', { origin: undefined }],
    ['that the browser calls foreign', { 'sec-fetch-site': 'cross-site' }],
    ['that the browser calls a neighbour’s', { 'sec-fetch-site': 'same-site' }],
  ])('%s change nothing, with the right cookie and all', async (_, headers) => {
    const { browser, id, grant } = await busy();
    const form = await browser.form(id);
    w.clock.advance(2_000);
    const before = await seen();
    for (const path of posts(browser, id, grant)) {
      const { status } = await browser.post(path, { ...form, decision: 'approve' }, headers);
      expect([path, status]).toEqual([path, 403]);
    }
    expect(await seen()).toBe(before);
    expect((await browser.get('/requests')).status).toBe(200);
  });

  it('without the mark of this sign-in, or with another’s, change nothing', async () => {
    const { browser, id, grant } = await busy();
    const other = await browse(w);
    const before = await seen();
    for (const csrf of ['', 'x', other.csrf()])
      for (const path of posts(browser, id, grant).filter((one) => !/^\/(?:enter|sign-in)/.test(one)))
        expect([path, (await browser.post(path, { csrf })).status]).toEqual([path, 403]);
    expect(await seen()).toBe(before);
  });

  it('as text, as JSON or as parts are no forms of ours', async () => {
    const { browser, id } = await busy();
    const form = await browser.form(id);
    w.clock.advance(2_000);
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json'])
      expect(
        (await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve' }, { 'content-type': type })).status,
      ).toBe(403);
    expect(w.perimeter.elevations.get(id)?.state).toBe('pending');
  });
});

describe('names that lead here', () => {
  it.each([
    'evil.example',
    'evil.example:7373',
    'localhost',
    'localhost:3000',
    'localhost.evil.example:7373',
    'LOCALHOST:7373.',
    '',
  ])('%j is refused, page and form, whatever the cookie', async (host) => {
    const { browser, id, grant } = await busy();
    const before = await seen();
    for (const path of routes(browser, 'GET', { id })) {
      const page = await browser.get(path, { host });
      expect([path, page.status, page.text.includes(id)]).toEqual([path, 421, false]);
    }
    for (const path of posts(browser, id, grant)) expect((await browser.post(path, {}, { host })).status).toBe(421);
    expect(await seen()).toBe(before);
  });

  it('our number is led to our name, and takes no form', async () => {
    const { browser, id } = await busy();
    const page = await browser.get(`/requests/${id}`, { host: '127.0.0.1:7373' });
    expect([page.status, page.headers.get('location')]).toEqual([302, `${ORIGIN}/requests/${id}`]);
    expect((await browser.post(`/requests/${id}/deny`, {}, { host: '127.0.0.1:7373' })).status).toBe(421);
  });
});

describe('what is only looked at', () => {
  it('changes nothing: no page, whatever stands in its address', async () => {
    const { browser, id, grant } = await busy();
    const before = await seen();
    const query = `?decision=approve&csrf=${browser.csrf()}&code=1&_method=POST`;
    for (const path of [
      ...routes(browser, 'GET', { id }),
      ...routes(browser, 'GET', { id: grant }),
      ...posts(browser, id, grant),
    ]) {
      if (path === '/live') continue;
      await browser.get(`${path}${query}`);
      await browser.get(path, { 'x-http-method-override': 'POST' });
    }
    expect(await seen()).toBe(before);
  });

  it('forbids frames, foreign scripts and being kept, on every answer', async () => {
    const { browser, id } = await busy();
    const out = await browse(w, { signedIn: false });
    const answers = await Promise.all([
      ...[...routes(browser, 'GET', { id }).filter((path) => path !== '/live'), '/nowhere'].map((path) => browser.get(path)),
      browser.post('/lock', { csrf: 'wrong' }),
      browser.get('/requests', { host: 'evil.example' }),
      browser.post('/enter', { link: 'x'.repeat(50_000) }),
      out.get('/requests'),
      out.get('/live'),
    ]);
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('holds no script, style or handler of its own, and asks nobody else for anything', async () => {
    const { browser, id, grant } = await busy();
    for (const path of [...routes(browser, 'GET', { id }), `/grants/${grant}`].filter((one) => !/^\/(?:live|public)/.test(one))) {
      const { text } = await browser.get(path);
      expect(text).not.toMatch(/<script(?![^>]*\ssrc="\/)|<style|\sstyle=|\son\w+=|javascript:/i);
      expect(text.match(/(?:src|href|action)="(?![/#])[^"]*"/g)).toBeNull();
    }
  });

  it('is not given to another page that fetches it, and leads a person who clicked a link on to sign in or in', async () => {
    const { browser, id } = await busy();
    expect((await browser.get('/requests', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
    // a strict cookie stays at home when another site leads here: the page asks once more, from our own
    const clicked = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', cookie: '' };
    expect((await browser.get(`/requests/${id}`, clicked)).text).toContain(`content="0;url=/requests/${id}"`);
    expect((await browser.get(`/requests/${id}`)).status).toBe(200);
  });

  it('too much is not read, and other ways to ask are not answered', async () => {
    const { browser, id } = await busy();
    expect((await browser.post(`/requests/${id}/deny`, { reason: 'x'.repeat(40_000) })).status).toBe(413);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect((await browser.send(method, `/requests/${id}`, { origin: ORIGIN })).status).toBeGreaterThanOrEqual(403);
    expect(w.perimeter.elevations.get(id)?.state).toBe('pending');
  });
});

describe('links and cookies', () => {
  it('a link lets one in once, within two minutes, and only by a form', async () => {
    w = await world({});
    const browser = await browse(w, { signedIn: false });
    const link = browser.console.access.link();
    expect(cookieOf(await browser.get(`/enter?link=${link}`))).toBeUndefined();
    const entered = await browser.post('/enter', { link });
    expect(entered.headers.get('set-cookie')).toMatch(/^perimeter-7373=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await browser.post('/enter', { link })).status).toBe(403);
    const late = browser.console.access.link();
    w.clock.advance(120_000);
    expect((await browser.post('/enter', { link: late })).status).toBe(403);
    const [one, two] = await Promise.all(
      [browser.console.access.link()].flatMap((same) => [1, 2].map(() => browser.post('/enter', { link: same }))),
    );
    expect([one?.status, two?.status].sort()).toEqual([303, 403]);
  });

  it('neither is kept: the state holds hashes, and no log or record holds a link', async () => {
    w = await world({});
    const browser = await browse(w, { signedIn: false });
    const link = browser.console.access.link();
    const cookie = cookieOf(await browser.post('/enter', { link }))?.split('=')[1] ?? '';
    const kept = readFileSync(join(w.folder, 'state', 'console.json'), 'utf8');
    expect(kept).toContain('"hash"');
    for (const secret of [link, cookie]) {
      expect(kept).not.toContain(secret);
      expect(JSON.stringify(await w.events())).not.toContain(secret);
    }
  });

  it('another’s cookie is nobody’s: of another guard, its hash, cut, or made up', async () => {
    const { browser } = await busy();
    const other = await world({});
    const stranger = await browse(other);
    const { sessions } = JSON.parse(readFileSync(join(w.folder, 'state', 'console.json'), 'utf8')) as {
      sessions: { hash: string }[];
    };
    const own = browser.cookie ?? '';
    const wrong = [
      stranger.cookie,
      `perimeter-7373=${sessions[0]?.hash}`,
      own.slice(0, -1),
      `${own}A`,
      own.toUpperCase(),
      'perimeter-7373=',
      '',
    ];
    for (const cookie of wrong) expect([cookie, (await browser.get('/requests', { cookie })).status]).toEqual([cookie, 401]);
    expect((await browser.get('/requests', { cookie: own.replace('7373', '7374') })).status).toBe(401);
    await other.close();
  });

  it('a cookie ends: unused, after a day, signed out, with the session, and with the clock set back', async () => {
    w = await world({});
    const idle = await browse(w);
    w.clock.advance(8 * 3_600_000);
    expect((await idle.get('/requests')).status).toBe(401);
    const old = await browse(w);
    for (let hour = 0; hour < 24; hour += 4) {
      expect((await old.get('/requests')).status).toBe(200);
      w.clock.advance(4 * 3_600_000);
    }
    expect((await old.get('/requests')).status).toBe(401);
    const left = await browse(w);
    await left.post('/sign-out');
    expect((await left.get('/requests')).status).toBe(401);
    const [ended, waiting] = [await browse(w), await browse(w, { signedIn: false })];
    const link = ended.console.access.link();
    await ended.console.command('logout');
    expect((await ended.get('/requests')).status).toBe(401);
    expect((await waiting.post('/enter', { link })).status).toBe(403);
    const young = await browse(w);
    w.clock.set(w.clock.now() - 3_600_000);
    expect((await young.get('/requests')).status).toBe(401);
  });

  it('without one nothing of the guard is told, not even what exists', async () => {
    const { browser, id, grant } = await busy();
    const out = await browse(w, { signedIn: false });
    const sign = (text: string) => text.replaceAll(id, 'X').replaceAll('req_other', 'X');
    expect(sign((await out.get(`/requests/${id}`)).text)).toBe(sign((await out.get('/requests/req_other')).text));
    for (const path of [...routes(browser, 'GET', { id }), `/grants/${grant}`].filter(
      (one) => !/^\/(?:enter|sign-in|public)/.test(one),
    )) {
      const { status, text } = await out.get(path);
      if (path !== '/') expect([path, status]).toEqual([path, 401]);
      expect(text).not.toMatch(/felix|john|notes/);
    }
    // a challenge for a passkey is anybody's; what it signs is not
    for (const path of posts(browser, id, grant).filter((one) => !one.startsWith('/sign-in/')))
      expect([path, (await out.post(path)).status >= 401]).toEqual([path, true]);
    expect(w.perimeter.elevations.get(id)?.state).toBe('pending');
  });

  it('the passphrase lets one in, guesses are counted, and nobody is led elsewhere by it', async () => {
    w = await world({});
    await setPassphrase(w.perimeter.config.state, 'right and long', undefined, w.clock);
    const out = await browse(w, { signedIn: false });
    for (const next of [
      '//evil.example',
      'https://evil',
      '/\\evil',
      '/%2f/evil',
      '/requests?x=//evil',
      'javascript:1',
      '/..//evil',
    ])
      expect([next, ownPath(next)]).toEqual([next, '/requests']);
    const led = await out.post('/sign-in', { passphrase: 'right and long', next: '//evil.example' });
    expect(led.headers.get('location')).toBe('/requests');
    for (let guess = 0; guess < 5; guess += 1)
      expect((await out.post('/sign-in', { passphrase: 'wrong and long' })).status).toBe(403);
    const waits = await out.post('/sign-in', { passphrase: 'right and long' });
    expect([waits.status, waits.text.includes('wait 60 seconds')]).toEqual([403, true]);
    w.clock.advance(61_000);
    const right = await out.post('/sign-in', { passphrase: 'right and long', next: '/requests/req_1' });
    expect([right.status, right.headers.get('location')]).toEqual([303, '/requests/req_1']);
  }, 60_000);
});
