// `perimeter.audit` in mcp.json: what may be set, and what a mistake is told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../server/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'perimeter-audit-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'mcp.json');

function load(audit: unknown) {
  writeFileSync(file, JSON.stringify({ mcpServers: {}, perimeter: { audit } }));
  return loadConfig(file, { HOME: folder, TOKEN: 's3cret' });
}

describe('the settings of the audit', () => {
  it('are read, with values from the environment', () => {
    const headers = { authorization: 'Bearer ${TOKEN}' };
    const { audit } = load({
      ...{ copy: './elsewhere.txt', retain: '7y', syslog: 'tls://logs.example:6514' },
      ...{ webhook: { url: 'https://siem.example/in', headers }, otel: { url: 'http://localhost:4318' } },
    });
    expect(audit).toMatchObject({
      copy: join(folder, 'elsewhere.txt'),
      syslog: 'tls://logs.example:6514',
      otel: { url: 'http://localhost:4318' },
    });
    expect(audit.webhook?.headers).toEqual({ authorization: 'Bearer s3cret' });
    expect(audit.retain).toBe(7 * 366 * 86_400_000);
  });

  it('protect the copy when it is a file, and take an address or the log of the guard as it is', () => {
    expect(load({ copy: './elsewhere.txt' }).protected).toContain(join(folder, 'elsewhere.txt'));
    for (const copy of ['stderr', 'https://witness.example/notes']) expect(load({ copy }).audit.copy).toBe(copy);
  });

  it.each([
    [{ retain: '90' }, 'write days, weeks or years, such as `90d`'],
    [{ retain: '12h' }, 'write days, weeks or years, such as `90d`'],
    [{ retain: 'forever' }, 'write days, weeks or years, such as `90d`'],
    [{ syslog: 'logs.example' }, 'such as `tls://logs.example:6514`'],
    [{ syslog: 'http://logs.example:514' }, 'such as `tls://logs.example:6514`'],
    [{ webhook: { url: 'http://siem.example/in' } }, '`url` must start with `https://`'],
    [{ webhook: 'https://siem.example/in' }, 'webhook'],
    [{ otel: { url: 'https://user:pw@otel.example' } }, '`url` must start with `https://`'],
    [{ otel: { uri: 'https://otel.example' } }, 'did you mean `url`?'],
    [{ copy: 'http://witness.example' }, 'an address that starts with `https://`'],
    [{ copy: 'stdout' }, 'write `stderr`'],
    [{ retian: '90d' }, 'did you mean `retain`?'],
  ])('that are wrong are told: %j', (audit, words) => {
    expect(() => load(audit)).toThrow(words);
  });
});
