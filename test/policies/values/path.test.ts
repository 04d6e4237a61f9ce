// A path is read as every program might read it; none of the ways out of a folder goes unseen.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathRules } from '../../../policies/values/path.ts';
import { foldSegment, pathOfFileUri, readPath } from '../../../policies/values/path.ts';
import { Unreadable } from '../../../policies/values/unreadable.ts';

const LINUX: PathRules = { root: '/srv/share', os: 'posix', case: 'sensitive' };
const MAC: PathRules = { root: '/srv/share', os: 'posix', case: 'insensitive' };
const WINDOWS: PathRules = { root: 'C:\\share', os: 'windows', case: 'insensitive' };
const same = (path: string) => path;

/** A disk with links, resolved as realpath(3) does it for the nearest existing ancestor. */
function disk(links: Record<string, string>) {
  return (absolute: string): string => {
    let path = absolute;
    for (let hops = 0; hops < 40; hops++) {
      const link = Object.keys(links).find((from) => path === from || path.startsWith(`${from}/`));
      if (link === undefined) return path;
      path = `${links[link] ?? ''}${path.slice(link.length)}`.replace(/^\/\//, '/');
    }
    throw new Unreadable('too many links');
  };
}
const LINKS = disk({
  '/srv/share/marketing/archive': '/srv/share/hr',
  '/srv/share/marketing/latest.md': '/srv/share/marketing/plan.md',
  '/srv/share/marketing/up': '/',
});

const texts = (raw: string, rules = LINUX, realpath = LINKS) => readPath(raw, rules, realpath).map((path) => path.text);
/** Covered by a grant on marketing/**: every reading lies there. */
const inMarketing = (raw: string, rules = LINUX, realpath = LINKS) =>
  readPath(raw, rules, realpath).every(
    (path) => !path.outside && (path.fold ? foldSegment(path.segments[0] ?? '') : path.segments[0]) === 'marketing',
  );
/** May run under a grant: readable, and every reading lies there. */
const mayRun = (raw: string, rules = LINUX, realpath = LINKS) => {
  try {
    return inMarketing(raw, rules, realpath);
  } catch (error) {
    expect(error).toBeInstanceOf(Unreadable);
    return false;
  }
};

describe('a plain path has one reading', () => {
  it.each([
    ['marketing/plan.md', 'marketing/plan.md'],
    ['marketing/./q3/../plan.md', 'marketing/plan.md'],
    ['marketing/latest.md', 'marketing/plan.md'],
    ['marketing/r\u00e9sum\u00e9.md', 'marketing/r\u00e9sum\u00e9.md'],
    ['marketing/re\u0301sume\u0301.md', 'marketing/r\u00e9sum\u00e9.md'],
    ['marketing/100%.md', 'marketing/100%.md'],
    ['marketing/a b (1).md', 'marketing/a b (1).md'],
    ['marketing//q3//budget.xlsx', 'marketing/q3/budget.xlsx'],
    ['marketing/te..st', 'marketing/te..st'],
    ['marketing/...', 'marketing/...'],
    ['marketing/.env', 'marketing/.env'],
    ['marketing/[draft]*.md', 'marketing/[draft]*.md'],
    ['marketing/{draft}.md', 'marketing/{draft}.md'],
    ['marketing/a&b=c,d;e.md', 'marketing/a&b=c,d;e.md'],
    ['marketing/q3/', 'marketing/q3'],
    ['/srv/share/marketing/plan.md', 'marketing/plan.md'],
    ['.', '.'],
    ['marketing', 'marketing'],
  ])('%j is %j', (raw, text) => expect(texts(raw)).toEqual([text]));

  it('gives the absolute path and its segments, and starts them with an empty one outside the root', () => {
    expect(readPath('marketing/plan.md', LINUX, same)).toEqual([
      {
        text: 'marketing/plan.md',
        segments: ['marketing', 'plan.md'],
        outside: false,
        absolute: '/srv/share/marketing/plan.md',
        fold: false,
      },
    ]);
    expect(readPath('/etc/passwd', LINUX, same)).toEqual([
      { text: '/etc/passwd', segments: ['', 'etc', 'passwd'], outside: true, absolute: '/etc/passwd', fold: false },
    ]);
    expect(readPath('/', LINUX, same)[0]).toMatchObject({ text: '/', segments: ['', ''], outside: true });
    expect(readPath('.', LINUX, same)[0]).toMatchObject({ text: '.', segments: ['.'], outside: false, absolute: '/srv/share' });
  });
});

describe('ways out of a folder', () => {
  it.each([
    'marketing/../hr/salaries.csv',
    'marketing/q3/../../hr/salaries.csv',
    'marketing/../../../../../../etc/passwd',
    '/etc/passwd',
    '/srv/share',
    '/srv/share-backup/x',
    'marketing2/secret.md',
    '/srv/share/marketing/../hr/salaries.csv',
    'marketing/archive/salaries.csv',
    'marketing/archive/new.csv',
    'marketing/archive',
    'marketing/up/etc/passwd',
    'marketing/up/../srv/share/marketing/plan.md/../../../x',
    'marketing/%2e%2e/hr/salaries.csv',
    'marketing/..%2fhr/salaries.csv',
    'marketing/%2e%2e%2fhr%2fsalaries.csv',
    'marketing/%252e%252e%252fhr/salaries.csv',
    'marketing/%25252e%25252e/hr',
    'marketing/..%c0%afhr/salaries.csv',
    'marketing/..%e0%80%afhr/salaries.csv',
    'marketing/%c0%ae%c0%ae/hr/salaries.csv',
    'marketing/%u002e%u002e%u2215hr',
    'marketing/..%5chr%5csalaries.csv',
    'marketing\\..\\hr\\salaries.csv',
    '..\\..\\etc\\passwd',
    'marketing/..\\hr/salaries.csv',
    'marketing/\uff0e\uff0e/hr/salaries.csv',
    'marketing/..\uff0fhr/salaries.csv',
    'marketing/..\u2215hr',
    'marketing/..\u2044hr',
    'marketing/\u2025/hr',
    'marketing/\u2024\u2024/hr',
    'marketing/.\u200b./hr/salaries.csv',
    'marke\u200bting/plan.md',
    'marketing/{plan.md,../hr/salaries.csv}',
    '{marketing,hr}/salaries.csv',
    'marketing/.{.,x}/hr',
    'marketing/{..,a}/{hr,b}/x',
    '{h..h}r/salaries.csv',
    '~/.ssh/id_rsa',
    '~root/.ssh/id_rsa',
    '~',
    '$HOME/.ssh/id_rsa',
    '${HOME}/.ssh/id_rsa',
    'marketing/$X/plan.md',
    '%USERPROFILE%\\.ssh\\id_rsa',
    '$(cat /etc/passwd)',
    'marketing/`id`',
    'file:///etc/passwd',
    'file:/etc/passwd',
    'FILE://localhost/etc/passwd',
    'file:///srv/share/marketing/%2e%2e/hr/salaries.csv',
    'http://169.254.169.254/latest/meta-data/',
    'smb://host/share/x',
    'data:text/plain,x',
    'C:\\Windows\\win.ini',
    'C:/Windows/win.ini',
    '\\\\server\\share\\x',
    '/proc/self/root/srv/share/hr/salaries.csv',
    '/proc/self/root/srv/share/marketing/plan.md',
    '/proc/1/cwd/marketing/plan.md',
    '/dev/fd/3',
    ' ../hr/salaries.csv',
    '"../hr/salaries.csv"',
    'marketing/....//hr/salaries.csv/../../../../x',
    'marketing/....//hr',
    'marketing/..././hr',
    'marketing/..;/hr/salaries.csv',
    'marketing/\\u002e\\u002e/hr',
    'marketing/\\x2e\\x2e/hr',
    '.',
    '',
    'marketing/plan.md\0.png',
    'marketing/plan.md%00.png',
    'marketing/plan\n.md',
    'marketing/\u0085',
    'marketing/\ud800',
    '../../../../../../../../../../../etc/passwd%00',
  ])('%j may not run', (raw) => expect(mayRun(raw)).toBe(false));

  it('reads the parent of a link both ways', () => {
    expect(texts('marketing/up/../plan.md')).toEqual(['marketing/plan.md', '/plan.md']);
    expect(texts('marketing/archive/../plan.md')).toEqual(['marketing/plan.md', 'plan.md']);
  });

  it('resolves a root that is itself behind a link', () => {
    const realpath = disk({ '/data': '/mnt/disk1' });
    const rules: PathRules = { ...LINUX, root: '/data/share' };
    expect(readPath('a.md', rules, realpath)[0]).toMatchObject({
      text: 'a.md',
      absolute: '/mnt/disk1/share/a.md',
      outside: false,
    });
    expect(readPath('/mnt/disk1/share/a.md', rules, realpath)[0]).toMatchObject({ text: 'a.md', outside: false });
  });

  it('shows where home is when that is known, and still counts it as a place elsewhere', () => {
    expect(readPath('~/.ssh/id_rsa', { ...LINUX, home: '/home/john' }, same).map((path) => path.absolute)).toContain(
      '/home/john/.ssh/id_rsa',
    );
    expect(readPath('~/x', { ...LINUX, root: '/' }, same).some((path) => path.outside)).toBe(true);
  });

  it('says the literal reading first', () => {
    expect(texts('marketing/%2e%2e/hr/x')).toEqual(['marketing/%2e%2e/hr/x', 'hr/x']);
    expect(texts('marketing/{plan.md,q3/budget.xlsx}')).toEqual([
      'marketing/{plan.md,q3/budget.xlsx}',
      'marketing/plan.md',
      'marketing/q3/budget.xlsx',
    ]);
  });

  it('keeps encoded and odd names inside a folder runnable', () => {
    for (const raw of [
      'marketing/a%20b.md',
      'marketing/r%C3%A9sum%C3%A9.md',
      'marketing/a{b,c}.md',
      'marketing/\ufb01le.md',
      'marketing/it\\s.md',
      'marketing/plan.md ',
    ]) {
      expect([raw, mayRun(raw)]).toEqual([raw, true]);
    }
  });
});

describe('a volume that ignores case', () => {
  it('folds names, and finds its root in any case', () => {
    expect(readPath('HR/salaries.csv', MAC, same)[0]).toMatchObject({ text: 'HR/salaries.csv', fold: true });
    expect(foldSegment('HR')).toBe(foldSegment('h\u200br'));
    expect(foldSegment('RE\u0301SUME\u0301')).toBe('r\u00e9sum\u00e9');
    expect(foldSegment('Stra\u00dfe')).toBe(foldSegment('STRASSE'));
    expect(readPath('/SRV/Share/marketing/x', MAC, same)[0]).toMatchObject({ text: 'marketing/x', outside: false });
    expect(readPath('/SRV/Share/marketing/x', LINUX, same)[0]).toMatchObject({ outside: true });
  });
});

describe('Windows', () => {
  it.each([
    ['marketing\\plan.md', 'marketing/plan.md'],
    ['marketing/plan.md', 'marketing/plan.md'],
    ['MARKETING\\Plan.md', 'MARKETING/Plan.md'],
    ['C:\\share\\marketing\\plan.md', 'marketing/plan.md'],
    ['c:/SHARE/marketing/plan.md', 'marketing/plan.md'],
    ['\\share\\marketing\\plan.md', 'marketing/plan.md'],
    ['\\\\?\\C:\\share\\marketing\\plan.md', 'marketing/plan.md'],
    ['marketing\\100%.md', 'marketing/100%.md'],
  ])('%j is %j', (raw, text) => expect(readPath(raw, WINDOWS, same).map((path) => path.text)).toEqual([text]));

  it.each([
    '\\\\?\\C:\\share\\hr\\salaries.csv',
    '\\\\?\\C:\\share\\marketing\\..\\hr',
    '\\\\.\\C:\\share\\marketing\\plan.md',
    '\\\\.\\PhysicalDrive0',
    '\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\x',
    '\\\\?\\UNC\\server\\share\\x',
    '\\??\\C:\\share\\hr',
    '\\\\server\\share\\marketing\\plan.md',
    '//server/share/x',
    'marketing\\plan.md::$DATA',
    'marketing\\notes.txt:hidden',
    'marketing::$INDEX_ALLOCATION\\plan.md',
    'marketing\\..\\hr\\salaries.csv',
    'marketing/../hr/salaries.csv',
    'MARKET~1\\..\\hr\\salaries.csv',
    'MARKET~1\\plan.md',
    'marketing\\SALARI~1.CSV',
    'hr .\\salaries.csv',
    'hr.\\salaries.csv',
    'marketing\\.. \\hr\\salaries.csv',
    'marketing\\ ..\\..\\..\\hr',
    'marketing\\...\\hr',
    'C:marketing\\plan.md',
    'D:\\share\\marketing\\plan.md',
    'C:\\Windows\\win.ini',
    '\\Windows\\win.ini',
    'marketing\\CON',
    'marketing\\nul.txt',
    'marketing\\COM1 .log',
    'marketing\\lpt\u00b9',
    'marketing\\%2e%2e\\hr',
    'marketing\\..\uff3chr',
    '%USERPROFILE%\\x',
    '%CD%\\..\\hr',
    '~\\x',
    'file:///C:/share/hr/x',
    'A:',
  ])('%j may not run', (raw) => expect(mayRun(raw, WINDOWS, same)).toBe(false));

  it('drops trailing dots and blanks, so that a rule on the folder holds', () => {
    expect(readPath('hr .\\salaries.csv', WINDOWS, same)[0]).toMatchObject({
      text: 'hr/salaries.csv',
      outside: false,
      fold: true,
    });
    expect(readPath('D:\\x', WINDOWS, same)[0]).toMatchObject({
      text: 'D:/x',
      segments: ['', 'D:', 'x'],
      outside: true,
      absolute: 'D:/x',
    });
    expect(readPath('\\\\server\\share\\x', WINDOWS, same)[0]).toMatchObject({
      text: '//server/share/x',
      segments: ['', '', 'server', 'share', 'x'],
      outside: true,
    });
  });

  it('asks for links only on a host of its kind', () => {
    const never = () => {
      throw new Error('asked');
    };
    expect(readPath('a.md', WINDOWS, never)[0]?.text).toBe('a.md');
    expect(
      readPath('a.md', { ...WINDOWS, links: true }, (path) => (path === 'C:/share/a.md' ? 'C:\\share\\b.md' : path))[0]?.text,
    ).toBe('b.md');
  });
});

describe('labelled containment', () => {
  type Row = Partial<Pick<PathRules, 'os' | 'case' | 'home'>> & {
    id: string;
    path?: unknown;
    /** Texts and how often each stands in the path, for long ones. */
    pieces?: [string, number][];
    allowed: unknown[];
    within: boolean;
    links?: true;
  };
  type Rows = { cases: Row[]; links?: Record<string, string> };
  const rowsOf = (name: string) => JSON.parse(readFileSync(new URL(`../../cases/${name}.json`, import.meta.url), 'utf8')) as Rows;
  const siblings = rowsOf('path-siblings');
  const linked = disk(siblings.links ?? {});
  const isInside = ({ path, pieces, allowed, links, ...row }: Row) => {
    const raw = pieces?.map(([text, times]) => text.repeat(times)).join('') ?? path;
    const rules = { os: row.os ?? 'posix', case: row.case ?? 'sensitive', ...(row.home ? { home: row.home } : {}) } as const;
    return allowed.some((root) => {
      try {
        const readings = readPath(raw as string, { ...rules, root: root as string }, links ? linked : same);
        return readings.every((reading) => !reading.outside);
      } catch (error) {
        expect(error).toBeInstanceOf(Unreadable);
        return false;
      }
    });
  };
  const all = [...rowsOf('path-containment').cases, ...siblings.cases];
  it.each(all.map((row) => [row.id, row] as const))('%s', (_, row) => {
    expect([row.path ?? row.id, isInside(row)]).toEqual([row.path ?? row.id, row.within]);
  });
});

describe('bounds', () => {
  it.each([
    ['braces', `marketing/${'{a,b}'.repeat(2000)}`],
    ['single braces', `file:///{a}{b}{c${'}{x'.repeat(2000)}}`],
    ['open braces', '{'.repeat(30_000)],
    ['encodings', `${'%25'.repeat(8000)}2e`],
    ['parts', 'a/'.repeat(5000)],
    ['length', 'a'.repeat(100_000)],
    ['a range', 'x{1..99999999}'],
  ])('refuses or reads too many %s in bounded time', (_, raw) => {
    const before = performance.now();
    expect(mayRun(raw)).toBe(false);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('reads a long climb', () => {
    expect(texts(`/home/${'a/'.repeat(1000)}${'../'.repeat(1100)}etc/passwd`)).toEqual(['/etc/passwd']);
  });

  it('never throws anything but Unreadable, and never puts a climb in what it returns', () => {
    const odd = fc.array(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '%2e',
        '%2f',
        '%5c',
        '~',
        '$X',
        '{',
        ',',
        '}',
        'a',
        'hr',
        ' ',
        ':',
        '\u200b',
        '\uff0e',
        '%',
        '%25',
        '\u0301',
        'C:',
        '?',
      ),
      { maxLength: 14 },
    );
    fc.assert(
      fc.property(odd, fc.constantFrom(LINUX, MAC, WINDOWS), (parts, rules) => {
        let paths: ReturnType<typeof readPath> = [];
        try {
          paths = readPath(parts.join(''), rules, same);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
        for (const path of paths) {
          if (!path.outside) expect(path.segments).not.toContain('..');
          expect(path.outside ? path.segments[0] === '' : path.segments[0] !== '').toBe(true);
          expect(path.outside).toBe(path.text.startsWith('/') || (rules === WINDOWS && /^[A-Z]:\//.test(path.text)));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is stable: a canonical path reads as itself first', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b.md', '..', 'hr', 'q 3'), { minLength: 1, maxLength: 8 }), (parts) => {
        const [first] = readPath(parts.join('/'), LINUX, same);
        expect(readPath(first?.absolute ?? '', LINUX, same)[0]?.text).toBe(first?.text);
      }),
      { numRuns: 200 },
    );
  });
});

describe('file URIs of resources', () => {
  it('name a path on this machine', () => {
    expect(pathOfFileUri('file:///srv/share/a%20b.md')).toBe('/srv/share/a b.md');
    expect(pathOfFileUri('file://localhost/srv')).toBe('/srv');
    for (const uri of ['file://host/x', 'file:////host/x', 'http://x/', 'file:///a?b', 'srv'])
      expect(() => pathOfFileUri(uri)).toThrow(Unreadable);
  });
});
