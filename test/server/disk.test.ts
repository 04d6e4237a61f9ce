// Which paths are the guard's own: the quick way against the plain one, on folders full of links.
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reach } from '../../policies/types.ts';
import { protects } from '../../server/disk.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-disk-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function statOf(path: string) {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** The same by asking the system about every path each time. */
function plainly(own: string[], settings: string[], absolute: string, reach: Reach): boolean {
  const led = (path: string, links = 40): string => {
    try {
      return realpathSync.native(path);
    } catch {
      try {
        if (links > 0 && lstatSync(path).isSymbolicLink()) return led(resolve(dirname(path), readlinkSync(path)), links - 1);
      } catch {}
      return dirname(path) === path ? path : join(led(dirname(path), links), basename(path));
    }
  };
  const file = (path: string) => {
    const found = statOf(path);
    return found?.isFile() ? found.ino : undefined;
  };
  const real = led(absolute).toLowerCase();
  const touches = (path: string, below: boolean) => {
    const kept = led(path).toLowerCase();
    const same = file(absolute) !== undefined && file(absolute) === file(path);
    return same || real === kept || real.startsWith(`${kept}/`) || (below && kept.startsWith(`${real}/`));
  };
  return (
    own.some((path) => touches(path, reach !== 'itself')) || settings.some((path) => touches(path, reach === 'changes below'))
  );
}

const NAMES = ['a', 'b', 'c'];
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const step = fc.oneof(
  fc.record({ make: fc.constant('folder' as const), at: path }),
  fc.record({ make: fc.constant('file' as const), at: path }),
  fc.record({ make: fc.constant('link' as const), at: path, to: path }),
  fc.record({ make: fc.constant('hard link' as const), at: path, to: path }),
  fc.record({ make: fc.constant('nothing' as const), at: path }),
);

/** What can't be made is left out. */
function make(one: { make: string; at: string; to?: string }): void {
  const [at, to] = [join(folder, one.at), join(folder, one.to ?? '')];
  try {
    if (one.make === 'folder') mkdirSync(at);
    else if (one.make === 'file') writeFileSync(at, '');
    else if (one.make === 'link') symlinkSync(to, at);
    else if (one.make === 'hard link') linkSync(to, at);
    else unlinkSync(at);
  } catch {}
}

describe('the guard’s own files', () => {
  it('are told as the system tells them, whatever links lead to them, also when those have just been laid', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(path, { minLength: 1, maxLength: 4 }),
        fc.array(path, { minLength: 1, maxLength: 4 }),
        fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(path, fc.constantFrom<Reach>('itself', 'reads below', 'changes below')), {
          minLength: 4,
          maxLength: 8,
        }),
        async (ownAt, settingsAt, changes, asked) => {
          const [own, settings] = [ownAt, settingsAt].map((paths) => paths.map((one) => join(folder, one))) as [
            string[],
            string[],
          ];
          const isProtected = protects(own, settings);
          for (const steps of changes) {
            for (const one of steps) make(one);
            for (const [at, reach] of asked) {
              const absolute = join(folder, at);
              const plain = plainly(own, settings, absolute, reach);
              // a file of several names may lie below one of ours by another: the plain way doesn't look there
              if (plain || (statOf(absolute)?.nlink ?? 1) < 2) expect(isProtected(absolute, reach), `${at} ${reach}`).toBe(plain);
            }
            await Promise.resolve();
          }
          rmSync(folder, { recursive: true, force: true });
          mkdirSync(folder);
        },
      ),
      { numRuns: Number(process.env.PERIMETER_DISK_RUNS ?? 30) },
    );
  });

  it('are followed when a settings folder becomes a link between two calls', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const isProtected = protects([], [join(folder, '.cursor', 'mcp.json')]);
    expect(isProtected(join(elsewhere, 'mcp.json'), 'itself')).toBe(false);
    symlinkSync(elsewhere, join(folder, '.cursor'));
    await Promise.resolve();
    expect(isProtected(join(elsewhere, 'mcp.json'), 'itself')).toBe(true);
    expect(isProtected(join(elsewhere, 'MCP.json'), 'itself')).toBe(true);
  });

  it('are known by a name laid a moment ago, and when a file was replaced under its name', async () => {
    const [key, other] = [join(folder, 'audit.key'), join(folder, 'innocent.txt')];
    writeFileSync(key, 'old');
    const isProtected = protects([key], []);
    expect(isProtected(other, 'itself')).toBe(false);
    unlinkSync(key);
    writeFileSync(key, 'new');
    linkSync(key, other);
    await Promise.resolve();
    expect(isProtected(other, 'itself')).toBe(true);
  });
});
