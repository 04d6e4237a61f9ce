// `perimeter demo` from the outside: the story with a scripted human, and the company it leaves behind.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSqlite } from '../../tools/downstream/sqlite.ts';
import { perimeter, type Ran, tempFolder } from './program.ts';

const folder = tempFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('demo --auto', () => {
  let ran: Ran;
  const temp = join(folder, 'tmp');
  const elsewhere = join(folder, 'elsewhere');
  beforeAll(async () => {
    mkdirSync(temp);
    ran = await perimeter(['demo', '--auto'], { TMPDIR: temp, PERIMETER_STATE: elsewhere });
  });

  test('plays the story to its good end', () => {
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/All 13 steps went as they should/);
    expect(ran.code).toBe(0);
  });

  test.each([
    ["Look at John's week", 'allowed, risk low'],
    ['Draft an answer with bank details', 'what did not hold: body.mentions none_of'],
    ["Read HR's salaries", 'refused'],
    ['Mark the dormant customers', 'needs a human'],
    ['Ask for permission', 'This will affect 23 records in customers'],
    ['Use the grant, but with a wider WHERE', 'no row of crm.db changed'],
    ['The update as approved', 'exactly 23 of 200 customers changed, all of them dormant'],
    ['Copy the plan into a synced folder', 'refused, risk critical'],
    ['Has anybody edited the record?', 'intact'],
  ])('%s: %s', (step, line) => {
    const from = ran.stdout.slice(ran.stdout.indexOf(step));
    expect(from.slice(0, from.search(/\n\s*\d+ {2}[A-Z]|\nAll /) + 1 || undefined)).toContain(line);
  });

  test('says that no person answered', () => {
    expect(ran.stdout).toContain('A scripted human answers here, not a person');
  });

  test('uses no colour where none is wanted, and leaves nothing behind', () => {
    expect(ran.stdout.includes('\u001b')).toBe(false);
    expect(readdirSync(temp)).toEqual([]);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

describe('demo --keep', () => {
  const company = join(folder, 'company');

  test('makes the company without a story', async () => {
    expect(await perimeter(['demo', '--keep', company, '--no-story'])).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(company).sort()).toEqual(['calendar', 'crm.db', 'files', 'mail', 'mcp.json', 'policies']);
    expect(readdirSync(join(company, 'files')).sort()).toEqual(['Dropbox', 'hr', 'marketing']);
    const database = (await loadSqlite())(join(company, 'crm.db'), { readOnly: true });
    const [counts] = [...database.prepare("SELECT count(*), sum(status = 'dormant') FROM customers").rows()];
    database.close();
    expect(counts?.map(Number)).toEqual([200, 23]);
  });

  test('its rules pass their own tests, at night on a Sunday too', async () => {
    for (const now of ['2026-11-24T10:00:00Z', '2026-11-22T02:30:00Z']) {
      const ran = await perimeter(['policy', 'test'], { PERIMETER_NOW: now }, company);
      expect(ran.stdout).toMatch(/\b0 failed/);
      expect(ran.code).toBe(0);
    }
    expect(await perimeter(['policy', 'lint'], {}, company)).toMatchObject({ code: 0 });
  });

  test('touches no folder that has something in it', async () => {
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'mine.txt'), 'mine');
    const ran = await perimeter(['demo', '--keep', full, '--no-story']);
    expect(ran).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('is not empty; name a new or an empty one'),
    });
    expect(readdirSync(full)).toEqual(['mine.txt']);
  });

  test('is needed where nothing would be left', async () => {
    expect(await perimeter(['demo', '--no-story'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--keep') });
  });
});
