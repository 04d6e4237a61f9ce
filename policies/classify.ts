// From a call to its reading: canonical arguments, actions and facts, by the tool's binding or by a careful guess without one.
import { amountOf, classesIn, isBelow, namesGiven, urlFacts, valueFrom } from './argument-facts.ts';
import { findResources } from './found.ts';
import { headerFault } from './headers.ts';
import { calendarDataIn, isCalendarFile, speaksOfCalendar } from './invitations.ts';
import { canonicalForm, pathSelectors, withChanged } from './passed-on.ts';
import type { Reading } from './reading.ts';
import { longestList, pick, pickAll, uncoveredLeaves } from './selectors.ts';
import { readSql } from './sql/index.ts';
import { storageOf, type Volume } from './storage.ts';
import type { Action, Binding, BoundResource, Does, Facts, FactValue, ResourceKind, StorageMarks, ToolBinding } from './types.ts';
import { guessVerb } from './unbound.ts';
import type { Mailbox } from './values/address.ts';
import { isOwn, readAddresses } from './values/address.ts';
import type { CanonicalPath } from './values/path.ts';
import { readPath } from './values/path.ts';
import { countWords } from './values/text.ts';
import { Unreadable } from './values/unreadable.ts';
import type { Url } from './values/url.ts';
import { readUrl } from './values/url.ts';

/** The disk as far as paths need it; the server gives the real one, tests a table. */
export type PathReader = {
  realpath(absolute: string): string;
  isFolder(absolute: string): boolean;
  /** The volume it lies on; without it only names tell. */
  volume?(absolute: string): Volume | undefined;
};

/** A binding made ready for one server: its root is absolute. */
export type BoundServer = { server: string; binding: Binding | undefined; root: string | undefined };

export type CallToRead = {
  server: BoundServer;
  tool: string;
  args: Record<string, unknown>;
  /** The downstream's own definition; absent where none is known. */
  definition?: { inputSchema?: unknown; annotations?: unknown };
  /** The owner's word on storage. */
  storage?: StorageMarks;
};

const STORING: ReadonlySet<string> = new Set(['write', 'create', 'move', 'share', 'execute', 'draft', 'send']);
/** A plain file name, such as `mcp.json`: too common a word to be judged as a path, but no tool may be handed one of the guard's own. */
const FILE_NAME = /^\.?[^\s\p{C}/\\:*?"<>|]{1,250}\.[\p{L}\p{N}]{1,10}$/u;
/** Domains whose tools write lines with a meaning: mail headers (RFC 5322) and properties of events (RFC 5545). */
const WRITTEN_IN_LINES: ReadonlySet<string> = new Set(['email', 'mail', 'calendar', 'invitation']);
/** Verbs by which calendar data reaches people. */
const INVITING: ReadonlySet<string> = new Set(['send', 'draft', 'create', 'write', 'share', 'execute']);
const OUTSIDE_WORDS: ReadonlySet<string> = new Set(['email', 'web', 'mail', 'chat']);

/** Reads a call. Throws Unreadable when an argument has no single safe reading. */
export function classify(call: CallToRead, disk: PathReader): Reading {
  const collector = new Collector(call, disk);
  const tool = ownTool(call.server.binding, call.tool);
  if (tool) collector.bound(tool);
  else collector.guessed();
  return collector.reading();
}

function ownTool(binding: Binding | undefined, tool: string): ToolBinding | undefined {
  return binding && Object.hasOwn(binding.tools, tool) ? binding.tools[tool] : undefined;
}

/** Gathers what one call does; lives for that call only. */
class Collector {
  readonly #call: CallToRead;
  readonly #disk: PathReader;
  readonly #actions: Action[] = [];
  readonly #facts: Facts = {};
  readonly #recipients: Mailbox[] = [];
  readonly #attendees: Mailbox[] = [];
  readonly #urls: Url[] = [];
  readonly #paths: CanonicalPath[] = [];
  readonly #attached: CanonicalPath[] = [];
  /** Plain file names in arguments that no binding covers. */
  readonly #named: CanonicalPath[] = [];
  readonly #uncovered: string[] = [];
  readonly #classes = new Set<string>();
  /** Arguments that say who is meant: an address there is no content that leaks. */
  readonly #addressed: string[] = [];
  #hasRecipients = false;
  #hasAttendees = false;
  #body: string | undefined;
  #unbound = false;
  #destructive = false;
  #sql: Reading['sql'];
  #floor: Reading['floor'];
  /** How each path that was read is passed on. */
  readonly #forms = new Map<string, string>();

  constructor(call: CallToRead, disk: PathReader) {
    this.#call = call;
    this.#disk = disk;
  }

  bound(tool: ToolBinding): void {
    const { args } = this.#call;
    this.#floor = tool.risk;
    if (tool.resource?.kind === 'address') this.#addressed.push(...tool.resource.args);
    this.#addressed.push(...(tool.facts.recipients ?? []), ...(tool.facts.attendees ?? []));
    for (const name of tool.sensitive) this.#classes.add(name);
    const covered = [...tool.ignore, ...(tool.resource?.args ?? []), ...Object.values(tool.facts).flat()];
    if (tool.sql) {
      covered.push(tool.sql.statement);
      this.#statement(tool.sql);
    } else {
      const does = this.#does(tool, covered);
      this.#act(does, tool.resource);
    }
    for (const more of tool.also) {
      if (more.resource?.kind === 'address') this.#addressed.push(...more.resource.args);
      covered.push(...(more.resource?.args ?? []), ...(more.given === undefined ? [] : [more.given]));
      if (more.given === undefined || pick(args, more.given).given) this.#act(more.does, more.resource);
      else if (more.resource?.kind === 'address') this.#noteAddresses(more.does, []);
    }
    this.#boundFacts(tool);
    const main = this.#actions[0];
    this.#scan(covered, main === undefined ? 'execute' : main.verb);
    if (main !== undefined) this.#invitations(main);
  }

  guessed(): void {
    const { definition, tool, server } = this.#call;
    const guess = guessVerb(tool, definition?.inputSchema, definition?.annotations, this.#call.args);
    this.#unbound = true;
    this.#destructive = guess.destructive;
    const name = canonicalText(tool);
    this.#actions.push({
      verb: guess.verb,
      domain: server.server,
      kind: 'text',
      resource: name,
      segments: [tool.normalize('NFC').trim()],
    });
    this.#scan([], guess.verb);
    this.#invitations({ verb: guess.verb, domain: 'mail' });
  }

  reading(): Reading {
    const { args, server, tool } = this.#call;
    const binding = server.binding;
    const own = binding?.own.domains ?? [];
    if (this.#actions.length === 0) throw new Unreadable('it names nothing that it acts on; name it');
    this.#checkHeaders();
    this.#finishFacts();
    const storage = this.#storage();
    this.#facts.destination = this.#destination(own, storage);
    const reading: Reading = {
      server: server.server,
      tool,
      actions: this.#actions,
      facts: this.#facts,
      body: this.#body,
      args,
      own,
      fold: binding?.paths.case === 'insensitive',
      unbound: this.#unbound,
      uncovered: [...new Set(this.#uncovered)],
      destructive:
        this.#destructive ||
        (this.#call.definition?.annotations as Record<string, unknown> | undefined)?.destructiveHint === true,
      untrusted: this.#actions.some(
        (action) => ['read', 'search', 'list'].includes(action.verb) && OUTSIDE_WORDS.has(action.domain),
      ),
      absolutes: [...this.#paths, ...this.#attached, ...this.#named].map((path) => path.absolute),
      ports_here: this.#urls.flatMap(({ here }) => here ?? []),
    };
    if (storage !== undefined) reading.storage = storage;
    if (this.#floor !== undefined) reading.floor = this.#floor;
    if (this.#sql !== undefined) reading.sql = this.#sql;
    const described = ownTool(binding, tool);
    const passed = described && withChanged(args, pathSelectors(described), (path) => this.#forms.get(path) ?? path);
    if (passed !== undefined) reading.passed = passed;
    return reading;
  }

  /** Where something is stored that is not the user's own; what is only read stays where it is. */
  #storage(): string | undefined {
    for (const { verb, absolute, resource = '' } of this.#actions) {
      if (absolute === undefined || !STORING.has(verb)) continue;
      const volume = this.#disk.volume?.(absolute);
      const storage = storageOf({ absolute, text: resource }, this.#os, volume, this.#call.storage);
      if (storage !== undefined) return storage;
    }
    return undefined;
  }

  get #os(): 'posix' | 'windows' {
    return this.#call.server.binding?.paths.os ?? 'posix';
  }

  #does(tool: ToolBinding, covered: string[]): Does {
    if (tool.does === 'sql') throw new Unreadable('the binding says `sql` but names no statement');
    if (!('by' in tool.does)) return tool.does;
    covered.push(tool.does.by);
    const [operation, ...more] = pick(this.#call.args, tool.does.by).values;
    if (more.length > 0 || (operation !== undefined && typeof operation !== 'string'))
      throw new Unreadable(`argument \`${tool.does.by}\` is not one word`);
    const known = operation !== undefined && Object.hasOwn(tool.does.cases, operation) ? tool.does.cases[operation] : undefined;
    return (
      known ??
      tool.does.otherwise ?? { verb: 'execute', domain: Object.values(tool.does.cases)[0]?.domain ?? this.#call.server.server }
    );
  }

  #act(does: Does, resource: BoundResource | undefined): void {
    if (resource === undefined || resource.kind === 'none') {
      this.#actions.push({ ...does, kind: 'none' });
      return;
    }
    const { values, holes } = pickAll(this.#call.args, resource.args);
    const before = this.#actions.length;
    if (resource.kind === 'address') this.#noteAddresses(does, values);
    else if (resource.kind === 'path' && values.length === 0) this.#push(does, 'path', '.');
    else for (const value of values) this.#push(does, resource.kind, value);
    // an element that doesn't say what it is about may be about anything
    if (holes > 0 || this.#actions.length === before) this.#actions.push({ ...does, kind: resource.kind });
  }

  #push(does: Does, kind: ResourceKind, value: unknown): void {
    switch (kind) {
      case 'path':
        for (const path of this.#readPath(value)) {
          this.#paths.push(path);
          this.#actions.push(pathAction(does, path, this.#disk));
        }
        return;
      case 'url': {
        const url = readUrl(text(value, 'an address'));
        this.#urls.push(url);
        this.#actions.push({ ...does, kind, resource: url.resource, segments: url.segments });
        return;
      }
      default: {
        const word = typeof value === 'number' && Number.isFinite(value) ? String(value) : text(value, 'a name');
        const name = word.normalize('NFC').trim();
        if (kind === 'event' && (name === '' || /[*%]/.test(name)))
          throw new Unreadable('an event is named by its uid; a wildcard names no single event');
        this.#actions.push({ ...does, kind, resource: kind === 'text' ? canonicalText(name) : name, segments: [name] });
      }
    }
  }

  #noteAddresses(does: Does, values: readonly unknown[]): void {
    const invitation = does.domain === 'invitation' || does.domain === 'calendar';
    if (invitation) this.#hasAttendees = true;
    else this.#hasRecipients = true;
    const boxes = values.flatMap((value) => readAddresses(value));
    (invitation ? this.#attendees : this.#recipients).push(...boxes);
    for (const box of new Map(boxes.map((one) => [one.address, one])).values()) {
      this.#actions.push({ ...does, kind: 'address', resource: box.address, segments: [box.address], fold: true });
    }
  }

  #readPath(value: unknown): CanonicalPath[] {
    const raw = text(value, 'a path');
    const binding = this.#call.server.binding;
    const root = this.#call.server.root;
    const paths = binding?.paths ?? { os: 'posix', case: 'sensitive' };
    const rules = { root: root ?? (paths.os === 'windows' ? 'C:\\' : '/'), ...paths };
    const read = (path: string) => readPath(path, rules, (absolute) => this.#disk.realpath(absolute));
    const readings = read(raw);
    if (root !== undefined) this.#forms.set(raw, canonicalForm(raw, readings, paths.os, read));
    return readings;
  }

  #statement(sql: NonNullable<ToolBinding['sql']>): void {
    const [statement, ...more] = pick(this.#call.args, sql.statement).values;
    if (typeof statement !== 'string' || more.length > 0) throw new Unreadable(`argument \`${sql.statement}\` is not one text`);
    const read = readSql(statement, sql.dialect);
    for (const { verb, table } of read.actions) {
      const action: Action = { verb, domain: sql.domain, kind: 'table' };
      this.#actions.push(table === undefined ? action : { ...action, resource: table, segments: [table] });
    }
    this.#facts['sql.kind'] = read.kinds;
    this.#facts['sql.statements'] = read.statements;
    this.#facts['sql.tables'] = read.tables;
    this.#facts['sql.columns'] = read.columns;
    this.#sql = { text: statement, dialect: sql.dialect, countable: read.countable };
    if (read.problem !== undefined) this.#sql.problem = read.problem;
    if (!read.kinds.some((kind) => kind !== 'read')) this.#facts.records = 0;
    if (read.kinds.some((kind) => ['delete', 'ddl', 'role', 'program', 'file'].includes(kind))) this.#destructive = true;
  }

  #boundFacts(tool: ToolBinding): void {
    const { args } = this.#call;
    for (const [name, selectors] of Object.entries(tool.facts)) {
      const { values, holes } = pickAll(args, selectors);
      if (name === 'body')
        this.#body = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n');
      else if (name === 'attachments') this.#attachments(values, holes);
      else if (name === 'attendees') this.#noteOnly(values, 'attendees');
      else if (name === 'recipients') this.#noteOnly(values, 'recipients');
      else if (name === 'amount') this.#put('amount', amountOf(values, holes));
      else if (name === 'items' || name === 'events') this.#facts[name] = values.length + holes;
      else if (holes === 0) this.#put(`args.${name}`, valueFrom(values, selectors));
    }
  }

  /** What isn't known stays missing. */
  #put(fact: string, value: FactValue | undefined): void {
    if (value !== undefined) this.#facts[fact] = value;
  }

  #noteOnly(values: readonly unknown[], whom: 'attendees' | 'recipients'): void {
    const boxes = values.flatMap((value) => readAddresses(value));
    if (whom === 'attendees') this.#hasAttendees = true;
    else this.#hasRecipients = true;
    (whom === 'attendees' ? this.#attendees : this.#recipients).push(...boxes);
  }

  /** An attachment is a path, or an object whose `path` mailers read; one that has none comes from a place nobody knows. */
  #attachments(values: readonly unknown[], holes: number): void {
    const places = values.map((value) =>
      typeof value === 'object' && value !== null ? (value as { path?: unknown }).path : value,
    );
    const known = places.filter((place) => place !== undefined);
    this.#attached.push(...known.flatMap((place) => this.#readPath(place)));
    this.#facts.attachments = values.length + holes;
    if (holes === 0 && known.length === places.length)
      this.#facts['attachments.paths'] = [...new Set(this.#attached.map((path) => path.text))];
  }

  /** What no selector covers is looked through; what looks like a resource is one more action of the tool's verb. */
  #scan(covered: readonly string[], verb: Does['verb']): void {
    for (const leaf of uncoveredLeaves(this.#call.args, covered)) {
      if (FILE_NAME.test(leaf.value.trim())) this.#named.push(...this.#readPath(leaf.value.trim()));
      const found = findResources(leaf.value);
      if (found.length > 0) this.#uncovered.push(leaf.path);
      for (const { kind, value } of found) {
        if (kind === 'path') this.#push({ verb, domain: 'files' }, 'path', value);
        else if (kind === 'url') this.#push({ verb, domain: 'web' }, 'url', value);
        // fields of a recipient were read with the recipient
        else if (!isBelow(leaf.path, this.#addressed)) this.#noteAddresses({ verb, domain: 'email' }, [value]);
      }
    }
  }

  /** Calendar data in a mail or for a calendar is an invitation to everybody it names, and brings along what is attached to the event. */
  #invitations({ verb, domain }: Does): void {
    if (!INVITING.has(verb) || !WRITTEN_IN_LINES.has(domain)) return;
    const does: Does = { verb: verb === 'draft' ? 'draft' : 'send', domain: 'invitation' };
    const leaves = uncoveredLeaves(this.#call.args, []);
    const all = leaves.flatMap(({ value }) => calendarDataIn(value) ?? []);
    const unread =
      all.length === 0 &&
      (this.#attached.some(({ text }) => isCalendarFile(text)) || leaves.some(({ value }) => speaksOfCalendar(value)));
    for (const { people, links, inline } of all) {
      if (people.length > 0) this.#noteAddresses(does, people);
      for (const link of links) this.#push({ verb, domain: 'web' }, 'url', link);
      if (links.length + inline > 0) this.#facts.attachments = Number(this.#facts.attachments ?? 0) + links.length + inline;
    }
    // whom it invites is not in the arguments
    if (unread || all.some(({ unnamed }) => unnamed)) {
      this.#hasAttendees = true;
      this.#actions.push({ ...does, kind: 'address' });
    }
  }

  /** What is written into one line of a mail or an event must not bring further lines along. */
  #checkHeaders(): void {
    const inLines = this.#actions.some((action) => WRITTEN_IN_LINES.has(action.domain));
    if (!inLines && !this.#hasRecipients && !this.#hasAttendees) return;
    for (const { path, value } of uncoveredLeaves(this.#call.args, [])) {
      const fault = headerFault(path.split('.').at(-1) ?? '', value);
      if (fault !== undefined) throw new Unreadable(fault);
    }
  }

  #finishFacts(): void {
    const facts = this.#facts;
    const { args } = this.#call;
    facts.args = namesGiven(args);
    facts.items ??= longestList(args);
    const paths = [...new Set(this.#paths.map((path) => path.text))];
    if (paths.length > 0) {
      facts.path = paths.length === 1 ? (paths[0] ?? '') : paths;
      facts.paths = paths;
      const deep = this.#actions.some((action) => action.folder === true && action.verb !== 'list');
      if (!deep) facts.files = paths.length;
    }
    if (this.#body !== undefined) {
      facts['body.words'] = countWords(this.#body);
      if (paths.length > 0) facts.bytes = Buffer.byteLength(this.#body, 'utf8');
    }
    if (this.#hasRecipients) {
      facts.recipients = distinct(this.#recipients.map((box) => box.address)).length;
      facts['recipients.domains'] = distinct(this.#recipients.map((box) => box.domain));
    }
    if (this.#hasAttendees) facts['attendees.domains'] = distinct(this.#attendees.map((box) => box.domain));
    const events = this.#actions.filter((action) => action.kind === 'event' && action.resource !== undefined).length;
    if (events > 0) facts.events ??= events;
    Object.assign(facts, urlFacts(this.#urls));
    facts['data.classes'] = distinct([...this.#classes, ...classesIn(args, this.#addressed)]);
  }

  #destination(own: readonly string[], storage: string | undefined): string {
    const domains = [...this.#recipients, ...this.#attendees].map((box) => box.domain);
    // reading the web is also sending it an address, so a host counts whatever the verb
    const all = [...domains, ...this.#urls.map((url) => url.host)];
    if (storage !== undefined || all.some((domain) => !isOwn(domain, [...own]))) return 'external';
    if (all.length > 0) return 'internal';
    // a reply, or a tool nobody described: it goes somewhere the arguments don't say
    const leaves = this.#actions.some(
      (action) => action.verb === 'send' || action.verb === 'share' || (this.#unbound && action.verb !== 'read'),
    );
    return leaves ? 'unknown' : 'internal';
  }
}

function pathAction(does: Does, path: CanonicalPath, disk: PathReader): Action {
  const action: Action = { ...does, kind: 'path', resource: path.text, segments: path.segments, absolute: path.absolute };
  if (path.outside) action.outside = true;
  if (path.fold) action.fold = true;
  if (disk.isFolder(path.absolute)) action.folder = true;
  return action;
}

/** `: / * #` percent-encoded, and `%` where it could be read as an encoding, so that no two texts share a form. */
function canonicalText(name: string): string {
  return name.replace(/%(?=[0-9a-fA-F]{2})|[:/*#]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string')
    throw new Unreadable(`${what} is expected where there is ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}`);
  return value;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
