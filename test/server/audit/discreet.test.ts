// What reaches the disk: who, what and when as they are; what a person wrote masked; arguments hashed; secrets not at all.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Discretion } from '../../../server/audit/discreet.ts';
import { maskProse } from '../../../server/audit/mask.ts';
import { KEY, newWorld } from './world.ts';

const SECRETS = [
  'hunter2-correct',
  'AKIAIOSFODNN7EXAMPLE',
  'ghp_0123456789abcdefABCDEF0123456789abcd',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  'MIIEpAIBAAKCAQEAn',
  '4111 1111 1111 1111',
  '4111111111111111',
  'DE89370400440532013000',
  'DE89 3704 0044 0532 0130 00',
  'kari.nordmann@private.example',
  '+47 912 34 567',
  '123-45-6789',
  '192.168.17.4',
  'AB1234567',
];
const discretion = new Discretion(KEY);
/** The values that are stored; the JSON beside each is checked to be its own. */
function apply(event: Record<string, unknown>): { members: Record<string, unknown>; redacted: readonly string[] } {
  const { members, redacted } = discretion.apply(event);
  for (const { value, json } of members.values()) expect(json).toBe(JSON.stringify(value));
  return { members: Object.fromEntries([...members].map(([name, { value }]) => [name, value])), redacted };
}

function planted(): string {
  return [
    `password=${SECRETS[0]} and ${SECRETS[1]}, token ${SECRETS[2]}, ${SECRETS[3]}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${SECRETS[4]}\n-----END RSA PRIVATE KEY-----`,
    `card ${SECRETS[5]} or ${SECRETS[6]}, iban ${SECRETS[7]}, ${SECRETS[8]}`,
    `mail ${SECRETS[9]}, call ${SECRETS[10]}, ssn ${SECRETS[11]}, from ${SECRETS[12]}, passport ${SECRETS[13]}`,
  ].join('\n');
}

describe('a run full of planted secrets', () => {
  it('leaves none of them in any file', async () => {
    const { state, dir, open } = await newWorld();
    const copy = join(state, 'copy.txt');
    const log = await open({ copy, maxSegmentBytes: 4000 });
    const text = planted();
    await log.append({ type: 'request.created', justification: text, message: `felix asks. “${text}”`, why: text, reason: text });
    await log.append({
      type: 'call.intent',
      facts: {
        'args.note': text,
        'args.list': [text, SECRETS[6]],
        'body.mentions': [text],
        'url.query': text,
        'args.card': 4111111111111111,
      },
    });
    await log.append({
      type: 'call.intent',
      facts: { 'args.password': SECRETS[0], 'args.deep': { token: SECRETS[2] } },
      invented: text,
      invented_list: [text],
    });
    await log.append({
      type: 'call.intent',
      password: SECRETS[0],
      arguments: { card: SECRETS[6], note: text },
      api_key: SECRETS[1],
    });
    await log.append({
      type: 'call.intent',
      resource: SECRETS[7]!,
      action: `send:money:${SECRETS[7]}`,
      scope: [`send:money:${SECRETS[6]}`],
    });
    await log.append({ type: 'audit.read', filter: { text } });
    await log.append({
      type: 'call.refused',
      tool: `x ${SECRETS[1]} ${SECRETS[3]}`,
      failed: [`password=${SECRETS[0]}`],
      method: `a ${SECRETS[2]}`,
    });
    await log.close();
    for (const folder of [dir, state]) {
      for (const name of await readdir(folder)) {
        if (name === 'audit' || name.startsWith('audit.')) continue;
        const bytes = await readFile(join(folder, name), 'utf8');
        for (const secret of SECRETS) expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false);
      }
    }
  });
});

describe('the classes of fields', () => {
  it('keeps who, what, when and by which rule as they are', () => {
    const event = {
      ...{
        type: 'call.intent',
        agent_id: 'felix-prod',
        user: 'john@company.com',
        session_id: 's-1',
        action: 'send:email:ann@acme.example',
      },
      ...{
        resource: 'ann@acme.example',
        scope: ['read:files:marketing/**'],
        decision: 'allow',
        rule: 'r',
        rules: ['r', 'risk'],
        where: 'policies/rules/a.yaml:3',
      },
      ...{ actions: [{ action: 'write:database:customers', decision: 'allow', rule: 'customer-writes', grant_id: 'grant_1' }] },
      ...{
        records: { measured: 23, actual: 23 },
        risk: { level: 'low', score: 5, factors: [{ name: 'credentials', points: 5 }] },
        grant_id: 'grant_9Zx-4kQ_abcd',
      },
      ...{
        args_digest: `sha256:${'a'.repeat(64)}`,
        expires_at: '2026-11-17T14:00:00.000Z',
        user_present: true,
        why: 'John works on the campaign',
      },
      ...{
        budget: { uses: 2, records: 23 },
        conditions: { vpn: true, session: 'active' },
        approver: 'john@company.com',
        channel: 'form',
        proof: 'typed',
      },
    };
    expect(apply(event)).toEqual({ members: event, redacted: [] });
  });

  it('keeps facts that are numbers or structure, and hashes those from arguments and content', () => {
    const { members } = apply({
      type: 'call.intent',
      facts: {
        'body.words': 120,
        records: 23,
        path: 'marketing/plan.md',
        'sql.tables': ['customers'],
        'recipients.domains': ['acme.example'],
        'data.classes': ['pii.email'],
        'args.q': 'Kari',
        'args.n': 7,
        'args.q.length': 4,
        'args.dry': true,
      },
    });
    expect(members.facts).toEqual({
      ...{
        'body.words': 120,
        records: 23,
        path: 'marketing/plan.md',
        'sql.tables': ['customers'],
        'recipients.domains': ['acme.example'],
      },
      ...{
        'data.classes': ['pii.email'],
        'args.q': discretion.hash('Kari'),
        'args.n': discretion.hash(7),
        'args.q.length': 4,
        'args.dry': true,
      },
    });
  });

  it('hashes equal values alike, under one key only', () => {
    expect(discretion.hash('Kari')).toBe(discretion.hash('Kari'));
    expect(discretion.hash('Kari')).toMatch(/^hmac:[0-9a-f]{32}$/);
    expect(new Discretion(Buffer.alloc(32, 8)).hash('Kari')).not.toBe(discretion.hash('Kari'));
    expect(() => new Discretion(Buffer.alloc(8))).toThrow('shorter than 16 bytes');
  });

  it('hashes what no list names, and names what it removed', () => {
    const { members, redacted } = apply({
      type: 'x',
      surprise: 'text',
      api_key: 'k',
      facts: { 'args.password': 'p', 'args.ok': 'v' },
      justification: 'password=abc123',
    });
    expect(members.surprise).toBe(discretion.hash('text'));
    expect(members).not.toHaveProperty('api_key');
    expect(members.justification).toBe('password=[secret]');
    expect(redacted).toEqual(['api_key', 'facts.args.password', 'justification']);
  });

  it('keeps a tag of an account number, so that two payments to one account are seen to be that', () => {
    const { members } = apply({
      type: 'x',
      action: 'send:money:DE89370400440532013000',
      resource: 'DE89 3704 0044 0532 0130 00',
    });
    const tag = /\[iban ([0-9a-f]{8})\]/.exec(String(members.action))?.[1];
    expect(members).toMatchObject({ action: `send:money:[iban ${tag}]`, resource: `[iban ${tag}]` });
    expect(discretion.resource('DE89370400440532013000')).toBe(`[iban ${tag}]`);
  });

  it('shows control, bidi and line separator characters instead of writing them', async () => {
    const { dir, open } = await newWorld();
    const log = await open();
    const event = await log.append({
      type: 'call.refused',
      tool: 'a\u2028{"decision":"allow"}',
      resource: 'x\u202ey\u0000',
      justification: 'one\ntwo\u001b[2J\u0085',
    });
    await log.close();
    expect(event.tool).toBe('a\\u{2028}{"decision":"allow"}');
    const [name] = (await readdir(dir)).filter((one) => one.endsWith('.jsonl'));
    const bytes = await readFile(join(dir, name!), 'utf8');
    expect(bytes).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(bytes.split(/\r\n|[\n\r\u2028\u2029\u0085]/).filter(Boolean)).toHaveLength(3);
  });

  it('cuts what is too long between words, and refuses what is too large altogether', () => {
    const { members, redacted } = apply({ type: 'x', justification: `${'word '.repeat(1000)}` });
    expect(String(members.justification).length).toBeLessThan(4200);
    expect(redacted).toEqual(['justification (cut)']);
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`path${index}`, 'x'.repeat(4000)]));
    expect(apply({ type: 'x', facts: { paths: Object.keys(many) }, per_resource: many }).redacted).toContain(
      'per_resource (too large)',
    );
    const unknown = Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`field${index}`, 1]));
    expect(() => apply({ type: 'x', ...unknown })).toThrow('too large');
  });

  it('takes odd names without harm', () => {
    const event = JSON.parse('{"type":"x","__proto__":{"a":1},"constructor":"c","facts":{"__proto__":"p","toString":1}}');
    const { members } = apply(event);
    expect(Object.getPrototypeOf(members)).toBe(Object.prototype);
    expect(Object.hasOwn(members, '__proto__')).toBe(true);
    expect(members.constructor).toBe(discretion.hash('c'));
    expect(JSON.parse(JSON.stringify(members.facts)).toString).toBe(1);
  });
});

describe('masking', () => {
  it('leaves an honest sentence alone', () => {
    for (const text of [
      'Reactivate the 23 dormant customers for the November campaign, ticket CRM-1234, as agreed with Ann Miller on 2026-11-17',
      'felix-prod asks to write database:customers. This will affect 23 records in customers (counted now). Access ends after 30 minutes.',
      'drafts under 500 words that mention no banking words',
      'until 2026-11-17T14:30:00.000Z, grant grant_9Zx-4kQ_abcd, request req_abcdef012345',
    ]) {
      expect(maskProse(text)).toBe(text);
    }
  });

  it('sees a number behind characters that nobody sees', () => {
    expect(maskProse('pay 4111\u200b1111\u200b1111\u200b1111 now')).toBe('pay [card] now');
    expect(maskProse('pay ４１１１１１１１１１１１１１１１ now')).toBe('pay [card] now');
  });

  it('is stable: masking again changes nothing, and no digit run of a phone or card is left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...SECRETS, 'password=', 'Bearer ', ' '), fc.string()), { maxLength: 6 }),
        (parts) => {
          const once = maskProse(parts.join(' '));
          expect(maskProse(once)).toBe(once);
          expect(once).not.toMatch(/\d{7}/);
        },
      ),
      { numRuns: 150 },
    );
  });
});
