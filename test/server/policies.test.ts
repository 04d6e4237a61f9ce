// The policy in force: the user's or ours, reloaded while running, and never replaced by a broken one.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../server/config.ts';
import { packageRoot } from '../../server/package-root.ts';
import { openPolicies, type PolicyChange } from '../../server/policies.ts';

const RULE = 'version: 1\nrules:\n  - { id: a, why: x, effect: deny, scope: read:files }\n';
let folder: string;
const policies = () => join(folder, 'policies');
const config = () => ({ folder, policies: policies() });
function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
const ids = (opened: { current: { rules: { id: string }[] } }) => opened.current.rules.map((rule) => rule.id);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-policies-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('which policy holds', () => {
  test('ours, while mcp.json names none', () => {
    const opened = openPolicies({ folder });
    expect(ids(opened)).toContain('short-safe-drafts');
    expect(opened.current.rules[0]?.where).toMatch(/^mcp-perimeter\/policies\/rules\/default\.yaml:\d+$/);
    expect(opened.current.bindings.some((binding) => binding.bundled === 'files')).toBe(true);
  });

  test('the user’s alone, once it is named; our bindings and lists stay known', () => {
    write('policies/rules/a.yaml', RULE);
    write(
      'policies/rules/b.yml',
      'version: 1\nrules: [{ id: b, why: x, effect: deny, when: { body.mentions: { any_of: $banking } } }]\n',
    );
    write('policies/bindings/crm.yaml', 'server: crm\nroot: ./crm\ntools: { get: { does: read:crm } }\n');
    write('policies/lists.yaml', 'own_words: [x]\n');
    const opened = openPolicies(config());
    expect(ids(opened)).toEqual(['a', 'b']);
    expect(opened.current.rules[0]?.where).toBe('policies/rules/a.yaml:3');
    expect(opened.current.rules[1]?.when[0]?.value).toContain('iban');
    expect(opened.current.bindings.at(-1)).toMatchObject({ servers: ['crm'], root: join(folder, 'crm') });
  });

  test.each([
    [
      'is missing',
      () => undefined,
      'policies:1: there is no such folder; make it with `rules/` in it, or take `policies` out of mcp.json',
    ],
    ['is empty', () => mkdirSync(policies()), 'policies:1: there is no policy in this folder'],
    ['is a file', () => write('policies', RULE), 'policies:1: there is no such folder'],
    [
      'has its rules in the wrong place',
      () => write('policies/a.yaml', RULE),
      'policies/a.yaml:1: this file is not read where it lies; move it into `rules/`',
    ],
    [
      'has rules a folder too deep',
      () => write('policies/rules/more/a.yaml', RULE),
      'policies/rules/more:1: folders in `rules/` are not read; move their files up',
    ],
    [
      'has a mistake',
      () => write('policies/rules/a.yaml', 'version: 1\nrules: [{ id: a, why: x, efect: deny }]\n'),
      'policies/rules/a.yaml:2: unknown key `efect`; did you mean `effect`?',
    ],
  ])('nothing starts when the folder %s', (_name, prepare, message) => {
    prepare();
    expect(() => openPolicies(config())).toThrow(ConfigError);
    expect(() => openPolicies(config())).toThrow(message);
  });

  test.skipIf(process.getuid?.() === 0)('nothing starts when a file can’t be read', () => {
    write('policies/rules/a.yaml', RULE);
    chmodSync(join(policies(), 'rules/a.yaml'), 0);
    expect(() => openPolicies(config())).toThrow("policies/rules/a.yaml:1: can't be read (EACCES)");
    chmodSync(join(policies(), 'rules'), 0);
    expect(() => openPolicies(config())).toThrow("policies/rules:1: can't be read (EACCES)");
    chmodSync(join(policies(), 'rules'), 0o700);
  });

  test('what editors leave behind is not a policy', () => {
    write('policies/rules/a.yaml', RULE);
    write('policies/rules/a.yaml~', 'broken: [');
    write('policies/rules/.#a.yaml', 'broken: [');
    write('policies/rules/README.md', 'words');
    expect(ids(openPolicies(config()))).toEqual(['a']);
  });

  test('a clamped limit is told', () => {
    write('policies/rules/a.yaml', 'version: 1\nrules: [{ id: a, why: x, effect: ask, limits: { at_most: 3d } }]\n');
    expect(openPolicies(config()).notes).toEqual([
      'policies/rules/a.yaml:2: `at_most` is 3 days; no grant lasts longer than 1 day, so that holds',
    ]);
  });
});

describe('reloading', () => {
  test('takes over a good change, keeps the last good set over a broken one, and says so once', () => {
    write('policies/rules/a.yaml', RULE);
    const opened = openPolicies(config());
    const digest = opened.current.digest;
    expect(opened.reload()).toBeUndefined();
    write('policies/rules/a.yaml', RULE.replace('id: a', 'id: b'));
    expect(opened.reload()).toEqual({ problems: [], notes: [] });
    expect(ids(opened)).toEqual(['b']);
    expect(opened.current.digest).not.toBe(digest);
    write('policies/rules/a.yaml', RULE.replace('effect', 'efect'));
    expect(opened.reload()?.problems[0]).toContain('policies/rules/a.yaml:3: unknown key `efect`');
    expect(opened.reload()).toBeUndefined();
    expect(ids(opened)).toEqual(['b']);
  });

  test('a folder that is emptied or removed changes nothing but the log', () => {
    write('policies/rules/a.yaml', RULE);
    const opened = openPolicies(config());
    rmSync(join(policies(), 'rules/a.yaml'));
    expect(opened.reload()?.problems[0]).toContain('there is no policy in this folder');
    rmSync(policies(), { recursive: true });
    expect(opened.reload()?.problems[0]).toContain('there is no such folder');
    expect(ids(opened)).toEqual(['a']);
  });

  test('happens by itself when a file changes or a new one appears', async () => {
    write('policies/rules/a.yaml', RULE);
    const opened = openPolicies(config());
    const changes: PolicyChange[] = [];
    const stop = opened.watch((change) => changes.push(change));
    try {
      write('policies/rules/b.yaml', RULE.replace('id: a', 'id: b'));
      await vi.waitFor(() => expect(ids(opened)).toEqual(['a', 'b']), 5000);
      write('policies/rules/b.yaml', 'version: 1\nrules: nonsense\n');
      await vi.waitFor(() => expect(changes.at(-1)?.problems).toHaveLength(1), 5000);
      expect(ids(opened)).toEqual(['a', 'b']);
    } finally {
      stop();
    }
  });
});

test('the package root is found from wherever the code runs', () => {
  expect(packageRoot()).toBe(join(import.meta.dirname, '../..'));
  expect(() => packageRoot(folder)).toThrow('install it again');
});
