// The settings of the audit in mcp.json, under `perimeter.audit`.
import * as z from 'zod';
import { closed } from '../../policies/shape.ts';
import { isPrivateWay } from '../private-way.ts';

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { d: DAY_MS, w: 7 * DAY_MS, y: 366 * DAY_MS };
const MAX_RETAIN_MS = 100 * 366 * DAY_MS;

/** How long events are kept: longer than any permission lasts, so in days, weeks or years. Gives milliseconds. */
const retain = z.string().transform((written, context) => {
  const [, count, unit = ''] = /^(\d{1,5})([dwy])$/.exec(written) ?? [];
  const length = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (length > 0 && length <= MAX_RETAIN_MS) return length;
  context.addIssue({
    code: 'custom',
    message: `\`${written}\` is no time to keep events for; write days, weeks or years, such as \`90d\` or \`7y\``,
  });
  return z.NEVER;
});

const url = z.string().refine(isPrivateWay, { error: '`url` must start with `https://`, or be `http://` on this machine' });
const address = closed({ url, headers: z.record(z.string(), z.string()).exactOptional() });
const copy = z
  .string()
  .min(1)
  .refine((where) => where !== 'stdout', { error: 'stdout belongs to MCP while the guard serves; write `stderr`, its log' })
  .refine((where) => !/^https?:/i.test(where) || isPrivateWay(where), {
    error: '`copy` is the path of a file, `stderr`, or an address that starts with `https://`',
  });

export const auditSettings = closed({
  copy: copy.exactOptional(),
  retain: retain.exactOptional(),
  webhook: address.exactOptional(),
  otel: address.exactOptional(),
  syslog: z
    .string()
    .refine(isSyslog, {
      error: '`syslog` is an address such as `tls://logs.example:6514`, with `udp`, `tcp` or `tls` and a port',
    })
    .exactOptional(),
});

function isSyslog(written: string): boolean {
  if (!URL.canParse(written)) return false;
  const { protocol, hostname, port, pathname, username, password } = new URL(written);
  const bare = username === '' && password === '' && ['', '/'].includes(pathname);
  return bare && ['udp:', 'tcp:', 'tls:'].includes(protocol) && hostname !== '' && port !== '';
}
