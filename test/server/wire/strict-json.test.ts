// One text, one meaning: what the strict parser takes, what it refuses, and the id it can still answer to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idOf, type JsonFault, parseStrict } from '../../../server/wire/strict-json.ts';

type Case = { name: string; expect: 'accept' | 'reject' | 'either'; b64: string };
const suite = JSON.parse(readFileSync(join(import.meta.dirname, '../../cases/json-texts.json'), 'utf8')) as { cases: Case[] };
/** Valid JSON that we refuse on purpose: RFC 8259 lets duplicate names pass, and says that nobody can rely on what they mean. */
const STRICTER = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'];
const fault = (text: string | Uint8Array): JsonFault | undefined => {
  const parsed = parseStrict(text);
  return parsed.ok ? undefined : parsed.fault;
};

describe('the public suite of JSON texts', () => {
  test.each(suite.cases)('$name: $expect', ({ name, expect: wanted, b64 }) => {
    const parsed = parseStrict(Buffer.from(b64, 'base64'));
    if (STRICTER.includes(name)) expect(parsed).toMatchObject({ ok: false, fault: 'duplicate_key' });
    else if (wanted !== 'either') expect(parsed.ok).toBe(wanted === 'accept');
  });
});

describe('what has no single safe reading', () => {
  test.each<[string, JsonFault]>([
    ['{"a":1,"a":1}', 'duplicate_key'],
    ['{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['{"x":[{"b":{},"c":1,"b":[]}]}', 'duplicate_key'],
    ['{"a\u2028":"\u2028\\"","a\u2028":1}', 'duplicate_key'],
    ['{"a":{"__proto__":{"x":1}}}', 'forbidden_key'],
    ['{"\\u005f_proto__":1}', 'forbidden_key'],
    ['{"constructor":{"prototype":{}}}', 'forbidden_key'],
    ['{"prototype":1}', 'forbidden_key'],
    ['{"a":1e400}', 'number'],
    ['[-1e999]', 'number'],
    ['["\\ud800"]', 'surrogate'],
    ['{"\\udc00":1}', 'surrogate'],
    ['["\ud800"]', 'surrogate'],
    ['\ufeff{}', 'encoding'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'depth'],
    ['{"a":'.repeat(100_000), 'depth'],
    ['{} {}', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['{"a":1,}', 'syntax'],
  ])('%.40s is refused as %s', (text, wanted) => {
    expect(fault(text)).toBe(wanted);
    if (wanted !== 'surrogate') expect(fault(Buffer.from(text))).toBe(wanted);
  });

  test('bytes that are not UTF-8 are refused', () => {
    expect(fault(Buffer.from([0x22, 0xff, 0x22]))).toBe('encoding');
    expect(fault(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe('encoding');
    expect(fault(Buffer.from('"x"', 'utf16le'))).toBe('syntax');
  });

  test('strings that only look like keys, levels or numbers are fine', () => {
    const value = { a: '{"a":1,"a":2}', b: ['__proto__', '1e999', '[[[['], c: '\\"', '': { a: 1 }, d: '\\\\' };
    expect(parseStrict(JSON.stringify(value))).toEqual({ ok: true, value });
    expect(parseStrict(`${'['.repeat(64)}${']'.repeat(64)}`).ok).toBe(true);
  });
});

describe('the id of a refused message', () => {
  test.each<[string, unknown]>([
    ['{"jsonrpc":"2.0","id":7,"method":"x","method":"y"}', 7],
    ['{"params":{"a":1,"a":2,"id":3},"id":"b","jsonrpc":"2.0"}', 'b'],
    ['{"id":1,"a":{"__proto__":1},"id":2}', undefined],
    ['{"id":1.5,"a":1,"a":1}', undefined],
    ['{"id":123456789012345678901,"a":1,"a":1}', undefined],
    ['{"x":{"id":1},"a":1,"a":1}', undefined],
    ['{"\\u0069d":4,"a":1,"a":1}', 4],
  ])('%s', (text, id) => {
    const parsed = parseStrict(text);
    expect(parsed.ok ? 'accepted' : parsed.id).toBe(id);
  });

  test('of one that was cut off is known only when the id stands whole', () => {
    expect(idOf('{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"x":"abc')).toBe(12);
    expect(idOf('{"jsonrpc":"2.0","id":12')).toBeUndefined();
    expect(idOf('{"params":{"id":12,"x":"')).toBeUndefined();
  });
});

describe('laws', () => {
  const json = fc.jsonValue({ maxDepth: 6 });
  const safe = json.filter((value) => !/__proto__|constructor|prototype/.test(JSON.stringify(value)));

  test('what JSON.stringify writes is read back the same', () => {
    fc.assert(
      fc.property(safe, (value) => {
        const text = JSON.stringify(value);
        expect(parseStrict(Buffer.from(text))).toEqual({ ok: true, value: JSON.parse(text) });
      }),
      { numRuns: 300 },
    );
  });

  test('a key that is given twice is found, wherever it hides and however it is escaped', () => {
    const escaped = (key: string) =>
      `"${[...Array(key.length).keys()].map((at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
    fc.assert(
      fc.property(safe, fc.string({ unit: 'grapheme', minLength: 1 }), fc.boolean(), (value, key, hidden) => {
        fc.pre(!/__proto__|constructor|prototype/.test(key));
        const again = hidden ? escaped(key) : JSON.stringify(key);
        expect(fault(`[{"x":${JSON.stringify(value)},"y":{${JSON.stringify(key)}:1,"${key.length}z":[{}],${again}:2}}]`)).toBe(
          'duplicate_key',
        );
      }),
      { numRuns: 200 },
    );
  });

  test('any bytes give an answer, and never one that JSON.parse would not give', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const parsed = parseStrict(bytes);
          if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(Buffer.from(bytes).toString()));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('long strings of quotes and backslashes take linear time', () => {
    const started = performance.now();
    for (const piece of ['\\\\', '\\"', '\\\\\\"', '[],', '{} ']) fault(`{"a":"${piece.repeat(500_000)}"}`);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
