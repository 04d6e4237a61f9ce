// A whole guard fed with secrets and personal data, by every way they can come in: none of them is in any file that it wrote.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { world, yes } from '../../world.ts';

const SECRETS = {
  password: 'hunter2-correct-horse',
  cloudKey: 'AKIAIOSFODNN7EXAMPLE',
  token: 'ghp_0123456789abcdefABCDEF0123456789abcd',
  card: '4111 1111 1111 1111',
  iban: 'DE89 3704 0044 0532 0130 00',
  mail: 'kari.nordmann@private.example',
  phone: '+47 912 34 567',
  ssn: '123-45-6789',
  content: 'Kari earns 912345 crowns and is on sick leave',
};
const ALL = Object.values(SECRETS);
const PROSE = `password=${SECRETS.password}, key ${SECRETS.cloudKey}, token ${SECRETS.token}, card ${SECRETS.card}, account ${SECRETS.iban}, write to ${SECRETS.mail} or ${SECRETS.phone}, ssn ${SECRETS.ssn}`;

// Risk would refuse most of what follows, and the more is let through, the more there is to keep quiet about.
const RULES = `version: 1
risk: { responses: { medium: watch, high: watch, critical: watch } }
rules:
  - { id: reading, why: "reading is fine; password=${SECRETS.password}", effect: allow, scope: read:files:notes/** }
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files:notes/** }
  - { id: no, why: never, effect: deny, scope: delete:files }
`;
const BINDING = `
server: files
root: ./files
tools:
  read: { does: read:files, resource: { path: path } }
  write: { does: write:files, resource: { path: path }, facts: { body: content } }
  delete: { does: delete:files, resource: { path: path } }
`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** A file's text. An address that is written to is the name of what is touched, and names stand as they are: only there it may be. */
function withoutNames(path: string): string {
  const text = readFileSync(path, 'latin1');
  if (!path.endsWith('.jsonl')) return text;
  const lines = text.split('\n').filter(Boolean);
  return lines
    .map((line) => {
      const { action, resource, actions, scope, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return `${JSON.stringify(rest)}${JSON.stringify({ action, resource, actions, scope }).replaceAll(SECRETS.mail, '')}`;
    })
    .join('\n');
}

describe('a guard that is fed with secrets', () => {
  it('writes none of them to any of its files', async () => {
    const answer = { content: [{ type: 'text', text: `${PROSE} ${SECRETS.content}` }] };
    const made = await world({
      rules: RULES,
      bindings: BINDING,
      human: () => ({ ...yes('approve'), content: { decision: 'approve', note: PROSE } }),
      servers: {
        files: {
          ...{ read: { run: () => answer }, write: { run: () => answer }, delete: {} },
          odd: { description: PROSE, run: () => ({ ...answer, isError: true }) },
        },
      },
    });
    const content = `${PROSE} ${SECRETS.content}`;
    await made.call('read', { path: 'notes/a.md', password: SECRETS.password, note: content });
    await made.call('read', { path: `notes/password=${SECRETS.password}.md` });
    await made.call('read', { path: `notes/${SECRETS.token}.md` });
    await made.call('write', { path: 'notes/a.md', content });
    await made.ask({ justification: PROSE, calls: [{ tool: 'write', arguments: { path: 'notes/a.md', content } }] });
    await made.call('write', { path: 'notes/a.md', content });
    await made.call('delete', { path: 'notes/a.md', why: content });
    await made.call('odd', { [`token=${SECRETS.token}`]: content, api_key: SECRETS.cloudKey });
    await made.call(`no-such-tool-${SECRETS.token}`, { content });
    await made.call('audit_query', { text: PROSE.slice(0, 500) });
    await made.command('deny', { id: `req_${SECRETS.token}`, reason: PROSE }).catch(() => undefined);
    await made.command('audit.why', { id: SECRETS.token }).catch(() => undefined);
    await made.ask({ justification: PROSE, scope: 'write:files:notes/b.md' });
    await made.command('lock', { reason: PROSE });
    await made.command('unlock', { typed: true });
    expect(made.forwarded.length).toBeGreaterThan(1);
    await made.close({ keep: true });

    const written = filesBelow(join(made.folder, 'state'));
    expect(written.length).toBeGreaterThan(5);
    const found = written.flatMap((path) => {
      const text = withoutNames(path);
      return ALL.filter((one) => text.includes(one) || text.includes(one.replaceAll(' ', ''))).map((one) => `${one} in ${path}`);
    });
    if (found.length === 0) rmSync(made.folder, { recursive: true, force: true });
    expect(found).toEqual([]);
  });
});
