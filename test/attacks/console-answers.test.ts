// Threat: an answer on the page that no human gave to what it is counted for: no proof, another's proof, too fast, for what was shown before, a thousand at once.
import { afterEach, describe, expect, it } from 'vitest';
import { setPassphrase } from '../../server/passphrase.ts';
import { type Browser, browse } from '../server/console/browser.ts';
import { NOTES } from '../server/console/notes.ts';
import { type World, type WorldOptions, world } from '../world.ts';

let w: World;
afterEach(() => w.close());

const PASSPHRASE = 'only in my head';
/** A server that counts three records in advance. */
const COUNTED: WorldOptions = {
  rules: `  - id: rows
    why: rows are people
    effect: ask
    scope: write:crm
    proof: typed
    limits: { records: 10, uses: 2, for: 30m }`,
  bindings: 'server: crm\ntools:\n  put: { does: write:crm, resource: { text: name } }',
  servers: {
    crm: {
      put: { _meta: { 'perimeter/impact': { preview: 'count', unit: 'records', bound: true } } },
      count: {
        annotations: { readOnlyHint: true },
        run: () => ({
          content: [],
          structuredContent: { total: 3, unit: 'records', per_resource: { crm: 3 }, strength: 'enforced' },
        }),
      },
    },
  },
  wait_ms: 1,
};

async function waiting(options: WorldOptions = NOTES): Promise<{ browser: Browser; id: string; form: Record<string, string> }> {
  w = await world(options);
  const asked = await w.ask({ calls: [{ tool: 'put', arguments: { name: 'a' } }] });
  const browser = await browse(w);
  const form = await browser.form(String(asked.request_id));
  w.clock.advance(2_000);
  return { browser, id: String(asked.request_id), form };
}
const state = (id: string) => w.perimeter.elevations.get(id)?.state;

describe('a yes without its proof', () => {
  it('is none: no code, a wrong one, the code of another request, of another sign-in, of the lock', async () => {
    const { browser, id, form } = await waiting();
    const other = await w.ask({ calls: [{ tool: 'put', arguments: { name: 'b' } }] });
    const elsewhere = await browser.form(String(other.request_id));
    const neighbour = await (await browse(w)).form(id);
    await browser.post('/lock');
    const lock = /class="code">([A-Z2-9]{4})</.exec((await browser.get('/grants')).text)?.[1] ?? '';
    await w.command('unlock', { typed: true });
    // the lock withdrew it; the same again is another request with a code of its own
    const again = String((await w.ask({ calls: [{ tool: 'put', arguments: { name: 'a' } }] })).request_id);
    const fresh = await browser.form(again);
    w.clock.advance(2_000);
    const codes = ['', 'XXXX', form.code, elsewhere.code, neighbour.code, lock].filter((code) => code !== fresh.code);
    expect(codes).toHaveLength(6);
    for (const code of codes) {
      const answer = await browser.post(`/requests/${again}/approve`, { ...fresh, code: code ?? '', decision: 'approve' });
      expect([code, answer.status, state(again)]).toEqual([code, 409, 'pending']);
    }
    expect((await browser.post(`/requests/${again}/approve`, { ...fresh, decision: 'approve' })).status).toBe(303);
  });

  it('is none once a passphrase is set: the code is not enough, and guesses are counted', async () => {
    const { browser, id, form } = await waiting();
    await setPassphrase(w.perimeter.config.state, PASSPHRASE, undefined, w.clock);
    const approve = (extra: Record<string, string>) =>
      browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve', ...extra });
    expect((await browser.get(`/requests/${id}`)).text).toContain('type="password"');
    expect((await approve({})).text).toContain('The passphrase is needed');
    for (let guess = 0; guess < 5; guess += 1) expect((await approve({ passphrase: `wrong ${guess} long` })).status).toBe(409);
    expect((await approve({ passphrase: PASSPHRASE })).text).toMatch(/wait \d+ seconds/);
    expect(state(id)).toBe('pending');
  }, 60_000);

  it('counts with the passphrase, and is recorded as that', async () => {
    const { browser, id, form } = await waiting();
    await setPassphrase(w.perimeter.config.state, PASSPHRASE, undefined, w.clock);
    const answer = await browser.post(`/requests/${id}/approve`, { ...form, passphrase: PASSPHRASE, decision: 'approve' });
    expect(answer.status).toBe(303);
    expect((await w.events('request.approved'))[0]).toMatchObject({ proof: 'passphrase', channel: 'console', approver: 'john' });
  });

  it('is none without the number that was counted, where that is asked', async () => {
    const { browser, id, form } = await waiting(COUNTED);
    expect(w.perimeter.elevations.get(id)).toMatchObject({ proof: 'typed', impact: { measured: 3 } });
    expect(form.code).toBeUndefined();
    for (const code of ['', '4', '3.0', '0x3', '３', '-3', 'three', '33']) {
      const { status } = await browser.post(`/requests/${id}/approve`, { ...form, code, decision: 'approve' });
      expect([code, status, state(id)]).toEqual([code, 409, 'pending']);
    }
    expect((await browser.post(`/requests/${id}/approve`, { ...form, code: ' 3 ', decision: 'approve' })).status).toBe(303);
  });

  it('is none where a passphrase is demanded and none is set', async () => {
    const { browser, id, form } = await waiting({ ...NOTES, rules: `${NOTES.rules}\n    proof: passphrase` });
    expect((await browser.get(`/requests/${id}`)).text).toContain('perimeter passphrase set');
    const answer = await browser.post(`/requests/${id}/approve`, { ...form, code: 'ABCD', decision: 'approve' });
    expect([answer.status, state(id)]).toEqual([409, 'pending']);
  });
});

describe('an answer to something else', () => {
  it('to what was shown before counts for nothing', async () => {
    const { browser, id, form } = await waiting();
    for (const shown of ['', 'x', `${form.shown}0`])
      expect((await browser.post(`/requests/${id}/approve`, { ...form, shown, decision: 'approve' })).status).toBe(409);
    expect(state(id)).toBe('pending');
  });

  it('is shown what became of it, when the policy changed or somebody else was faster', async () => {
    const { browser, id, form } = await waiting();
    w.rules(`${NOTES.rules}\n  - { id: more, why: x, effect: ask, scope: write:notes, proof: typed }`);
    await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve' });
    expect(state(id)).toBe('cancelled');
    expect((await browser.get(`/requests/${id}`)).text).toContain('the policy changed since it was asked');
    const late = await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve' });
    expect([late.status, late.text.includes('Withdrawn')]).toEqual([200, true]);
    expect(w.perimeter.grants.all()).toHaveLength(0);
  });

  it('faster than anybody reads, or from a page of another sign-in or guard, is nobody’s', async () => {
    const { browser, id } = await waiting();
    const fast = await browser.form(id);
    w.clock.advance(300);
    const answer = await browser.post(`/requests/${id}/approve`, { ...fast, decision: 'approve' });
    expect([answer.status, answer.text.includes('faster than anybody can read')]).toEqual([409, true]);
    const other = await (await browse(w)).form(id);
    w.clock.advance(2_000);
    for (const mark of ['', other.mark ?? '', `0.${(fast.mark ?? '').split('.')[1]}`, '99999999999.x'])
      expect((await browser.post(`/requests/${id}/approve`, { ...fast, mark, decision: 'approve' })).status).toBe(409);
    expect(state(id)).toBe('pending');
  });

  it('that is no clear yes is none', async () => {
    const { browser, id, form } = await waiting();
    for (const decision of ['', 'yes', 'APPROVE', 'approve,deny', 'deny'])
      expect((await browser.post(`/requests/${id}/approve`, { ...form, decision })).status).toBe(409);
    expect(state(id)).toBe('pending');
  });
});

it('an answer can only give less, and what is no number gives nothing', async () => {
  const { browser, id, form } = await waiting();
  for (const [name, value] of [
    ['minutes', '0'],
    ['minutes', '-5'],
    ['minutes', '5e3'],
    ['minutes', '1.5'],
    ['uses', 'NaN'],
    ['records', 'Infinity'],
    ['scope', 'write:notes:b'],
    ['scope', '*:notes'],
    ['scope', 'nonsense'],
  ] as const)
    expect([
      name,
      value,
      (await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve', [name]: value })).status,
    ]).toEqual([name, value, 409]);
  expect(state(id)).toBe('pending');
  const { minutes } = w.perimeter.elevations.get(id)!;
  await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve', minutes: '100000', uses: '5000', records: '7' });
  const [grant] = w.perimeter.grants.all();
  expect(Date.parse(grant!.expires_at) - Date.parse(grant!.issued_at)).toBe(minutes * 60_000);
  expect(grant?.budget.uses).toBe(1);
});

it('a thousand answers of pages and terminals at once have one outcome', async () => {
  const { browser, id, form } = await waiting();
  const answers = Array.from({ length: 1_000 }, (_, index) => {
    if (index % 4 === 0)
      return browser.post(`/requests/${id}/approve`, { ...form, decision: index % 8 === 0 ? 'approve' : 'approve_once' });
    if (index % 4 === 1) return browser.post(`/requests/${id}/deny`, { reason: 'no' });
    return w.command(index % 4 === 2 ? 'approve' : 'deny', { id, typed: true });
  });
  await Promise.allSettled(answers);
  const decided = (await w.events()).filter(({ type }) =>
    ['request.approved', 'request.denied', 'request.cancelled'].includes(type),
  );
  expect(decided).toHaveLength(1);
  expect(w.perimeter.grants.all()).toHaveLength(decided[0]?.type === 'request.approved' ? 1 : 0);
  expect((await browser.get(`/requests/${id}`)).text).toMatch(/<strong>(?:Approved|Denied)<\/strong>/);
}, 60_000);
