// mcp.json: read as documented, and every mistake in it a line that says what to do.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how mcp.json names a variable of the environment
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../server/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'perimeter-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'mcp.json');
const ENV = { HOME: '/home/ann', TOKEN: 's3cret', CRM_TOKEN: 'crm-s3cret' };

function load(text: string, env: Record<string, string | undefined> = ENV) {
  writeFileSync(file, text);
  return loadConfig(file, env);
}
function refusal(text: string, env?: Record<string, string | undefined>): string {
  try {
    load(text, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return '(loaded)';
}

const CONTRACT = `{
  "mcpServers": {                                        // exactly what clients already use
    "files":    { "command": "perimeter", "args": ["tool", "files", "--root", "./workspace/files"] },
    "database": { "command": "./bin/db", "args": ["\${TOKEN}"], "env": { "TOKEN": "\${TOKEN}" } },
    "crm":      { "url": "https://crm.example/mcp", "headers": { "Authorization": "Bearer \${CRM_TOKEN}" } },
  },
  "perimeter": {
    "agent": "felix-prod",                               /* agent_id of a stdio client */
    "user":  { "name": "john@company.com", "role": "admin" },
    "policies": "./policies",
    "state": "./.perimeter",
    "prefix": "auto",
    "timezone": "Europe/Berlin",
    "session": { "login": "implicit", "for": "8h", "survive_restart": false },
    "channels": { "min_answer": "500ms" },
    "audit": { "copy": "../elsewhere" },
    "context": {}
  }
}`;

test('rows past which a change is not tried: 50,000 unless told', () => {
  const rows = (impact: string) => load(`{ "mcpServers": {}, "perimeter": { ${impact} } }`).impact.dry_run_rows;
  expect(rows('')).toBe(50_000);
  expect(rows('"impact": { "dry_run_rows": 1000 }')).toBe(1_000);
});

describe('the documented example', () => {
  const config = load(CONTRACT);

  test('gives the servers, with secrets from the environment and the folder of mcp.json', () => {
    expect(config.entries).toEqual([
      {
        name: 'files',
        command: 'perimeter',
        args: ['tool', 'files', '--root', './workspace/files'],
        env: {},
        cwd: folder,
        identity: 'full',
      },
      {
        name: 'database',
        command: join(folder, 'bin/db'),
        args: ['s3cret'],
        env: { TOKEN: 's3cret' },
        cwd: folder,
        identity: 'full',
      },
      { name: 'crm', url: 'https://crm.example/mcp', headers: { Authorization: 'Bearer crm-s3cret' }, identity: 'agent' },
    ]);
    expect(config.warnings).toEqual([]);
  });

  test('gives our settings, paths absolute and durations in milliseconds', () => {
    expect(config).toMatchObject({
      file,
      folder,
      agent: 'felix-prod',
      user: { name: 'john@company.com', role: 'admin' },
      policies: join(folder, 'policies'),
      state: join(folder, '.perimeter'),
      prefix: 'auto',
      timezone: 'Europe/Berlin',
      session: { login: 'implicit', for: 28_800_000, survive_restart: false },
      channels: { min_answer: 500, desktop: true },
      audit: { copy: join(folder, '../elsewhere') },
    });
  });

  test('protects the guard’s own files and the settings of clients', () => {
    expect(config.protected).toEqual(expect.arrayContaining([file, join(folder, 'policies'), join(folder, '.perimeter')]));
    expect(config.settings).toEqual(expect.arrayContaining(['/home/ann/.claude.json', join(folder, '.cursor/mcp.json')]));
  });
});

test('needs nothing but servers', () => {
  const config = load('{ "mcpServers": {} }');
  expect(config).toMatchObject({
    agent: 'agent',
    prefix: 'auto',
    session: { login: 'implicit', for: 28_800_000 },
    channels: { min_answer: 500, desktop: true },
    audit: {},
    entries: [],
  });
  expect(config.user.role).toBe('user');
  expect(config.policies).toBeUndefined();
  expect(config.timezone).not.toBe('');
});

test('PERIMETER_STATE says where the state is', () => {
  expect(load('{ "mcpServers": {}, "perimeter": { "state": "x" } }', { ...ENV, PERIMETER_STATE: '/var/perimeter' }).state).toBe(
    '/var/perimeter',
  );
  expect(load('{ "mcpServers": {}, "perimeter": { "state": "x" } }', { ...ENV, PERIMETER_STATE: '' }).state).toBe(
    join(folder, 'x'),
  );
});

describe('a file that can’t be used', () => {
  test.each([
    [
      'is missing',
      () => loadConfig(join(folder, 'none.json'), ENV),
      /^there is no `.*none\.json`; write one with .* or let `perimeter init` make it/,
    ],
    ['is a folder', () => loadConfig(folder, ENV), /is a folder; name the file in it/],
    ['is empty', () => load(''), /^mcp\.json:1: the file is empty; write one/],
    ['is blank', () => load('\n\n'), /the file is empty/],
    ['is not JSON', () => load('hello'), /^mcp\.json:1: not valid JSON: this is no value/],
    ['is cut off', () => load('{\n  "mcpServers": {\n'), /^mcp\.json:3: not valid JSON: a `}` is missing/],
    ['is a list', () => load('[]'), /^mcp\.json:1: this is no map of settings/],
    ['is nested without end', () => load('['.repeat(200_000)), /mcp\.json/],
  ])('%s', (_name, open, message) => {
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(message);
  });
});

describe('mistakes', () => {
  const own = (text: string) => `{\n  "mcpServers": {},\n  "perimeter": {\n    ${text}\n  }\n}`;
  const server = (text: string) => `{\n  "mcpServers": {\n    "a": { ${text} }\n  }\n}`;

  test.each([
    ['an unknown key', own('"polices": "./policies"'), 'mcp.json:4: unknown key `polices`; did you mean `policies`?'],
    ['an unknown key inside', own('"session": { "fro": "8h" }'), 'mcp.json:4: unknown key `fro`; did you mean `for`?'],
    [
      'perimeter mistyped',
      '{ "mcpServers": {},\n "perimter": {} }',
      'mcp.json:2: unknown key `perimter`; did you mean `perimeter`?',
    ],
    ['VS Code’s word for servers', '{ "servers": {} }', 'mcp.json:1: unknown key `servers`; did you mean `mcpServers`?'],
    ['no servers at all', '{}', '`mcpServers` is missing'],
    ['servers as a list', '{ "mcpServers": [] }', '`mcpServers` must be a map'],
    ['a duration without unit', own('"session": { "for": 8 }'), 'mcp.json:4: `8` has no unit'],
    ['a session for ever', own('"session": { "for": "forever" }'), 'mcp.json:4: `forever` is no duration'],
    ['a zone that does not exist', own('"timezone": "Berlin"'), 'mcp.json:4: `Berlin` is no time zone'],
    ['a prefix that is none', own('"prefix": "alwas"'), "mcp.json:4: `prefix` can't be `alwas`; did you mean `always`?"],
    ['an agent with spaces', own('"agent": "felix prod"'), 'mcp.json:4: an agent id is letters'],
    ['a store, which is not built', own('"store": "postgres://x"'), 'mcp.json:4: `store` is not built yet; leave it off'],
    ['http, which is not built', own('"http": { "oauth": {} }'), 'mcp.json:4: `http` is not built yet; leave it off'],
    ['a VPN that nothing tells of', own('"context": { "vpn": {} }'), 'mcp.json:4: say how the VPN is known'],
    ['a limit that is none', own('"impact": { "dry_run_rows": "many" }'), 'mcp.json:4: `dry_run_rows` is a whole number of rows'],
    ['a context provider that is none', own('"context": { "vnp": {} }'), 'mcp.json:4: unknown key `vnp`; did you mean `vpn`?'],
    ['a key twice', own('"agent": "a", "agent": "b"'), 'mcp.json:4: the key `agent` stands here twice'],
    ['__proto__', own('"__proto__": {}'), 'mcp.json:4: `__proto__` is no key'],
    ['a server that is no map', '{ "mcpServers": { "a": "npx" } }', '`a` must be a map with `command` or `url`'],
    ['a server without a way to it', server('"args": []'), 'mcp.json:3: `a` has neither `command` nor `url`'],
    ['a server with two ways to it', server('"command": "x", "url": "https://a.example"'), 'mcp.json:3: `a` has both'],
    ['args that are no list', server('"command": "x", "args": "y"'), 'mcp.json:3: `args` must be a list'],
    ['an address that is none', server('"url": "file:///etc/passwd"'), 'mcp.json:3: `url` must start with `https://`'],
    ['a transport that is not spoken', server('"url": "https://a.example", "type": "sse"'), "mcp.json:3: `type` can't be `sse`"],
    [
      'an identity that is none',
      server('"command": "x", "perimeter": { "identity": "ful" }'),
      "`identity` can't be `ful`; did you mean `full`?",
    ],
    [
      'an unknown key of ours in a server',
      server('"command": "x", "perimeter": { "identiy": "full" }'),
      'unknown key `identiy`; did you mean `identity`?',
    ],
    [
      'a name that tools can’t carry',
      '{ "mcpServers": { "a__b": { "command": "x" } } }',
      "`a__b` can't be part of a tool's name",
    ],
    [
      'an unset variable',
      server('"command": "x", "env": { "T": "${TOKN}" }'),
      'mcp.json:3: `${TOKN}` is not set; set the environment variable TOKN before you start; did you mean `TOKEN`?',
    ],
    [
      'a variable in another program’s words',
      server('"command": "x", "env": { "T": "${env:TOKEN}" }'),
      '`${env:TOKEN}` is not understood; write `${TOKEN}`',
    ],
    ['an unset variable of ours', own('"state": "${NOWHERE}/x"'), 'mcp.json:4: `${NOWHERE}` is not set'],
  ])('%s', (_name, text, message) => expect(refusal(text)).toContain(message));

  test('are told all at once', () => {
    const message = refusal('{\n "mcpServers": { "a": {} },\n "perimeter": {\n  "agnt": "x",\n  "prefix": 5 } }');
    expect(message.split('\n').map((line) => line.replace(/: .*/, ''))).toEqual(['mcp.json:2', 'mcp.json:4', 'mcp.json:5']);
  });

  test('never show what the environment holds', () => {
    expect(refusal(server('"url": "${TOKEN}"'))).not.toContain('s3cret');
    expect(refusal(own('"prefix": "${TOKEN}"'))).not.toContain('s3cret');
    expect(refusal(own('"timezone": "${TOKEN}"'))).not.toContain('s3cret');
    expect(refusal(own('"session": { "for": "${TOKEN}" }'))).not.toContain('s3cret');
  });
});

test('other programs’ keys in a server are only noted', () => {
  const config = load('{ "mcpServers": {\n "a": { "command": "x", "autoApprove": [], "comand": "y" } }, "inputs": [] }');
  expect(config.warnings).toEqual([
    'mcp.json:2: `inputs` means nothing here',
    'mcp.json:2: `autoApprove` means nothing here',
    'mcp.json:2: `comand` means nothing here; did you mean `command`?',
  ]);
  expect(load('{ "mcpServers": { "a": { "command": "x", "disabled": true } } }').entries).toEqual([]);
});

test('no text makes loading throw anything but a ConfigError', () => {
  mkdirSync(folder, { recursive: true });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"mcpServers":${json},"perimeter":${json}}`),
      ),
      (text) => {
        try {
          load(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      },
    ),
    { numRuns: 150 },
  );
});
