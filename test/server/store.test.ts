// The store: whole changes or none, on disk before anybody is told, and a broken file never widens anything.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iso } from '../../server/clock.ts';
import type { Clock, GrantRecord, RequestRecord, StateData } from '../../server/ports.ts';
import { disk, type Files } from '../../server/store/files.ts';
import { openStore } from '../../server/store/index.ts';
import { emptyState } from '../../server/store/schema.ts';
import { createSeal } from '../../server/store/sealed.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const DAY = 24 * 60 * 60 * 1_000;
const clock: Clock = { now: () => NOW, mono: () => 0 };

let dir: string;
const path = () => join(dir, 'state.json');
const onDisk = async (): Promise<StateData> => JSON.parse(await readFile(path(), 'utf8'));
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perimeter-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const grant = (id: string, changed: Partial<GrantRecord> = {}): GrantRecord => ({
  grant_id: id,
  request_id: `request-${id}`,
  state: 'active',
  user: 'john@company.com',
  agent: 'felix-prod',
  session_id: 'session-1',
  scope: ['write:database:customers'],
  rules: ['customer-writes'],
  risk: 'medium',
  budget: { uses: 2, records: 46 },
  remaining: { uses: 1, records: 23 },
  issued_at: iso(NOW - 60_000),
  expires_at: iso(NOW + 60_000),
  approver: 'john@company.com',
  channel: 'form',
  granted_by: 'human',
  survive_restart: false,
  ...changed,
});
const request = (id: string, changed: Partial<RequestRecord> = {}): RequestRecord => ({
  request_id: id,
  state: 'pending',
  user: 'john@company.com',
  agent: 'felix-prod',
  session_id: 'session-1',
  digest: 'd',
  scope: ['write:database:customers'],
  rules: ['customer-writes'],
  risk: 'medium',
  exact: [],
  exact_only: false,
  budget: { uses: 1 },
  minutes: 30,
  proof: 'none',
  impact: { measured: 23, unit: 'records', per_resource: { customers: 23 }, claimed: null, strength: 'checked' },
  message: 'felix-prod asks to write database:customers',
  created_at: iso(NOW - 60_000),
  expires_at: iso(NOW + 60_000),
  policy_digest: 'p',
  definition_digest: 't',
  ...changed,
});

describe('a fresh state', () => {
  it('is empty, and its folder and files are private', async () => {
    const store = await openStore(join(dir, 'deep', 'state'), { clock });
    expect(store.data).toEqual(emptyState());
    expect(store.recovered).toBeUndefined();
    await store.update((data) => {
      data.seq = 1;
    });
    expect((await stat(join(dir, 'deep', 'state'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'deep', 'state', 'state.json'))).mode & 0o777).toBe(0o600);
  });

  it('closes a folder that was open to others', async () => {
    await chmod(dir, 0o755);
    await openStore(dir, { clock });
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('says what to do when the folder is none', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(openStore(join(dir, 'file'), { clock })).rejects.toThrow(/cannot use the state folder.*set `state` in mcp.json/);
    await expect(openStore(join(dir, 'file', 'below'), { clock })).rejects.toThrow('cannot use the state folder');
  });
});

describe('a change', () => {
  it('is on disk when it resolves, and there again after a restart', async () => {
    const store = await openStore(dir, { clock });
    await store.update((data) => {
      data.requests.r = request('r');
      data.grants.g = grant('g', { exact: ['x'], bound: { customers: 23 }, while: { user_present: true } });
      data.pins['files/read'] = { digest: 'abc', accepted_at: iso(NOW) };
    });
    expect((await onDisk()).grants.g?.remaining.records).toBe(23);
    await store.close();
    const again = await openStore(dir, { clock });
    expect(again.data).toEqual(store.data);
    expect(again.recovered).toBeUndefined();
  });

  it('that throws changes nothing, and hinders no other', async () => {
    const store = await openStore(dir, { clock });
    const broken = store.update((data) => {
      data.seq = 99;
      throw new Error('no');
    });
    const sound = store.update((data) => {
      data.seq += 1;
      return data.seq;
    });
    await expect(broken).rejects.toThrow('no');
    expect(await sound).toBe(1);
    expect((await onDisk()).seq).toBe(1);
  });

  it('that waits is refused: what it does later would escape the order', async () => {
    const store = await openStore(dir, { clock });
    await expect(
      store.update(async (data) => {
        data.seq = 5;
      }),
    ).rejects.toThrow('must not wait');
    expect(store.data.seq).toBe(0);
  });

  it('that could not be read back is not written', async () => {
    const store = await openStore(dir, { clock });
    const wrong = store.update((data) => {
      data.grants.g = grant('g', { expires_at: 'never' });
    });
    await expect(wrong).rejects.toThrow('`grants.g.expires_at`');
    expect(store.data.grants).toEqual({});
  });

  it('outside `update` is an error', async () => {
    const store = await openStore(dir, { clock });
    await store.update((data) => {
      data.grants.g = grant('g');
    });
    expect(() => {
      store.data.grants.g!.remaining.uses = 100;
    }).toThrow(TypeError);
  });

  it('is seen by the one after it, and many at once share one write', async () => {
    let writes = 0;
    const store = await openStore(dir, {
      clock,
      files: {
        ...disk,
        create: (...args) => {
          writes += 1;
          return disk.create(...args);
        },
      },
    });
    const bump = () =>
      store.update((data) => {
        data.seq += 1;
        return data.seq;
      });
    expect(await Promise.all(Array.from({ length: 50 }, bump))).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(writes).toBe(1);
    // A change made the moment another is confirmed is neither lost nor left waiting.
    for (let n = 0; n < 5; n += 1) await bump().then(bump);
    expect((await onDisk()).seq).toBe(60);
  });

  it('is refused after closing, which waits for those before it', async () => {
    const store = await openStore(dir, { clock });
    const last = store.update((data) => {
      data.seq = 7;
    });
    await store.close();
    expect((await onDisk()).seq).toBe(7);
    await last;
    await expect(store.update(() => undefined)).rejects.toThrow('shutting down');
  });
});

describe('a disk that fails', () => {
  const steps = ['create', 'link', 'rename', 'syncFolder'] as const;
  /** A door where the nth call of a step throws; `torn` leaves half a file behind first. */
  const failing = (step: (typeof steps)[number], torn = false) => {
    let armed = 0;
    const door: Files = {
      ...disk,
      [step]: async (first: string, second: string) => {
        if (armed > 0) {
          armed -= 1;
          if (armed === 0) {
            if (torn) await writeFile(first, second.slice(0, second.length / 2));
            throw Object.assign(new Error('disk says no'), { code: 'EIO' });
          }
        }
        return await (disk[step] as (a: string, b: string) => Promise<void>)(first, second);
      },
    };
    return { door, arm: (nth: number) => (armed = nth) };
  };
  const cases = [
    ...steps.map((step) => ({ step, nth: 1, torn: false })),
    { step: 'rename' as const, nth: 2, torn: false },
    { step: 'create' as const, nth: 1, torn: true },
  ];

  for (const { step, nth, torn } of cases)
    it(`at ${step} ${nth}${torn ? ', half done' : ''}: the change is refused, the memory and the file stay as they were`, async () => {
      const { door, arm } = failing(step, torn);
      const store = await openStore(dir, { clock, files: door });
      await store.update((data) => {
        data.seq = 1;
      });
      await store.update((data) => {
        data.seq = 2;
      });
      arm(nth);
      const refused = store.update((data) => {
        data.seq = 3;
        data.grants.g = grant('g');
      });
      await expect(refused).rejects.toThrow(/cannot write .*EIO.*then try again/);
      expect(store.data.seq).toBe(2);
      expect((await onDisk()).seq).toBe(2);
      expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      // A crash now, or going on: both find the refused change gone.
      expect((await openStore(dir, { clock })).data.grants).toEqual({});
      await store.update((data) => {
        data.seq += 10;
      });
      expect((await onDisk()).seq).toBe(12);
    });

  it('kills every change of one write, and none of the next', async () => {
    const { door, arm } = failing('create');
    const store = await openStore(dir, { clock, files: door });
    arm(1);
    const first = store.update((data) => {
      data.seq = 1;
    });
    const second = store.update((data) => {
      data.seq = 2;
    });
    const results = await Promise.allSettled([first, second]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await store.update((data) => {
      data.seq += 5;
    });
    expect(store.data.seq).toBe(5);
  });

  it('leaves a whole file when the process is killed after any step', async () => {
    for (let killed = 1; killed <= 5; killed += 1) {
      const folder = join(dir, `kill-${killed}`);
      const first = await openStore(folder, { clock });
      await first.update((data) => {
        data.seq = 1;
      });
      let step = 0;
      // A killed process does no later step and no tidying: from then on every call hangs.
      const dying = new Proxy(disk, {
        get: (real, name: keyof Files) =>
          name === 'read' || name === 'list'
            ? real[name]
            : (...args: [string, string]) =>
                ++step > killed ? new Promise(() => undefined) : (real[name] as (...all: string[]) => unknown)(...args),
      });
      const store = await openStore(folder, { clock, files: dying });
      void store.update((data) => {
        data.seq = 2;
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
      const again = await openStore(folder, { clock });
      expect(again.recovered).toBeUndefined();
      expect([1, 2]).toContain(again.data.seq);
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });
});

describe('a state that cannot be trusted', () => {
  const written = async () => {
    const store = await openStore(dir, { clock });
    await store.update((data) => {
      data.grants.g = grant('g');
      data.lock = { by: 'john', set_at: iso(NOW) };
    });
    await store.update((data) => {
      data.seq = 2;
    });
  };

  for (const [name, text] of [
    ['is empty', ''],
    ['is cut', '{"version":1,"seq":'],
    ['is another version', JSON.stringify({ ...emptyState(), version: 2 })],
    ['has a time that is none', JSON.stringify({ ...emptyState(), grants: { g: { ...grant('g'), expires_at: 'later' } } })],
    ['has a negative budget', JSON.stringify({ ...emptyState(), grants: { g: { ...grant('g'), remaining: { uses: -1 } } } })],
    [
      'has a condition nobody knows',
      JSON.stringify({ ...emptyState(), grants: { g: { ...grant('g'), while: { moon: 'full' } } } }),
    ],
    ['is a list', '[]'],
  ] as const)
    it(`because it ${name}: it is moved aside and nobody is allowed anything`, async () => {
      await written();
      await writeFile(path(), text);
      const store = await openStore(dir, { clock });
      expect(store.recovered).toMatch(/state.json` could not be used .*state.json.corrupt-1`.*perimeter login/);
      expect(await readFile(`${path()}.corrupt-1`, 'utf8')).toBe(text);
      expect(store.data.grants).toEqual({});
      expect(store.data.session).toBeNull();
      expect(store.data.login_required).toBe(true);
      // What was held back stays held back, from the last good file.
      expect(store.data.lock?.by).toBe('john');
      await writeFile(path(), text);
      await openStore(dir, { clock });
      expect(existsSync(`${path()}.corrupt-2`)).toBe(true);
    });

  it('because somebody removed it: that signs nobody in', async () => {
    await written();
    await rm(path());
    const store = await openStore(dir, { clock });
    expect(store.recovered).toContain('it is gone');
    expect(store.data.login_required).toBe(true);
    expect(store.data.lock).not.toBeNull();
  });

  it('with its last good file broken too', async () => {
    await written();
    await writeFile(path(), 'x');
    await writeFile(`${path()}.bak`, 'y');
    expect((await openStore(dir, { clock })).data).toEqual({ ...emptyState(), login_required: true });
  });

  it('never crashes and never allows, whatever bytes it holds', async () => {
    const folder = join(dir, 'any');
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await rm(folder, { recursive: true, force: true });
        await openStore(folder, { clock });
        await writeFile(join(folder, 'state.json'), text);
        const store = await openStore(folder, { clock });
        expect(store.data.login_required).toBe(true);
        expect(store.data.grants).toEqual({});
      }),
      { numRuns: 25 },
    );
  });
});

describe('pruning', () => {
  it('drops what ended over a week ago and cool-downs that are past; keeps what lives', async () => {
    const store = await openStore(dir, { clock });
    const old = iso(NOW - 8 * DAY);
    await store.update((data) => {
      data.grants.old = grant('old', { state: 'ended', expires_at: old });
      data.grants.new = grant('new', { state: 'revoked' });
      data.grants.live = grant('live', { expires_at: old });
      data.requests.old = request('old', { state: 'denied', decided_at: old, expires_at: old });
      data.requests.kept = request('kept', { state: 'approved', decided_at: old, expires_at: old, grant_id: 'live' });
      data.requests.pending = request('pending', { expires_at: old });
      data.cooldowns = { past: iso(NOW), ahead: iso(NOW + 1) };
    });
    expect(Object.keys(store.data.grants)).toEqual(['new', 'live']);
    expect(Object.keys(store.data.requests)).toEqual(['kept', 'pending']);
    expect(Object.keys(store.data.cooldowns)).toEqual(['ahead']);
  });

  it('keeps the newest thousand of what ended', async () => {
    const store = await openStore(dir, { clock });
    await store.update((data) => {
      for (let n = 0; n < 1_005; n += 1) {
        const id = `r${n}`;
        data.requests[id] = request(id, { state: 'denied', decided_at: iso(NOW - n * 1_000) });
      }
    });
    expect(Object.keys(store.data.requests)).toHaveLength(1_000);
    expect(store.data.requests.r999).toBeDefined();
    expect(store.data.requests.r1000).toBeUndefined();
  });
});

describe('what tells a secret', () => {
  const seal = (fill = 7) => ({ clock, seal: async () => createSeal(Buffer.alloc(32, fill)) });
  const IBAN = 'DE89370400440532013000';
  const TELLING = [`send:money:${IBAN}`, 'write:files:notes/ghp_0123456789abcdefABCDEF0123456789abcd.md', 'sealed:not by us'];

  it('is sealed on the disk, is there again after a restart, and leaves the rest readable', async () => {
    const store = await openStore(dir, seal());
    await store.update((data) => {
      data.grants.one = grant('one', { scope: [...TELLING, 'read:files:marketing/**'] });
      data.pins[`odd/t_${IBAN}`] = { digest: 'd', accepted_at: iso(NOW) };
    });
    const text = await readFile(path(), 'utf8');
    for (const one of [IBAN, 'ghp_', 'sealed:not']) expect(text).not.toContain(one);
    expect(text).toContain('read:files:marketing/**');
    const again = await openStore(dir, seal());
    expect(again.data).toEqual(store.data);
    await again.update((data) => void data.grants.one?.rules.push('another'));
    expect((await openStore(dir, seal())).data.grants.one?.scope).toEqual([...TELLING, 'read:files:marketing/**']);
  });

  it('can not be opened with another key, or when it was changed: then nothing is allowed until somebody signs in', async () => {
    const store = await openStore(dir, seal());
    await store.update((data) => {
      data.grants.one = grant('one', { scope: TELLING });
    });
    const text = await readFile(path(), 'utf8');
    const other = await openStore(dir, seal(8));
    expect(other.recovered).toContain('another key');
    expect(other.data).toMatchObject({ grants: {}, login_required: true });
    await writeFile(
      path(),
      text.replace(/sealed:(.)/, (_, first) => `sealed:${first === 'A' ? 'B' : 'A'}`),
    );
    expect((await openStore(dir, seal())).data.grants).toEqual({});
  });
});
