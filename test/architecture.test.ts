// The house keeps its order: imports run one way, policies do no I/O, each I/O library has one door, and files stay readable.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { code, FILES, imports, packageOf, ROOT, read } from './tree.ts';

const FOLDERS = ['policies', 'tools', 'server', 'test'];
const SOURCES = FILES.filter((path) => /\.(ts|mjs)$/.test(path));
const within = (...folders: string[]) => SOURCES.filter((path) => folders.includes(path.split('/')[0] ?? ''));
const PRODUCT = within('policies', 'tools', 'server');

describe('imports run one way: policies ← tools ← server ← test', () => {
  test('nothing imports from a folder that comes after its own', () => {
    const wrong = within(...FOLDERS).flatMap((path) =>
      imports(path)
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => posix.join(posix.dirname(path), from))
        .filter((target) => rank(target) > rank(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('what is imported exists, and is named with its ending', () => {
    const wrong = within(...FOLDERS).flatMap((path) =>
      imports(path)
        .filter(({ from }) => from.startsWith('.') && !from.includes('/dist/'))
        .map(({ from }) => posix.join(posix.dirname(path), from))
        .filter((target) => !FILES.includes(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the four bundled servers know nothing of each other, nor of the guard', () => {
    const wrong = SOURCES.filter((path) => /^tools\/downstream\/\w+\//.test(path)).flatMap((path) =>
      imports(path)
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => posix.join(posix.dirname(path), from))
        .filter(
          (target) =>
            target.startsWith('tools/guard/') || (/^tools\/downstream\/\w+\//.test(target) && home(target) !== home(path)),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('policies decide from what they are given', () => {
  const PURE_MODULES: Record<string, RegExp> = {
    'node:crypto': /^\{ createHash \}$/,
    'node:buffer': /./,
    'node:path': /posix|win32/,
    'node:net': /^\{ (?:BlockList, )?isIP(?:v[46])? \}$/, // both read the text of an address, and open nothing
    'node:url': /domainTo|URL/,
  };
  test('they use no built-in module that does I/O', () => {
    const wrong = within('policies').flatMap((path) =>
      imports(path)
        .filter(({ from, names }) => from.startsWith('node:') && PURE_MODULES[from]?.test(names) !== true)
        .map(({ from, names }) => `${path}: ${names} from ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test('they read no clock, no chance, no environment, and set no timer', () => {
    const forbidden =
      /Date\.now|new Date\(\)|performance\.now|Math\.random|random(?:Bytes|UUID|Int)|process\.|set(?:Timeout|Interval|Immediate)\(|\bfetch\(|console\./;
    expect(within('policies').filter((path) => forbidden.test(code(path)))).toEqual([]);
  });
});

/** Each library that touches the world, or whose types must not spread, and the only files that may import it. */
const DOORS: Record<string, RegExp> = {
  '@modelcontextprotocol/server': /^server\/(endpoint|wire\/[\w-]+)\.ts$|^tools\/downstream\/serve\.ts$/,
  '@modelcontextprotocol/client': /^server\/(downstream\/[\w-]+|demo\/client)\.ts$/, // the demo is a client of its own guard
  hono: /^server\/console\/[\w-]+\.ts$/,
  '@hono/node-server': /^server\/console\/listen\.ts$/,
  lowdb: /^server\/store\/\w+\.ts$/,
  ajv: /^server\/arguments\.ts$/,
  'ajv-formats': /^server\/arguments\.ts$/,
  yaml: /^policies\/source\.ts$/,
  'jsonc-parser': /^server\/(jsonc|init\/take-over)\.ts$/, // one reads with lines, the other edits a client's settings in place
  '@simplewebauthn/server': /^server\/passkeys\.ts$/,
  commander: /^server\/cli\/[\w-]+\.ts$/,
  chalk: /^server\/cli\/output\.ts$/,
  'wrap-ansi': /^server\/wrapped\.ts$/,
  'node:readline': /^server\/(terminal|demo\/human)\.ts$/,
  'node:net': /^server\/(owner\/[\w-]+|audit\/places|context\/vpn)\.ts$|^policies\//, // the owner's socket, and syslog's; address ranges
  'node:child_process':
    /^server\/(downstream\/[\w-]+|owner\/lock|channels\/desktop|cli\/demo|cli\/browser|context\/program)\.ts$/,
  'node:sqlite': /^tools\/downstream\/sqlite\.ts$/,
  '@photostructure/sqlite': /^tools\/downstream\/sqlite\.ts$/,
  'ical.js': /^tools\/downstream\/(calendar\/[\w-]+|email\/invitation)\.ts$/, // mail carries calendar data along
  mailparser: /^tools\/downstream\/email\/[\w-]+\.ts$/,
  nodemailer: /^(tools\/downstream\/email\/[\w-]+|policies\/values\/address)\.ts$/, // policies read recipients exactly as the mailer does
  'libpg-query': /^policies\/sql\/(postgres|change)\.ts$/,
  pg: /^tools\/downstream\/database\/postgres\/connection\.ts$/,
  'sqlite3-parser': /^policies\/sql\/sqlite\.ts$/,
  '@guanmingchiu/sqlparser-ts': /^policies\/sql\/sqlparser\.ts$/,
};

describe('each I/O library has one door', () => {
  test.each(Object.entries(DOORS))('%s', (library, door) => {
    const users = PRODUCT.filter((path) => imports(path).some(({ from }) => packageOf(from) === library));
    expect(users.filter((path) => !door.test(path))).toEqual([]);
  });

  test('the first version of the SDK is for tests alone', () => {
    const users = PRODUCT.filter((path) => imports(path).some(({ from }) => packageOf(from) === '@modelcontextprotocol/sdk'));
    expect(users).toEqual([]);
  });

  test('real time is read in one file of the guard', () => {
    const CLOCKS = [
      'server/clock.ts',
      // bundled servers are programs of their own: two are handed this clock at their start, one sets deadlines to its engine
      'tools/downstream/calendar/index.ts',
      'tools/downstream/email/index.ts',
      'tools/downstream/database/change.ts',
      'tools/downstream/database/plainly.ts',
      'tools/downstream/database/reading.ts',
    ];
    const readers = PRODUCT.filter((path) => /Date\.now|new Date\(\)|performance\.now|process\.hrtime/.test(code(path)));
    expect(readers.filter((path) => !CLOCKS.includes(path))).toEqual([]);
  });
});

describe('every file is one that a newcomer can read', () => {
  test('its first line says what it is for', () => {
    const silent = [...SOURCES, ...FILES.filter((path) => path.endsWith('.yaml') && !path.startsWith('test/cases/'))].filter(
      (path) => {
        const [first = '', second = ''] = read(path).split('\n');
        return !/^(?:\/\/|#) ?\S.{14,}/.test(first.startsWith('#!') ? second : first);
      },
    );
    expect(silent).toEqual([]);
  });

  /** Longer than the rest, and why it is one file all the same. */
  const LONG: Record<string, string> = {
    'server/ports.ts': 'the seams of the server in one place; types only',
    'policies/types.ts': 'the nouns in one place; types only',
    'server/guard.ts': 'the road of one call is read from top to bottom',
    'server/perimeter.ts': 'puts every part together, once',
    'server/commands.ts': 'all that a human can tell a running guard',
    'server/handoff.ts': 'one elevation from its planned calls to its ending',
    'server/elevations.ts': "a request's state changes in one file",
    'server/grants.ts': "a grant's state changes in one file",
    'server/powers.ts': 'the four powers of the guard tools share what is waited for',
    'server/audit/writer.ts': 'the one way a record gets to the disk',
    'server/audit/verify.ts': 'one pass over the log, its checks side by side',
    'policies/decide.ts': 'one judgement, all of its laws side by side',
    'policies/classify.ts': 'one call becomes one reading',
    'policies/sql/postgres.ts': 'one translation, a case for every node of the grammar',
    'policies/sql/sqlite.ts': 'one translation, a case for every node of the grammar',
    'policies/sql/sqlparser.ts': 'one translation, a case for every node of the grammar',
    'policies/sql/resolve.ts': 'names are followed through scopes in one walk',
    'policies/sql/tokens.ts': 'one scanner, the four dialects side by side',
  };
  test('it has at most 260 lines, or a reason not to', () => {
    const long = PRODUCT.filter((path) => lines(path) > (path in LONG ? 480 : 260)).map(
      (path) => `${path}: ${lines(path)} lines`,
    );
    expect(long).toEqual([]);
    expect(Object.keys(LONG).filter((path) => !FILES.includes(path))).toEqual([]);
  });

  test('a test file has at most 800', () => {
    expect(within('test').filter((path) => lines(path) > 800)).toEqual([]);
  });

  test('types are said, and nothing is switched off or left for later', () => {
    // in pieces, so that this file doesn't find itself
    const words = [
      /@ts-(?:ignore|nocheck|expect-error)/,
      /(?::\s*|\bas\s+|<)any\b(?!\s+\w)/,
      /\b(?:test|it|describe)\.(?:only|skip|todo)\b/,
      /\b(?:TO[D]O|FIX[M]E|XX[X])\b/,
    ];
    // real clients may be missing: their stories skip, and say so
    const wrong = SOURCES.filter((path) => !path.startsWith('test/clients/')).flatMap((path) =>
      words
        .filter((word) => word.test(/TO/.test(word.source) ? read(path) : code(path)))
        .map((word) => `${path}: ${word.source}`),
    );
    expect(wrong.filter((one) => !one.startsWith('test/architecture'))).toEqual([]);
  });

  test('what we wrap is called downstream', () => {
    const other = new RegExp(`up${'stream'}`, 'i');
    const texts = FILES.filter((path) => /\.(ts|mjs|md|yaml|json|jsonc|svg)$/.test(path) && path !== 'package-lock.json');
    expect(texts.filter((path) => other.test(read(path)))).toEqual([]);
  });
});

describe('the repository is complete and says nothing of the machine it was made on', () => {
  const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
  const used = (files: readonly string[]) =>
    new Set(
      files
        .flatMap((path) => imports(path).map(({ from }) => from))
        .filter((from) => /^[@\w]/.test(from) && !from.startsWith('node:'))
        .map(packageOf),
    );

  test('every dependency is used, and everything used is a dependency', () => {
    expect([...used(PRODUCT)].filter((name) => !(name in manifest.dependencies))).toEqual([]);
    const needed = used(PRODUCT);
    expect(Object.keys(manifest.dependencies).filter((name) => !needed.has(name))).toEqual([]);
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    expect([...used(SOURCES)].filter((name) => !(name in all))).toEqual([]);
  });

  test('the top level holds what its owner named, and the files that go with it', () => {
    const NAMED = ['server', 'tools', 'policies', 'test', 'mcp.json', 'package.json', 'tsconfig.json'];
    const BESIDE = ['docs', 'examples', 'bench', 'LICENSE', 'package-lock.json', 'biome.json', 'knip.json', 'vitest.config.ts'];
    const top = new Set(FILES.map((path) => path.split('/')[0] ?? ''));
    const wrong = [...top].filter(
      (name) =>
        !NAMED.includes(name) &&
        !BESIDE.includes(name) &&
        !name.startsWith('.') &&
        !/^[A-Z]+\.md$|^tsconfig\.\w+\.json$/.test(name),
    );
    expect(wrong).toEqual([]);
    expect(NAMED.filter((name) => !top.has(name))).toEqual([]);
  });

  test('the lock file names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"|registry\./);
  });

  test('no file names a folder of this machine', () => {
    const texts = FILES.filter((path) => /\.(ts|mjs|md|yaml|json|jsonc|svg|txt)$|^\.ci\//.test(path));
    expect(texts.filter((path) => read(path).includes(ROOT))).toEqual([]);
  });
});

function rank(path: string): number {
  return FOLDERS.indexOf(path.split('/')[0] ?? '');
}

function home(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

function lines(path: string): number {
  return read(path).split('\n').length - 1;
}
