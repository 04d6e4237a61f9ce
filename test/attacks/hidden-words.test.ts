// Threat: words that a rule looks for are hidden from it: by invisible characters, look-alikes, HTML, quoting or encodings.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisionOf, type World, world } from '../world.ts';

const RULES = `
  - { id: drafts, why: short drafts are harmless, effect: allow, scope: "draft:email", when: { body.words: { below: 20 }, body.mentions: { none_of: [wire transfer, iban] } }, otherwise: deny }`;
const BINDING =
  'server: mail\ntools:\n  draft: { does: draft:email, resource: { address: [to, cc, bcc] }, facts: { body: [subject, body, html] } }\n';

let open: World;
beforeEach(async () => {
  open = await world({ rules: RULES, bindings: BINDING, servers: { mail: { draft: {} } } });
});
afterEach(() => open.close());
const draft = (fields: Record<string, string>) => open.call('draft', { to: 'ann@acme.example', subject: 'Hi', ...fields });

const HIDDEN: [string, Record<string, string>][] = [
  ['plainly', { body: 'the wire transfer' }],
  ['in capitals', { body: 'the WIRE TRANSFER' }],
  ['across a line', { body: 'the wire\n   transfer' }],
  ['with zero-width characters', { body: 'the w\u200bi\u200dr\ufeffe tra\u2060nsfer' }],
  ['with soft hyphens', { body: 'wi\u00adre trans\u00adfer' }],
  ['with look-alikes of another alphabet', { body: 'w\u0456r\u0435 tr\u0430nsf\u0435r' }],
  ['in full-width letters', { body: '\uff57\uff49\uff52\uff45 \uff54\uff52\uff41\uff4e\uff53\uff46\uff45\uff52' }],
  ['with a no-break space', { body: 'wire\u00a0transfer' }],
  ['with accents on top', { body: 'w\u0301ire tra\u0301nsfer' }],
  ['with bidi controls', { body: 'wire\u202c \u2066transfer\u2069' }],
  ['with tag characters', { body: 'wi\u{e0041}re transfer' }],
  ['split by HTML', { html: 'wi<b></b>re <span style="x">trans</span>fer' }],
  ['with an HTML comment', { html: 'wire<!-- x --> transfer' }],
  ['in HTML entities', { html: '&#119;ire&nbsp;&#x74;ransfer' }],
  ['in the subject', { subject: 'wire transfer', body: 'x' }],
  ['as another list word', { body: 'my I\u200bB\u200bA\u200bN' }],
  ['behind a hyphen', { body: 'wire-transfer' }],
  ['as a run of too many words', { body: 'word '.repeat(20) }],
  ['as many words glued by invisible blanks', { body: Array.from({ length: 30 }, () => 'word').join('\u2063\u2009') }],
];

describe('a forbidden word', () => {
  it.each(HIDDEN)('%s is found', async (_name, fields) => {
    expect(decisionOf(await draft(fields))).toMatchObject({ decision: 'deny', rule: 'drafts' });
    expect(open.forwarded).toEqual([]);
  });

  it('that is part of another is no such word', async () => {
    expect((await draft({ body: 'a hibana and wireless transfers of files' })).isError).toBeUndefined();
  });
});
