// Every risk factor is a file of its own, with its test of the same name and its line in docs/risk.md; and no such file is forgotten.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FACTORS } from '../../../policies/risk/index.ts';
import { FILES, imports, ROOT, read } from '../../tree.ts';

/** `group/name` of every file below a folder that ends so. */
const below = (folder: string, ending: string) =>
  FILES.filter((path) => path.startsWith(folder) && path.endsWith(ending))
    .map((path) => path.slice(folder.length, -ending.length))
    .filter((path) => path.includes('/'));
const files = below('policies/risk/', '.ts');
const rows = [...read('docs/risk.md').matchAll(/^\| `(\w+)` \| (\w+) \| \d+ \|/gm)].map(([, name, group]) => `${group}/${name}`);
const names = FACTORS.map(({ name }) => name);

test('the list names every file once, and every file is in the list', () => {
  expect(files.map((path) => path.split('/')[1]).sort()).toEqual([...names].sort());
  expect(new Set(names).size).toBe(names.length);
});

test('every file has its test, and every test its file', () => {
  expect(below('test/policies/risk/', '.test.ts')).toEqual(files);
});

test('every file has its line in the table of the docs, with its group, in the order of the list', () => {
  expect([...rows].sort()).toEqual(files);
  expect(rows.map((row) => row.split('/')[1])).toEqual(names);
});

describe.each(files)('%s', (path) => {
  test('holds the factor of its name, and nothing else to import', async () => {
    const held: unknown[] = Object.values(await import(join(ROOT, `policies/risk/${path}.ts`)));
    expect(held).toEqual([FACTORS.find(({ name }) => name === path.split('/')[1])]);
  });
  test('is what its test gives cases to', () => {
    const file = `test/policies/risk/${path}.test.ts`;
    const [held] = imports(file).filter(({ from }) => from === `../../../../policies/risk/${path}.ts`);
    expect(read(file)).toContain(`\ncases(${held?.names.replace(/[{}\s]/g, '')}, {`);
  });
});
