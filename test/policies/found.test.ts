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
    ['/', ['path /']],
    ['~', ['path ~']],
    ['C:', ['path C:']],
    ['$HOME', ['path $HOME']],
    ['${PWD}', ['path ${PWD}']],
    ['%USERPROFILE%', ['path %USERPROFILE%']],
    ['..%2fhr%2fpay.csv', ['path ..%2fhr%2fpay.csv']],
    ['%2e%2e%2fhr', ['path %2e%2e%2fhr']],
    ['%252e%252e%252fhr', ['path %252e%252e%252fhr']],
    ['..\uff0fhr', ['path ..\uff0fhr']],
    ['hr\u2215pay.csv', ['path hr\u2215pay.csv']],
    ['{marketing,hr}/pay.csv', ['path {marketing,hr}/pay.csv']],
    ['file:/etc/passwd', ['path file:/etc/passwd', 'path /etc/passwd']],
    ['--output=/etc/passwd', ['path --output=/etc/passwd', 'path /etc/passwd']],
    ['-o=../x', ['path -o=../x', 'path ../x']],
    ['a.md,../hr/pay.csv', ['path a.md,../hr/pay.csv', 'path ../hr/pay.csv']],
    ['a.md:/etc/passwd', ['path /etc/passwd']],
    ['{"path":"/etc/passwd"}', ['path /etc/passwd']],
    ['["a.md","../hr/pay.csv"]', ['path a.md","../hr/pay.csv', 'path ../hr/pay.csv']],
    ['run --into=/srv/hr now', ['path /srv/hr']],
    ['x%00/../y', ['path x%00/../y']],
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
    '$set',
    '$100',
    '100%',
    'a / b',
    'about ~ 5',
    '10%2F12',
    '{"a":1,"b":[2,3]}',
    '<b>bold</b>',
    'key=value',
    '\u00bd',
    'a,b;c|d',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

test('finds a path that is too long to be one until its dots are taken away, and no data that only looks long', () => {
  const way = [
    `/${'a/../'.repeat(1000)}etc/passwd`,
    `/${'./'.repeat(3000)}etc/passwd`,
    `${'/'.repeat(5000)}etc`,
    '%2e%2e%2f'.repeat(600),
  ];
  for (const path of way) expect([path.slice(0, 9), findResources(path).length]).toEqual([path.slice(0, 9), 1]);
  for (const data of [`/9j/${'4AAQSk/Zg+'.repeat(1000)}`, 'a'.repeat(9000)]) expect(found(data)).toEqual([]);
});

test('looks at a bounded piece of a text, and finds a bounded number', () => {
  expect(findResources('/a '.repeat(10_000))).toHaveLength(50);
  const started = performance.now();
  findResources('a@'.repeat(200_000));
  findResources(`http://${'a'.repeat(500_000)}`);
  findResources('../'.repeat(200_000));
  expect(performance.now() - started).toBeLessThan(2000);
});
