// What the documents say is true: their snippets load, their commands exist, their links and files are there.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { createProgram } from '../server/cli/program.ts';
import { loadConfig } from '../server/config.ts';
import { FILES, ROOT, read } from './tree.ts';

const run = promisify(execFile);
const PROGRAM = join(ROOT, 'dist', 'server', 'cli', 'main.js');
const DOCUMENTS = FILES.filter((path) => path.endsWith('.md') && !path.startsWith('test/'));
const folder = mkdtempSync(join(tmpdir(), 'perimeter-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Snippet = { path: string; line: number; language: string; text: string };
const SNIPPETS = DOCUMENTS.flatMap(snippetsOf);
const named = (snippets: readonly Snippet[]) => snippets.map((one) => [`${one.path}:${one.line}`, one] as const);

const COMMANDS = await createProgram();

describe('every mcp.json that is shown loads', () => {
  const settings = SNIPPETS.filter(({ language, text }) => /^jsonc?$/.test(language) && text.includes('"mcpServers"'));
  test.each(named(settings))('%s', (place, { text }) => {
    const file = join(folder, place.replace(/\W/g, '-'), 'mcp.json');
    mkdirSync(dirname(file));
    writeFileSync(file, text);
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'value']);
    expect(loadConfig(file, Object.fromEntries(names)).entries.length).toBeGreaterThan(0);
  });
  test('the README shows one, and so does the top level', () => {
    expect(settings.some(({ path }) => path === 'README.md')).toBe(true);
    expect(loadConfig(join(ROOT, 'mcp.json'), {}).warnings).toEqual([]);
  });
});

describe("the README's rules", () => {
  const home = join(folder, 'readme');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const inHome = (...args: string[]) => run(process.execPath, [PROGRAM, ...args], { cwd: home });

  test('load, pass their tests, and leave the lint nothing to say', async () => {
    const rules = SNIPPETS.filter(({ path, language }) => path === 'README.md' && language === 'yaml');
    expect(rules.length).toBeGreaterThan(0);
    for (const { text } of rules) write(/^# (policies\/\S+\.yaml)\n/.exec(text)?.[1] ?? 'unnamed', text);
    const tool = (name: string, ...args: string[]) => [name, { command: 'perimeter', args: ['tool', name, ...args] }];
    const servers = [
      tool('files', '--root', '.'),
      tool('email', '--store', 'mail', '--from', 'a@b.example'),
      tool('database', '--file', 'crm.db'),
    ];
    write('mcp.json', JSON.stringify({ mcpServers: Object.fromEntries(servers), perimeter: { policies: './policies' } }));
    expect((await inHome('policy', 'test')).stdout).toContain('2 passed, 0 failed');
    expect((await inHome('policy', 'lint')).stdout).toBe('nothing to complain about\n');
  });
});

test('the pictures show what the demo prints', async () => {
  const { stdout } = await run(process.execPath, [join(ROOT, 'docs', 'pictures', 'make.mjs'), '--check']).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
}, 60_000);

test('the message in the README is the one that the demo showed', () => {
  const plain = (text: string) =>
    text
      .replace(/\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d/g, 'TIME')
      .replace(/[│\s]+/g, ' ')
      .trim();
  const picture = read('docs/pictures/handoff.svg')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  const message = SNIPPETS.find(({ path, language }) => path === 'README.md' && language === 'text')?.text ?? 'no message';
  expect(plain(picture)).toContain(plain(message));
});

describe('every command that is shown exists, with its options', () => {
  const shown = new Map<string, string>();
  for (const path of DOCUMENTS.filter((one) => one !== 'CHANGELOG.md')) {
    const lines = snippetsOf(path)
      .filter(({ language }) => /^(sh|bash|console|text|)$/.test(language))
      .flatMap(({ text }) => text.split('\n'));
    const spans = [...withoutSnippets(path).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
    const commands = [...lines.map((line) => line.replace(/^\s*\$ /, '').trim()), ...spans].map((line) =>
      line.replace(/\s+#.*$/, ''),
    );
    for (const line of commands)
      for (const [, words = ''] of line.matchAll(/(?:^|&& )(?:npx )?perimeter ([a-z].*?)(?= && |$)/g)) shown.set(words, path);
  }
  test('there are some', () => expect(shown.size).toBeGreaterThan(15));
  test.each([...shown])('perimeter %s', (words, path) => {
    const told = `${path} says \`perimeter ${words}\``;
    const [first = '', second = ''] = words.split(' ');
    const command = COMMANDS.commands.find((one) => one.name() === first);
    expect(command, told).toBeDefined();
    if (!command || first === 'tool') return; // a bundled server reads its own options
    const nested = command.commands.length > 0 && /^[a-z|]+$/.test(second) ? second.split('|') : [];
    const found = nested.map((name) => command.commands.find((one) => one.name() === name));
    expect(found, told).not.toContain(undefined);
    const options = [command, ...found].flatMap((one) => one?.options.map(({ long }) => long) ?? []);
    for (const [option] of words.matchAll(/(?<=\s)--[a-z][a-z-]*/g)) expect(options, told).toContain(option);
  });

  test('and every npm script', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const missing = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/\bnpm (?:run ([a-z:]+)|(test|start)\b)/g)].map(([, name, short]) => name ?? short ?? ''),
    ).filter((name) => !(name in scripts));
    expect(missing).toEqual([]);
  });
});

describe('nothing points nowhere', () => {
  test.each(DOCUMENTS)('%s', (path) => {
    const links = [...withoutSnippets(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => !/^(?:https?|mailto):/.test(target) && !reaches(path, target));
    expect(broken).toEqual([]);
  });

  test('files that the map and the decisions name are there', () => {
    const maps = DOCUMENTS.filter((path) => /^[A-Z]+\.md$|^docs\/decisions\//.test(path));
    const missing = maps.flatMap((path) =>
      [...withoutSnippets(path).matchAll(/`((?:server|tools|policies|test|docs|examples)\/[\w./-]*)`/g)]
        .map(([, name = '']) => name)
        .filter(
          (name) =>
            !/[A-Z]{3}/.test(name) &&
            !existsSync(join(ROOT, name)) &&
            !/its_name|^server\/discover$|^tools\/(?:call|list)$/.test(name),
        )
        .map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('every folder and file of the server has its word on the map', () => {
    const map = read('ARCHITECTURE.md');
    const folders = [
      ...new Set(FILES.filter((path) => /^(server|tools|policies)\/\w+\//.test(path)).map((path) => path.split('/')[1] ?? '')),
    ];
    expect(folders.filter((name) => !map.includes(`${name}/`) && !map.includes(`/${name}`))).toEqual([]);
  });

  test('every decision is in the list', () => {
    const list = read('docs/decisions/README.md');
    expect(FILES.filter((path) => /^docs\/decisions\/\d/.test(path) && !list.includes(posix.basename(path)))).toEqual([]);
  });
});

function snippetsOf(path: string): Snippet[] {
  const text = read(path);
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    path,
    line: text.slice(0, found.index).split('\n').length,
    language: found[1] ?? '',
    text: found[2] ?? '',
  }));
}

function withoutSnippets(path: string): string {
  return read(path).replace(/^```(\w*)\n([\s\S]*?)^```$/gm, '');
}

/** A link to a file or folder of the repository, and to a heading in it if it names one. */
function reaches(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : posix.join(posix.dirname(from), decodeURI(file));
  if (!existsSync(join(ROOT, path))) return false;
  if (anchor === undefined || statSync(join(ROOT, path)).isDirectory()) return true;
  const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s/g, '-'),
  );
  return headings.includes(anchor);
}
