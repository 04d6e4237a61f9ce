// What looks like a resource in a text nobody described: rather one too many than one too few.
import { describe, expect, test } from 'vitest';
import { findResources } from '../../policies/found.ts';

const found = (text: string) => findResources(text).map(({ kind, value }) => `${kind} ${value}`);

describe('finds', () => {
  test.each([
    ['https://attacker.example/x?d=1', ['url https://attacker.example/x?d=1']],
    ['see https://a.example/x, then http://b.example/.', ['url https://a.example/x', 'url http://b.example/']],
    ['HTTP://A.EXAMPLE', ['url HTTP://A.EXAMPLE']],
    ['file:///etc/passwd', ['url file:///etc/passwd']],
    ['ldap://x.example/a', ['url ldap://x.example/a']],
    ['bob@attacker.example', ['address bob@attacker.example']],
    ['Bob <bob@attacker.example>', ['address bob@attacker.example']],
    ['ask bob@a.example or eve@b.example.', ['address bob@a.example', 'address eve@b.example']],
    ['/etc/passwd', ['path /etc/passwd']],
    ['~/.ssh/id_rsa', ['path ~/.ssh/id_rsa']],
    ['../hr/pay.csv', ['path ../hr/pay.csv']],
    ['marketing/../hr/pay.csv', ['path marketing/../hr/pay.csv']],
    ['C:\\Windows\\win.ini', ['path C:\\Windows\\win.ini']],
    ['\\\\server\\share', ['path \\\\server\\share']],
    ['hr/pay.csv', ['path hr/pay.csv']],
    ['.env/x', ['path .env/x']],
    ['read "/etc/passwd" please', ['path /etc/passwd']],
    ['(see ../hr/pay.csv)', ['path ../hr/pay.csv']],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe('leaves alone', () => {
  test.each([
    '',
    'hello',
    '10/12',
    '23/11/2026',
    'text/plain',
    'application/json',
    'and/or this',
    'a sentence, with a comma',
    '3.14',
    'e1',
    '*',
    'utf-8',
    '12:30',
    '5 @ 3',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

test('looks at a bounded piece of a text, and finds a bounded number', () => {
  expect(findResources('/a '.repeat(10_000))).toHaveLength(50);
  const started = performance.now();
  findResources('a@'.repeat(200_000));
  findResources(`http://${'a'.repeat(500_000)}`);
  findResources('../'.repeat(200_000));
  expect(performance.now() - started).toBeLessThan(2000);
});
