// Every kind of secret by every way in, each with a mark of its own, through a whole guard: none is in a file it wrote, a line it logged or a byte it sent.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { detectDataClasses } from '../../../policies/values/data-classes.ts';
import { Discretion } from '../../../server/audit/discreet.ts';
import { DownstreamError } from '../../../server/errors.ts';
import type { ForwardOptions } from '../../../server/ports.ts';
import { FOUND } from '../../policies/values/samples.ts';
import { world, yes } from '../../world.ts';

describe('a field of the audit', () => {
  const discretion = new Discretion(Buffer.alloc(32, 1));
  const members = (event: Record<string, unknown>) => discretion.apply(event).members;
  const told = (event: Record<string, unknown>, field: string) => String(members(event).get(field)!.value);
  const stored = (event: Record<string, unknown>) => {
    const { redacted } = discretion.apply(event);
    return JSON.stringify([[...members(event)], redacted]).replaceAll(/\\+"/g, '"');
  };

  it.each(FOUND.map(([text, name]) => ({ text, name })))('holds nothing of $name: $text', ({ text, name }) => {
    if (name.startsWith('credentials.')) {
      // what is a secret only after a word such as `token:` is a name in a path; so whole words stand around it here
      for (const field of ['tool', 'problem', 'resource', 'copy_problem', 'how', 'client'])
        expect(detectDataClasses(told({ [field]: `x: ${text} y` }, field)).classes).toEqual([]);
      expect(stored({ risk: { why: [{ deep: `it is ${text} now` }] } })).not.toContain(text);
    }
    if (name.startsWith('health.')) return;
    for (const field of ['justification', 'why', 'message', 'reason', 'problem', 'filter', 'request']) {
      const left = detectDataClasses(told({ [field]: text }, field)).classes;
      expect(left.filter((one) => !one.startsWith('health.'))).toEqual([]);
    }
    for (const hashed of [
      { facts: { 'args.body': text } },
      { facts: { [text]: 1 } },
      { brand_new: text },
      { brand_new: { [text]: [text] } },
    ])
      expect(stored(hashed)).not.toContain(text);
  });
});

/** Made for the way it comes by, so that a leak says where it came from. */
function secretsFor(way: number): Record<string, string> {
  const mark = `${way}`.padStart(2, '0');
  const random = `q7Zt${mark}Xk9Lm3Vb8Rw2Yp5Nc6Hd4Js1`;
  const token = `ghp_${random}Fg0Ts${mark}`.slice(0, 40).padEnd(40, 'a');
  return {
    token,
    cloud: `AKIA${`${mark}QWERTZUIOPASDFGH`.slice(0, 16)}`,
    password: `Tr0ub4dor&${mark}x`,
    card: withLuhn(`4556${mark}734821987`),
    coded: Buffer.from(`password=hunter${mark}!;${token}`).toString('base64'),
    key: `-----BEGIN PRIVATE KEY-----\nMIIE${random}${random}\n-----END PRIVATE KEY-----`,
    jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI${random}.${random}`,
    phone: `+47 912 34 5${mark}`,
    ssn: `536-${mark}-4399`,
    mail: `kari.${mark}@private.example`,
  };
}

/** With the check digit of ISO/IEC 7812-1. */
function withLuhn(digits: string): string {
  for (let last = 0; last < 10; last += 1) {
    const all = [...`${digits}${last}`].map(Number).reverse();
    const sum = all.reduce((total, digit, at) => total + (at % 2 === 1 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit), 0);
    if (sum % 10 === 0) return `${digits}${last}`;
  }
  return digits;
}

const said = ({ token, cloud, password, card, coded, key, jwt, phone, ssn, mail }: Record<string, string>) =>
  `password=${password} token ${token} ${cloud} card ${card} blob ${coded} ${key} bearer ${jwt} call ${phone} ssn ${ssn} mail ${mail}`;

const RULES = `version: 1
risk: { responses: { medium: watch, high: watch, critical: watch } }
rules:
  - { id: reading, why: reading is fine, effect: allow, scope: [read:files, read:web, read:database] }
  - { id: writing, why: somebody looks first, effect: ask, scope: [write:files, write:database] }
  - { id: no, why: never, effect: deny, scope: delete:files }
`;
const BINDING = `server: odd
root: ./files
own: { domains: [acme.example] }
tools:
  read: { does: read:files, resource: { path: path } }
  write: { does: write:files, resource: { path: path }, facts: { body: content } }
  delete: { does: delete:files, resource: { path: path } }
  fetch: { does: read:web, resource: { url: url } }
  query: { does: sql, sql: { statement: sql, dialect: sqlite, domain: database } }
`;

/** What may stand in the clear: of names of files and hosts only what is a credential or a number of money is taken out. */
const NAMED = new Set(['phone', 'ssn', 'mail']);

it('a guard keeps what comes in by any way to itself', async () => {
  const ways: string[] = [];
  const planted: { way: string; kind: string; value: string }[] = [];
  const plant = (way: string): Record<string, string> => {
    const made = secretsFor(ways.push(way));
    for (const [kind, value] of Object.entries(made)) {
      if (way.startsWith('name:') && NAMED.has(kind)) continue;
      // an address that stands alone is somebody to write to, as far as the guard knows, and so a name
      if (/^(?:nested|keys of the) arguments$/.test(way) && kind === 'mail') continue;
      // of a key that is longer than a line any line gives it away
      for (const part of value.split('\n').filter((line) => !line.startsWith('---'))) planted.push({ way, kind, value: part });
    }
    return made;
  };

  const sent: string[] = [];
  const collector = createServer((request, response) => {
    request.on('data', (bytes: Buffer) => void sent.push(bytes.toString('latin1')));
    request.on('end', () => response.end());
  });
  const syslog = createTcp((socket) => socket.on('data', (bytes) => void sent.push(bytes.toString('latin1'))));
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => syslog.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    collector.close();
    syslog.close();
  });
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

  const logged: string[] = [];
  const result = plant('result of a tool');
  const failure = plant('error that a tool answers');
  const thrown = plant('error of a downstream');
  const toldSo = plant('progress of a tool');
  const described = plant('description of a tool');
  const named = plant('name: of a tool');
  const answered = plant('answer in a form');
  const nowDescribed = plant('changed description of a tool');
  const okay = { content: [{ type: 'text', text: said(result) }], structuredContent: { [said(result)]: result } };
  const odd = {
    ...{ read: { run: () => okay }, delete: {}, fetch: { run: () => okay }, query: { run: () => okay } },
    write: {
      run: async (_args: Record<string, unknown>, { progress }: ForwardOptions) => {
        progress?.({ progress: 1, message: said(toldSo) });
        return okay;
      },
    },
    fails: { run: () => ({ isError: true, content: [{ type: 'text', text: said(failure) }] }) },
    dies: {
      run: () => {
        throw new DownstreamError('died', true, said(thrown));
      },
    },
    described: {
      description: said(described),
      inputSchema: { type: 'object', properties: { a: { description: said(described) } } },
    },
    [`t_${named.token}`]: {},
  };
  const given = await world({
    rules: RULES,
    bindings: BINDING,
    log: (line) => logged.push(line),
    human: () => ({ ...yes('approve'), content: { decision: 'approve', note: said(answered), [said(answered)]: true } }),
    servers: { odd },
    settings: {
      audit: {
        webhook: { url: `${url}/hook` },
        otel: { url },
        syslog: `tcp://127.0.0.1:${(syslog.address() as AddressInfo).port}`,
      },
    },
  });
  const client = given.client({ name: said(plant('name of the client')), version: said(plant('version of the client')) });
  const call = (tool: string, args: Record<string, unknown>) => given.call(tool, args, { client }).catch(() => undefined);

  const nested = plant('nested arguments');
  await call('read', { path: 'a', deep: { list: [{ of: said(nested) }, nested], more: { headers: nested } } });
  const keys = plant('keys of the arguments');
  await call('read', { path: 'a', ...Object.fromEntries(Object.values(keys).map((key) => [key, { [key]: [key] }])) });
  await call('fails', Object.fromEntries(Object.values(keys).map((key) => [key, key])));
  const headers = plant('headers');
  await call('fetch', {
    url: 'https://api.acme.example/x',
    headers: {
      Authorization: `Bearer ${headers.jwt}`,
      Cookie: `sid=${headers.token}`,
      'X-Api-Key': headers.cloud,
      'X-Else': said(headers),
    },
  });
  const link = plant('user and query of a URL');
  for (const wanted of [
    `https://jo:${encodeURIComponent(link.password!)}@api.acme.example/x?access_token=${link.token}&card=${link.card}&mail=${link.mail}`,
    `https://${link.token}@api.acme.example/#${link.coded}`,
    `https://api.acme.example/x?q=${encodeURIComponent(said(link))}`,
    `postgres://jo:${link.password}@db.acme.example/crm`,
  ])
    await call('fetch', { url: wanted });
  const inPath = plant('name: path of a URL');
  for (const part of [inPath.token, inPath.cloud, inPath.jwt, inPath.card])
    await call('fetch', { url: `https://api.acme.example/v1/${part}/x` });
  const file = plant('name: of a file');
  for (const part of [file.token, file.cloud, file.jwt, file.card, `password=${file.password}`]) {
    await call('read', { path: `notes/${part}.md` });
    await call('delete', { path: `${part}/x.md` });
    await call('write', { path: `notes/${part}.md`, content: 'x' });
    await given
      .ask({ calls: [{ tool: 'write', arguments: { path: `notes/${part}.md`, content: 'x' } }] }, { client })
      .catch(() => undefined);
    await given.ask({ scope: `write:files:notes/${part}/**` }, { client }).catch(() => undefined);
  }
  const sql = plant('literals of SQL');
  for (const literal of Object.values(sql)) {
    const quoted = literal.replaceAll("'", "''");
    await call('query', { sql: `SELECT * FROM customers WHERE note = '${quoted}' -- ${literal.replaceAll('\n', ' ')}` });
    await call('query', { sql: `UPDATE customers SET note = '${quoted}' WHERE note = '${quoted}'` });
    await given
      .ask(
        { calls: [{ tool: 'query', arguments: { sql: `UPDATE customers SET note = '${quoted}' WHERE note = '${quoted}'` } }] },
        { client },
      )
      .catch(() => undefined);
  }
  const body = plant('content that is asked for');
  const write = { tool: 'write', arguments: { path: 'b', content: said(body) } };
  const why = plant('justification');
  await given.ask({ justification: said(why), calls: [write] }, { client });
  await call('write', write.arguments);
  const scripts = plant('justification in other scripts');
  await given.ask({
    justification: `пароль: ${scripts.password} 暗号は${scripts.token}です ${wide(scripts.card!)} هاتف ${scripts.phone} ${scripts.mail} ${scripts.ssn} ${scripts.cloud}、${scripts.jwt}`,
    calls: [{ tool: 'write', arguments: { path: 'c', content: 'x' } }],
  });
  planted.push({ way: 'justification in other scripts', kind: 'wide card', value: wide(scripts.card!) });
  for (const tool of ['fails', 'dies', 'described', `t_${named.token}`, `no-such-${plant('name: of a tool nobody has').token}`]) {
    await call(tool, { x: 1 });
    await given.ask({ calls: [{ tool, arguments: { x: 1 } }] }, { client }).catch(() => undefined);
    await call(tool, { x: 1 });
  }
  given.redefine('odd', { ...odd, described: { description: said(nowDescribed) }, [`n_${nowDescribed.token}`]: {} });
  await call('described', { x: 1 });
  const commands = plant('arguments of commands');
  for (const [name, params] of Object.entries({
    'audit.query': { text: said(commands), who: commands.mail, resource: commands.token },
    'audit.why': { id: commands.token },
    deny: { id: `req_${commands.token}`, reason: said(commands) },
    revoke: { id: commands.token },
    lock: { reason: said(commands) },
    unlock: { typed: true },
    [`${commands.token}`]: { [said(commands)]: said(commands) },
  }))
    await given.command(name, params).catch(() => undefined);
  const asked = plant('questions of the agent to the audit');
  await call('audit_query', { text: said(asked).slice(0, 490) });
  await call('audit_query', { why: asked.token });
  await call('audit_query', { when: said(asked).slice(0, 400), who: asked.mail });
  await call('release_grant', { grant_id: asked.token });
  await given.ask({ request_id: asked.token, cancel: true }, { client }).catch(() => undefined);
  expect(given.forwarded.length).toBeGreaterThan(10);
  expect(given.questions.length).toBeGreaterThan(3);
  await given.close({ keep: true });

  const texts = [
    ...filesBelow(join(given.folder, 'state')).map((path) => ({
      where: path.slice(given.folder.length),
      text: readFileSync(path, 'latin1'),
    })),
    { where: 'what was sent', text: sent.join('') },
    { where: 'the log of the guard', text: logged.join('\n') },
  ];
  expect(sent.join('').length).toBeGreaterThan(10_000);
  rmSync(given.folder, { recursive: true, force: true });
  const spelled = ({ value }: { value: string }) => [
    value,
    value.replaceAll(' ', ''),
    encodeURIComponent(value),
    Buffer.from(value).toString('latin1'),
  ];
  const leaks = texts.flatMap(({ where, text }) =>
    planted
      .filter((one) => spelled(one).some((form) => text.includes(form)))
      .map(({ way, kind, value }) => `${kind} by ${way} in ${where}: …${around(text, value)}…`),
  );
  expect(leaks).toEqual([]);
}, 60_000);

/** Digits as wide characters, which readers see as the same number. */
function wide(digits: string): string {
  return digits.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
}

function around(text: string, value: string): string {
  const at = text.indexOf(value);
  return text.slice(Math.max(0, at - 60), at + value.length + 10);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path);
    return found.isDirectory() ? filesBelow(path) : found.isFile() ? [path] : [];
  });
}
