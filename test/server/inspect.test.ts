// Results of any size and kind are looked through in bounded time, and what can't be looked through is never clean.
import { describe, expect, test } from 'vitest';
import { inspect } from '../../server/inspect.ts';
import type { ToolResult } from '../../server/ports.ts';

const text = (said: string): ToolResult => ({ content: [{ type: 'text', text: said }] });
const blob = (bytes: Uint8Array): ToolResult => ({
  content: [{ type: 'resource', resource: { uri: 'x://y', blob: Buffer.from(bytes).toString('base64') } }],
});
const found = (result: ToolResult) => inspect(result, []).data;
const IBAN = 'DE89 3704 0044 0532 0130 00';

describe('what is seen', () => {
  test.each([
    ['text', text(`pay to ${IBAN}`)],
    ['structured content', { content: [], structuredContent: { account: IBAN } }],
    ['an embedded resource', { content: [{ type: 'resource', resource: { uri: 'x://y', text: IBAN } }] }],
    ['text that travels as bytes', blob(Buffer.from(`Konto: ${IBAN}`))],
    ['a kind of part nobody knows', { content: [{ type: 'table', rows: [[IBAN]] }] }],
  ] as [string, ToolResult][])('%s', (_what, result) => expect(found(result).classes).toContain('financial.iban'));
  test('what both forms say counts once', () => {
    const people = Array.from({ length: 3 }, (_, index) => `p${index}@acme.example`);
    expect(found({ ...text(people.join('\n')), structuredContent: { people } }).counts['pii.email']).toBe(3);
  });
});

describe('what cannot be looked through is unscanned', () => {
  test.each([
    ['a picture', { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }],
    ['a sound', { content: [{ type: 'audio', data: 'AAAA', mimeType: 'audio/wav' }] }],
    ['bytes', blob(Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]))],
    ['invalid UTF-8', blob(Uint8Array.from([0x61, 0xc3, 0x28, 0xed, 0xa0, 0x80]))],
    ['20 MB', text(`${'nothing here '.repeat(1_600_000)}`)],
    ['20 MB of digits', text('4'.repeat(20_000_000))],
  ] as [string, ToolResult][])('%s', (_what, result) => {
    const before = process.cpuUsage();
    const data = found(result);
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(3);
    expect(data).toMatchObject({ truncated: true });
    expect(data.classes).toContain('unscanned');
  });
  test('half surrogates and controls are read as they are', () =>
    expect(found(text('\ud800\u0000\u0007 4111 1111 1111 1111 \udfff')).classes).toContain('financial.card'));
});
