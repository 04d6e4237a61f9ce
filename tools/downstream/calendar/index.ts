// `perimeter tool calendar --dir DIR [--zone IANA]`: the calendar server alone, on stdio.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serveBundled, ToolProblem } from '../serve.ts';
import { calendarTools } from './tools.ts';
import { ianaZone } from './zones.ts';

export { calendarTools } from './tools.ts';

const INSTRUCTIONS =
  'Calendars kept as .ics files. Times are ISO 8601; list shows uid and occurrence, which update and delete take.';

/** Starts the server with its command-line options; resolves when stdin closes. `now` is in milliseconds since the epoch. */
export async function start(argv: string[], now: () => number = Date.now): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { dir: { type: 'string' }, zone: { type: 'string' } } });
  if (values.dir === undefined) throw new ToolProblem('say where the calendars are: `--dir DIR`');
  const dir = resolve(values.dir);
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw new ToolProblem(`\`--dir ${values.dir}\` is no folder: make it first`);
  const zone = ianaZone(values.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  await serveBundled({ name: 'calendar', version: '0.1.0', instructions: INSTRUCTIONS }, calendarTools({ dir, zone, now }));
}
