// Passkeys: a signature counts once, for the act that was shown, on this page, from a key that a proven human enrolled.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHALLENGE_MS, openPasskeys, type Passkeys } from '../../server/passkeys.ts';
import { SoftKey } from './soft-key.ts';

const ORIGIN = 'http://localhost:7676';
const PLACE = { sign_in: 'mine', origin: ORIGIN };
const APPROVE = { ...PLACE, act: { path: '/requests/req_1', decision: 'approve', minutes: '30', shown: 'sha256:ab' } };

let dir: string;
let mono: number;
let passkeys: Passkeys;
let key: SoftKey;
const clock = { now: () => Date.UTC(2026, 10, 24, 9), mono: () => mono };
const file = () => join(dir, 'passkeys.json');

async function enrol(name = 'laptop', made = new SoftKey(ORIGIN)): Promise<SoftKey> {
  await passkeys.add(PLACE, made.create(await passkeys.invite(PLACE, { user: 'john', name })));
  return made;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perimeter-passkeys-'));
  mono = 0;
  passkeys = await openPasskeys(dir, clock);
  expect(passkeys.enrolled).toBe(false);
  key = await enrol();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a passkey', () => {
  it('proves the human for what was asked, and its use is noted', async () => {
    const proven = await passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE)));
    expect(proven).toEqual({
      id: key.id,
      name: 'laptop',
      added_at: '2026-11-24T09:00:00.000Z',
      used_at: '2026-11-24T09:00:00.000Z',
    });
    expect(passkeys.list()).toEqual([proven]);
  });

  it('is kept as its public key alone, in a private file, and is there after a restart', async () => {
    expect(await readdir(dir)).toEqual(['passkeys.json']);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(await readFile(file(), 'utf8')).keys[0])).toEqual(
      expect.arrayContaining(['id', 'public_key', 'counter']),
    );
    const again = await openPasskeys(dir, clock);
    expect(again.enrolled).toBe(true);
    await again.prove(APPROVE, key.get(await again.ask(APPROVE)));
  });

  it('one that never counts its uses (a synced one) is fine', async () => {
    for (const counter of [0, 0]) await passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE), { counter }));
  });

  it('can be named and removed; without any, none is enrolled', async () => {
    const phone = await enrol('  phone\u202e ');
    expect(passkeys.list().map(({ name }) => name)).toEqual(['laptop', 'phone\\u{202e}']);
    await passkeys.rename(phone.id, 'my phone');
    expect((await passkeys.remove(key.id)).name).toBe('laptop');
    expect(passkeys.list().map(({ name }) => name)).toEqual(['my phone']);
    await expect(passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE)))).rejects.toThrow('none of those that are kept');
    await passkeys.remove(phone.id);
    expect(passkeys.enrolled).toBe(false);
  });

  it('they are twenty at most', async () => {
    for (let n = 1; n < 20; n += 1) await enrol(`key ${n}`);
    await expect(enrol('one more')).rejects.toMatchObject({ code: 'limit' });
  });

  it('says which are known when one is asked for, and when one is made', async () => {
    const known = [{ id: key.id, transports: ['internal'], type: 'public-key' }];
    expect(await passkeys.ask(APPROVE)).toMatchObject({
      rpId: 'localhost',
      userVerification: 'required',
      allowCredentials: known,
    });
    expect(await passkeys.invite(PLACE, { user: 'john', name: 'x' })).toMatchObject({
      rp: { id: 'localhost' },
      excludeCredentials: known,
      authenticatorSelection: { userVerification: 'required' },
    });
  });
});

describe('attack', () => {
  const refused = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code: 'refused' });

  it('playing a signature again', async () => {
    const answer = key.get(await passkeys.ask(APPROVE));
    await passkeys.prove(APPROVE, answer);
    await refused(passkeys.prove(APPROVE, answer));
  });

  it('a thousand times at once: it counts once', async () => {
    const answer = key.get(await passkeys.ask(APPROVE));
    const tries = await Promise.allSettled(Array.from({ length: 1_000 }, () => passkeys.prove(APPROVE, answer)));
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  });

  it.each([
    ['another request', { ...APPROVE.act, path: '/requests/req_2' }],
    ['another decision', { ...APPROVE.act, decision: 'approve_once' }],
    ['another narrowing', { ...APPROVE.act, minutes: '600' }],
    ['another thing shown', { ...APPROVE.act, shown: 'sha256:cd' }],
    ['nothing', undefined],
  ])('taking it to %s', async (_what, act) => {
    const answer = key.get(await passkeys.ask(APPROVE));
    await refused(passkeys.prove({ ...APPROVE, act }, answer));
    // nor does it count any more for what it was given for
    await refused(passkeys.prove(APPROVE, answer));
  });

  it('with the cookie of another sign-in', async () => {
    await refused(passkeys.prove({ ...APPROVE, sign_in: 'theirs' }, key.get(await passkeys.ask(APPROVE))));
    await refused(passkeys.prove({ ...APPROVE, sign_in: '' }, key.get(await passkeys.ask(APPROVE))));
  });

  it.each([
    ['a page on another port', { origin: 'http://localhost:9999' }],
    ['another site', { origin: 'https://localhost.example' }],
    ['another relying party', { rpId: 'localhost.example' }],
    ['a frame in another site', { crossOrigin: true }],
    ['a key that asked for no finger, face or PIN', { verified: false }],
    ['the making of a key', { type: 'webauthn.create' }],
  ])('from %s', async (_where, told) => {
    await refused(passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE), told)));
  });

  it('a copy of the key: its counter goes back', async () => {
    await passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE), { counter: 7 }));
    for (const counter of [7, 6, 0]) await refused(passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE), { counter })));
    await passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE), { counter: 8 }));
  });

  it('after two minutes', async () => {
    const answer = key.get(await passkeys.ask(APPROVE));
    mono = CHALLENGE_MS;
    await refused(passkeys.prove(APPROVE, answer));
  });

  it('with a challenge of their own, a key of their own, or a signature of their own', async () => {
    await refused(passkeys.prove(APPROVE, key.get({ challenge: 'AAAA' })));
    await refused(passkeys.prove(APPROVE, new SoftKey(ORIGIN).get(await passkeys.ask(APPROVE))));
    const forged = { ...new SoftKey(ORIGIN).get(await passkeys.ask(APPROVE)), id: key.id, rawId: key.id };
    await refused(passkeys.prove(APPROVE, forged));
  });

  it.each([undefined, null, 'text', 7, [], {}, { id: 'a', response: {} }, { id: 'a', response: { clientDataJSON: 'e30' } }])(
    'with what is no answer: %j',
    async (answer) => {
      await passkeys.ask(APPROVE);
      await refused(passkeys.prove(APPROVE, answer));
      await refused(passkeys.add(PLACE, answer));
    },
  );

  it('making a key that nobody was invited to make', async () => {
    const mine = new SoftKey(ORIGIN);
    await refused(passkeys.add(PLACE, mine.create({ challenge: 'AAAA' })));
    await refused(passkeys.add(PLACE, mine.create(await passkeys.ask(APPROVE))));
    await refused(
      passkeys.add({ ...PLACE, sign_in: 'theirs' }, mine.create(await passkeys.invite(PLACE, { user: 'j', name: 'k' }))),
    );
    const elsewhere = { origin: 'http://localhost:9999' };
    await refused(passkeys.add(PLACE, mine.create(await passkeys.invite(PLACE, { user: 'j', name: 'k' }), elsewhere)));
    const invited = mine.create(await passkeys.invite(PLACE, { user: 'j', name: 'k' }));
    await passkeys.add(PLACE, invited);
    await refused(passkeys.add(PLACE, invited));
    expect(passkeys.list()).toHaveLength(2);
  });

  it('using an invitation as a proof, or a proof as an invitation', async () => {
    const nothing = { ...PLACE, act: undefined };
    await refused(passkeys.prove(nothing, key.get(await passkeys.invite(PLACE, { user: 'j', name: 'k' }))));
    await refused(passkeys.add(PLACE, new SoftKey(ORIGIN).create(await passkeys.ask(nothing))));
  });

  it('taking the file away, or damaging it, makes nothing easier', async () => {
    for (const take of [() => rm(file()), () => writeFile(file(), '{}'), () => writeFile(file(), '{"version":1,"keys":[]}')]) {
      await take();
      expect(passkeys.enrolled).toBe(true);
      await expect(passkeys.prove(APPROVE, key.get(await passkeys.ask(APPROVE)))).rejects.toMatchObject({ code: 'changed' });
      await expect(enrol()).rejects.toMatchObject({ code: 'changed' });
    }
    await writeFile(file(), 'damaged');
    const restarted = await openPasskeys(dir, clock);
    expect(restarted.enrolled).toBe(true);
    await expect(restarted.prove(APPROVE, key.get(await restarted.ask(APPROVE)))).rejects.toMatchObject({ code: 'changed' });
  });

  it('putting a key into the file of a running guard', async () => {
    const theirs = new SoftKey(ORIGIN);
    const other = await mkdtemp(join(tmpdir(), 'perimeter-passkeys-'));
    const elsewhere = await openPasskeys(other, clock);
    await elsewhere.add(PLACE, theirs.create(await elsewhere.invite(PLACE, { user: 'j', name: 'k' })));
    await writeFile(file(), await readFile(join(other, 'passkeys.json'), 'utf8'));
    await expect(passkeys.prove(APPROVE, theirs.get(await passkeys.ask(APPROVE)))).rejects.toMatchObject({ code: 'changed' });
    await rm(other, { recursive: true });
  });

  it('asking for ever: the oldest challenges of the same sign-in go, and nobody else is held up', async () => {
    const first = key.get(await passkeys.ask({ ...APPROVE, sign_in: '' }));
    const mine = key.get(await passkeys.ask(APPROVE));
    for (let n = 0; n < 16; n += 1) await passkeys.ask({ ...APPROVE, sign_in: '' });
    await refused(passkeys.prove({ ...APPROVE, sign_in: '' }, first));
    await passkeys.prove(APPROVE, mine);
  });
});
