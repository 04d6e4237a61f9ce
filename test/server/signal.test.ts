// A session-revoked event from outside, and what is watched: read with care, told at a bounded rate.
import { describe, expect, test } from 'vitest';
import { DEFAULT_RISK } from '../../policies/risk-defaults.ts';
import type { AuditEvent } from '../../server/ports.ts';
import { concerns, readSignal, SignalError } from '../../server/signal.ts';
import { createWatch, inWords, type Watched } from '../../server/watch.ts';
import { fakeClock } from '../world.ts';

const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const event = (more: object = {}, inside: object = {}) =>
  JSON.stringify({
    iss: 'https://idp.example/',
    jti: '24c63fb5',
    iat: 1_600_000_000,
    ...more,
    events: { [REVOKED]: { event_timestamp: 1_600_000_000, ...inside } },
  });

describe('a signal', () => {
  test.each([
    ['the subject beside the event', event({ sub_id: { format: 'email', email: 'John@Company.com' } })],
    [
      'the subject in the event',
      event({}, { subject: { format: 'iss_sub', iss: 'https://idp.example/', sub: 'john@company.com' } }),
    ],
    ['an account', event({ sub_id: { format: 'account', uri: 'acct:john@company.com' } })],
    ['nobody in particular', event()],
  ])('is about us: %s', (_what, text) => expect(concerns(readSignal(text), 'john@company.com')).toBe(true));
  test('is about somebody else', () =>
    expect(concerns(readSignal(event({ sub_id: { format: 'email', email: 'ann@company.com' } })), 'john@company.com')).toBe(
      false,
    ));
  test('says from whom and why', () =>
    expect(readSignal(event({}, { reason_admin: { en: 'landspeed', de: 'zu schnell' } }))).toEqual({
      about: [],
      from: 'https://idp.example/',
      reason: 'landspeed',
    }));
  test.each([
    ['no JSON', 'eyJ0eXAi.eyJpc3Mi.x'],
    ['no event', '{}'],
    [
      'another event',
      JSON.stringify({ events: { 'https://schemas.openid.net/secevent/caep/event-type/device-compliance-change': {} } }),
    ],
    ['a list', '[]'],
    ['very long', `"${'x'.repeat(70_000)}"`],
    ['__proto__', '{"events":{"__proto__":{}}}'],
  ])('is none: %s', (_what, text) => expect(() => readSignal(text)).toThrow(SignalError));
});

describe('watched', () => {
  const call = (level: string, extra: Partial<AuditEvent> = {}) =>
    ({
      type: 'call.intent',
      id: 'evt_1',
      timestamp: '',
      seq: 1,
      prev: '',
      hash: '',
      agent_id: 'felix',
      action: 'read:files:a',
      decision: 'allow',
      risk: { level, score: 30, factors: [{ name: 'pii', points: 30 }] },
      ...extra,
    }) as AuditEvent;
  test('medium and above, at most three a minute, and how many were left out', () => {
    const clock = fakeClock();
    const told: Watched[] = [];
    const watch = createWatch({ clock, policy: () => DEFAULT_RISK, tell: (one) => told.push(one) });
    watch(call('low'));
    watch(call('medium', { type: 'request.created' }));
    for (let index = 0; index < 50; index += 1) watch(call(index % 2 === 0 ? 'medium' : 'critical'));
    expect(told).toHaveLength(3);
    clock.advance(60_000);
    watch(call('high'));
    expect(told).toHaveLength(4);
    expect(told[3]).toMatchObject({ level: 'high', left_out: 47, factors: ['pii 30'] });
  });
  test('its words can do nothing where they are shown', () => {
    const words = inWords({
      level: 'high',
      score: 60,
      factors: ['pii 30'],
      agent: 'felix',
      action: 'read:files:<b>$(rm)\u202e\n`x`',
      decision: 'allow',
      event: 'evt_1',
      left_out: 2,
    });
    expect(words).not.toMatch(/[<>$`\n\u202e]/);
    expect(words).toContain('and 2 more');
  });
});
