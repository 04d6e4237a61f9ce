// Line breaks where there is room for one line only.
import { describe, expect, test } from 'vitest';
import { headerFault } from '../../policies/headers.ts';

describe('what would begin another header is refused', () => {
  test.each([
    'Hi\r\nBcc: eve@attacker.example',
    'Hi\nx',
    'Hi\rx',
    'Hi\u2028x',
    'Hi\u0085x',
    'Hi\0x',
    'Hi\r\n folded',
    'Hi%0d%0aBcc: eve@attacker.example',
    'Hi=0D=0ABcc: eve@attacker.example',
    'Hi\\u000aBcc: eve',
    '=?utf-8?B?SGkNCkJjYzogYm9i?=',
    '=?utf-8?q?Hi=0D=0ABcc:_eve?=',
  ])('subject %j', (value) => {
    expect(headerFault('subject', value)).toContain('line break');
  });
  test.each(['Subject', 'from', 'reply_to', 'replyTo', 'in-reply-to', 'X-Mailer', 'message_id'])('in `%s`', (name) => {
    expect(headerFault(name, 'a\nb')).toBeDefined();
  });
});

describe('what would add a property to an event is refused', () => {
  test.each([
    'Sync\r\nATTENDEE:mailto:eve@attacker.example',
    'Room\nattendee;CN=Eve:mailto:eve@attacker.example',
    'x\nEND:VEVENT',
    'x\nX-ALT-DESC:y',
  ])('%j', (value) => {
    expect(headerFault('title', value)).toContain('further property');
    expect(headerFault('location', value)).toBeDefined();
  });
});

test.each([
  ['subject', 'Re: [team] 50% done: plan'],
  ['subject', '=?utf-8?q?Gr=C3=BC=C3=9Fe?='],
  ['subject', 'Deal=20'],
  ['title', 'Lunch\nwith Bo'],
  ['location', 'Room 1\nFloor 2'],
  ['body', 'Hello\nBcc: eve@attacker.example'],
  ['description', 'x\nATTENDEE:y'],
  ['notes', 'a\nb'],
])('%s %j is fine', (name, value) => {
  expect(headerFault(name, value)).toBeUndefined();
});
