// The folder of .ics files: each file a calendar, found, read, and changed only if it is still what was read.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type ICAL from 'ical.js';
import { createFile, readPlainFile, replaceFile, UnfitFile } from '../durable.ts';
import { ToolProblem } from '../serve.ts';
import { fileZones } from './filezones.ts';
import { BrokenIcs, emptyIcs, type Ics, parseIcs, type Splice, spliceIcs } from './ics.ts';
import { BrokenEvent, type Override, readItem, readOverride, type Series, type ZoneLookup } from './series.ts';
import type { Zone } from './zones.ts';

/** `name` is the file name without `.ics`, the only name a calendar answers to; `title` is what it calls itself. */
export type Calendar = {
  name: string;
  path: string;
  title?: string;
  etag: string;
  ics: Ics;
  zones: ZoneLookup;
  series: Series[];
};

/** Something in a calendar that could not be used, in plain words. */
export type Trouble = { calendar: string; problem: string };

export type Folder = { calendars: Calendar[]; troubles: Trouble[] };

/** Kept small enough that reading everything for one call stays under a second or so. */
const MOST_FILES = 500;
const MOST_FILE_BYTES = 10_000_000;
const MOST_BYTES = 50_000_000;

const EXTENSION = '.ics';
/** Letters of any script, digits, space, and `. _ -`, not starting with a dot: no path, nothing that a shell or a policy would read otherwise. */
const CALENDAR_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M} ._-]{0,99}$/u;

/** Reads every calendar in `dir`. A file that can't be used is reported and left alone. `reader` is the zone of floating times. */
export function readFolder(dir: string, reader: Zone): Folder {
  const calendars: Calendar[] = [];
  const troubles: Trouble[] = [];
  let left = MOST_BYTES;
  for (const file of calendarFiles(dir)) {
    const name = file.slice(0, -EXTENSION.length);
    if (!CALENDAR_NAME.test(name)) {
      troubles.push({
        calendar: name.replace(/[^\w.-]/gu, '?'),
        problem: 'the file has an unusual name: it is left out, rename it',
      });
      continue;
    }
    try {
      const bytes = readPlainFile(join(dir, file), Math.min(left, MOST_FILE_BYTES)).bytes;
      left -= bytes.length;
      const ics = parseIcs(bytes);
      troubles.push(...ics.problems.map((problem) => ({ calendar: name, problem: `${problem}: it is left out` })));
      calendars.push(calendarOf(name, join(dir, file), bytes, ics, reader, troubles));
    } catch (error) {
      if (!(error instanceof BrokenIcs || error instanceof UnfitFile)) throw error;
      troubles.push({ calendar: name, problem: `the file \`${file}\` ${error.message}: it is left out and stays as it is` });
    }
  }
  return { calendars, troubles };
}

/** Changes one calendar, unless its file is no longer what was read. */
export function changeCalendar(calendar: Calendar, splices: readonly Splice[]): void {
  const bytes = spliceIcs(calendar.ics, splices);
  if (bytes.length > MOST_FILE_BYTES)
    throw new ToolProblem(`calendar \`${calendar.name}\` would grow over ${MOST_FILE_BYTES} bytes`);
  replaceFile(calendar.path, bytes, () => {
    if (etagNow(calendar.path) !== calendar.etag) {
      throw new ToolProblem(
        `calendar \`${calendar.name}\` was changed by something else meanwhile, so nothing was written: try again`,
      );
    }
  });
}

/** Makes an empty calendar; fails if there is one of that name. */
export function makeCalendar(dir: string, name: string): void {
  if (!CALENDAR_NAME.test(name))
    throw new ToolProblem(`\`${name.slice(0, 80)}\` is no calendar name: use letters, digits, spaces and \`. _ -\``);
  createFile(join(dir, `${name}${EXTENSION}`), emptyIcs());
}

function calendarOf(name: string, path: string, bytes: Uint8Array, ics: Ics, reader: Zone, troubles: Trouble[]): Calendar {
  const zones = fileZones(ics.calendar);
  const title = ics.calendar.getFirstPropertyValue('x-wr-calname');
  const series = gatherSeries(ics, zones, reader, (problem) => troubles.push({ calendar: name, problem }));
  return { name, path, ...(typeof title === 'string' ? { title } : {}), etag: etagOf(bytes), ics, zones, series };
}

/** Events by UID, exceptions with the event they belong to. A second event of the same UID makes a series of its own. */
function gatherSeries(ics: Ics, zones: ZoneLookup, reader: Zone, trouble: (problem: string) => void): Series[] {
  const masters: Series[] = [];
  const overrides = new Map<string, Override[]>();
  for (const { component } of ics.events) {
    const uid = component.getFirstPropertyValue('uid');
    if (typeof uid !== 'string' || uid === '') {
      trouble('an event has no UID: it is left out');
      continue;
    }
    try {
      if (component.hasProperty('recurrence-id')) {
        overrides.set(uid, [...(overrides.get(uid) ?? []), readOverride(component, zones, reader)]);
      } else masters.push({ uid, master: readItem(component, zones, reader), overrides: [] });
    } catch (error) {
      if (!(error instanceof BrokenEvent)) throw error;
      trouble(`the event \`${uid.slice(0, 200)}\` ${error.message}: it is left out`);
    }
  }
  for (const series of masters) {
    series.overrides = overrides.get(series.uid) ?? [];
    overrides.delete(series.uid);
  }
  return [...masters, ...[...overrides].map(([uid, alone]) => ({ uid, overrides: alone }))];
}

/** A property's text, or undefined where there is none. */
export function textOf(component: ICAL.Component, property: string): string | undefined {
  const value = component.getFirstPropertyValue(property);
  return value === null || value === undefined || String(value) === '' ? undefined : String(value);
}

function calendarFiles(dir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    throw new ToolProblem('the calendar folder can not be read: check `--dir`');
  }
  const files = names.filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.')).sort();
  if (files.length > MOST_FILES)
    throw new ToolProblem(`the calendar folder has ${files.length} calendars: the most is ${MOST_FILES}`);
  return files;
}

/** Undefined when it is gone or no longer a plain file: then it is not what was read. */
function etagNow(path: string): string | undefined {
  try {
    return etagOf(readPlainFile(path, MOST_FILE_BYTES).bytes);
  } catch {
    return undefined;
  }
}

function etagOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
