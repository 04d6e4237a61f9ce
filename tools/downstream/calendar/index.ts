// The bundled server *calendar*: a folder of .ics files, each a calendar, with recurrences and time zones.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readOptions, UsageProblem } from '../options.ts';
import { type BundledTool, serveBundled } from '../serve.ts';
import type { CalendarOptions } from './plans.ts';
import { readingTools } from './reading.ts';
import { writingTools } from './writing.ts';
import { ianaZone, isZoneName } from './zones.ts';

const USAGE = `usage: perimeter tool calendar --dir DIR [--zone ZONE]
  --dir DIR     the folder of .ics files
  --zone ZONE   IANA zone of answers and of times without an offset (this machine's when left out)`;

const INSTRUCTIONS =
  'Calendars kept as .ics files. Times are ISO 8601; list shows uid and occurrence, which update and delete take.';

/** The server's tools on one folder of calendars. */
export function calendarTools(options: CalendarOptions): BundledTool[] {
  return [...readingTools(options), ...writingTools(options)];
}

/** Serves `calendarTools` on stdio until stdin closes. `now` is in milliseconds since the epoch. Throws UsageProblem on bad options. */
export async function start(argv: string[], now: () => number = Date.now): Promise<void> {
  const options = readOptions(argv, USAGE, { dir: { type: 'string' }, zone: { type: 'string' } });
  if (!options) return;
  if (!options.dir) throw new UsageProblem(`\`--dir\` is missing: name the folder of .ics files\n${USAGE}`);
  const dir = resolve(options.dir);
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageProblem(`\`--dir ${options.dir}\` is no folder: make it first`);
  const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!isZoneName(zone)) throw new UsageProblem(`\`--zone ${zone}\` is no time zone: use an IANA name such as \`Europe/Berlin\``);
  const tools = calendarTools({ dir, zone: ianaZone(zone), now });
  await serveBundled({ name: 'perimeter-calendar', version: '1.0.0', instructions: INSTRUCTIONS }, tools);
}
