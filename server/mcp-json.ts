// The text of mcp.json: the servers in the form clients already use, and our settings under `perimeter`, all mistakes at once.
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import * as z from 'zod';
import { isZone } from '../policies/durations.ts';
import { check, closed, duration } from '../policies/shape.ts';
import { closest, formatProblem, isMap, type Place, type Problem, type Source } from '../policies/source.ts';
import { auditSettings } from './audit/settings.ts';
import { keyOf, MIN_SECRET_BYTES } from './channels/signed.ts';
import { contextSettings } from './context/settings.ts';
import { impactSettings } from './impact-settings.ts';
import { readJsonc } from './jsonc.ts';
import type { ServerEntry } from './ports.ts';
import { isPrivateWay } from './private-way.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** mcp.json can't be used as it is. The message has one line for each problem and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  constructor(message: string, problems: readonly Problem[] = []) {
    super(message);
    this.problems = problems;
  }
}

const FIRST_STEP = 'write one with `{ "mcpServers": { … } }`, or let `perimeter init` make it';
const SERVER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]|_(?!_)){0,63}$/;
const NOT_YET = 'is not built yet; leave it off';
/** A key of the documentation whose part does not exist so far: better an error than a setting that does nothing. */
const notYet = (name: string) => z.custom(() => false, { error: `\`${name}\` ${NOT_YET}` }).exactOptional();

const text = z.string().min(1);
/** A secret of a webhook, or of somebody who answers: `whsec_` and base64, or any text. */
const secret = text.refine((value) => keyOf(value).length >= MIN_SECRET_BYTES, {
  error: `a secret has at least ${MIN_SECRET_BYTES} bytes; make one with \`openssl rand -base64 32\` and name it as \`\${NAME}\``,
});
const webhook = closed({
  url: text.refine(isPrivateWay, { error: '`url` must start with `https://`, or be `http://` on this machine' }),
  secret,
  answers: z
    .record(text.regex(/^[\w@.+-]{1,128}$/, { error: 'the name of an approver is letters, digits and @ . _ + -' }), secret)
    .default({}),
}).refine((hook) => new Set([hook.secret, ...Object.values(hook.answers)]).size === Object.keys(hook.answers).length + 1, {
  error: 'every secret of a webhook is used once; who shares one can answer as the other',
});

const settings = closed({
  agent: text
    .regex(/^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$/, { error: 'an agent id is letters, digits and @ . _ + -' })
    .default('agent'),
  user: closed({ name: text.exactOptional(), role: text.exactOptional() }).default({}),
  policies: text.exactOptional(),
  state: text.default('./.perimeter'),
  store: notYet('store'),
  prefix: z.enum(['auto', 'none', 'always']).default('auto'),
  timezone: z
    .string()
    .refine(isZone, {
      error: (issue) => `\`${String(issue.input)}\` is no time zone; use an IANA name such as \`Europe/Berlin\``,
    })
    .exactOptional(),
  session: closed({
    login: z.enum(['implicit', 'required']).default('implicit'),
    for: duration.exactOptional(),
    survive_restart: z.boolean().default(false),
  }).prefault({}),
  channels: closed({
    min_answer: duration.exactOptional(),
    desktop: z.boolean().default(true),
    webhook: webhook.exactOptional(),
  }).prefault({}),
  console: z
    .union([z.literal(false), closed({ port: z.int().min(1_024).max(65_535).exactOptional() })], {
      error: '`console` is `false`, or a map such as `{ "port": 7373 }` with a port from 1024 to 65535',
    })
    .default({}),
  audit: auditSettings.prefault({}),
  context: contextSettings.prefault({}),
  impact: impactSettings.prefault({}),
  http: notYet('http'),
});
export type Settings = z.output<typeof settings>;

const texts = z.record(z.string(), z.string());
const entry = z.looseObject({
  command: text.exactOptional(),
  args: z.array(z.string()).exactOptional(),
  env: texts.exactOptional(),
  cwd: text.exactOptional(),
  url: z.url({ protocol: /^https?$/, error: '`url` must start with `https://` or `http://`' }).exactOptional(),
  headers: texts.exactOptional(),
  type: z.enum(['stdio', 'http', 'streamable-http', 'streamableHttp']).exactOptional(),
  disabled: z.boolean().exactOptional(),
  perimeter: closed({ identity: z.enum(['full', 'agent', 'none']).exactOptional() }).exactOptional(),
});
const ENTRY_KEYS = Object.keys(entry.shape);

/** Reads the file at an absolute path. Throws ConfigError with all that is wrong. */
export function readMcpJson(path: string, env: Env): { entries: ServerEntry[]; own: Settings; warnings: Problem[] } {
  return new Reader(readSource(path), env, dirname(path)).read();
}

function readSource(path: string): Source {
  const name = basename(path);
  let written: string;
  try {
    written = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT') throw new ConfigError(`there is no \`${path}\`; ${FIRST_STEP}, or name another with --config`);
    if (code === 'EISDIR') throw new ConfigError(`\`${path}\` is a folder; name the file in it with --config`);
    throw new ConfigError(`\`${path}\` can't be read (${code}); see that you may read it`);
  }
  if (written.trim() === '') throw new ConfigError(`${name}:1: the file is empty; ${FIRST_STEP}`);
  const { source, problems } = readJsonc(written, name);
  if (source === undefined) throw new ConfigError(problems.map(formatProblem).join('\n'), problems);
  return source;
}

/** Reads the parts of one file; lives for one load. */
class Reader {
  readonly #source: Source;
  readonly #env: Env;
  readonly #folder: string;
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  /** Values taken from the environment, with their names: they may be secrets, so no message shows them. */
  readonly #taken = new Map<string, string>();

  constructor(source: Source, env: Env, folder: string) {
    this.#source = source;
    this.#env = env;
    this.#folder = folder;
  }

  read(): { entries: ServerEntry[]; own: Settings; warnings: Problem[] } {
    const { servers, perimeter } = this.#top();
    const entries = Object.entries(servers).flatMap(([name, value]) => this.#server(name, value));
    const own = this.#check(settings, perimeter ?? {}, ['perimeter']);
    if (own === undefined || this.#problems.length > 0) {
      const problems = this.#problems
        .map((problem) => ({ ...problem, message: this.#masked(problem.message) }))
        .sort((a, b) => a.line - b.line);
      throw new ConfigError(problems.map(formatProblem).join('\n'), problems);
    }
    return { entries, own, warnings: this.#warnings };
  }

  #problem(path: Place, message: string): void {
    this.#problems.push({ file: this.#source.file, line: this.#source.line(path), message });
  }

  #warning(path: Place, message: string): void {
    this.#warnings.push({ file: this.#source.file, line: this.#source.line(path), message });
  }

  #top(): { servers: Record<string, unknown>; perimeter: unknown } {
    const top = this.#source.value;
    if (!isMap(top)) {
      this.#problem([], `this is no map of settings; ${FIRST_STEP}`);
      return { servers: {}, perimeter: undefined };
    }
    for (const key of Object.keys(top)) {
      if (['mcpServers', 'perimeter', '$schema'].includes(key)) continue;
      const near = closest(key, ['mcpServers', 'perimeter']) ?? (key === 'servers' ? 'mcpServers' : undefined);
      if (near === undefined) this.#warning([key], `\`${key}\` means nothing here`);
      else this.#problem([key], `unknown key \`${key}\`; did you mean \`${near}\`?`);
    }
    const servers = top.mcpServers;
    if (isMap(servers)) return { servers, perimeter: top.perimeter };
    const message =
      servers === undefined ? `\`mcpServers\` is missing; ${FIRST_STEP}` : '`mcpServers` must be a map from names to servers';
    this.#problem(['mcpServers'], message);
    return { servers: {}, perimeter: top.perimeter };
  }

  #server(name: string, value: unknown): ServerEntry[] {
    const place = ['mcpServers', name];
    if (!SERVER_NAME.test(name))
      this.#problem(place, `\`${name}\` can't be part of a tool's name; use up to 64 letters, digits and . - or a single _`);
    if (!isMap(value)) {
      this.#problem(place, `\`${name}\` must be a map with \`command\` or \`url\``);
      return [];
    }
    if (value.disabled === true) return [];
    for (const key of Object.keys(value).filter((one) => !ENTRY_KEYS.includes(one))) {
      const near = closest(key, ENTRY_KEYS);
      this.#warning([...place, key], `\`${key}\` means nothing here${near === undefined ? '' : `; did you mean \`${near}\`?`}`);
    }
    const written = this.#check(entry, value, place);
    if (written === undefined) return [];
    const fault = faultOf(name, written);
    if (fault !== undefined) this.#problem(place, fault);
    return entryOf(name, written, this.#folder);
  }

  #check<Schema extends z.ZodType>(schema: Schema, written: unknown, place: Place): z.output<Schema> | undefined {
    const value = this.#expand(written, place);
    const line = (path: Place) => this.#source.line([...place, ...path]);
    const result = check(schema, { file: this.#source.file, value, line, at: (path) => `${this.#source.file}:${line(path)}` });
    this.#problems.push(...result.problems);
    return result.value;
  }

  /** Puts the environment's values in place of `${NAME}`, in all texts of a part. */
  #expand(value: unknown, place: Place): unknown {
    if (Array.isArray(value)) return value.map((item, index) => this.#expand(item, [...place, index]));
    if (isMap(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#expand(item, [...place, key])]));
    return typeof value === 'string'
      ? value.replace(/\$\{([^}]*)\}/g, (whole, name: string) => this.#fromEnvironment(whole, name, place))
      : value;
  }

  #fromEnvironment(whole: string, name: string, place: Place): string {
    if (/^(env|input):/.test(name)) {
      this.#problem(
        place,
        `\`${whole}\` is not understood; write \`\${${name.slice(name.indexOf(':') + 1)}}\` for a value from the environment`,
      );
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return whole;
    const known = this.#env[name];
    if (known !== undefined) {
      this.#taken.set(known, name);
      return known;
    }
    const near = closest(name, Object.keys(this.#env));
    const hint = near === undefined ? '' : `; did you mean \`${near}\`?`;
    this.#problem(place, `\`${whole}\` is not set; set the environment variable ${name} before you start${hint}`);
    // a text of its own, so that the empty value is no second problem
    return whole;
  }

  #masked(message: string): string {
    return [...this.#taken].reduce(
      (text, [value, name]) => (value.length < 3 ? text : text.replaceAll(value, `\${${name}}`)),
      message,
    );
  }
}

function faultOf(name: string, { command, url, type }: z.output<typeof entry>): string | undefined {
  if (command !== undefined && url !== undefined) return `\`${name}\` has both \`command\` and \`url\`; keep one of them`;
  if (command === undefined && url === undefined) return `\`${name}\` has neither \`command\` nor \`url\`; say how to reach it`;
  return url !== undefined && type === 'stdio' ? `\`${name}\` says \`stdio\` and has a \`url\`; leave \`type\` off` : undefined;
}

function entryOf(name: string, written: z.output<typeof entry>, folder: string): ServerEntry[] {
  const { command, args, env, cwd, url, headers } = written;
  const identity = written.perimeter?.identity;
  if (url !== undefined) return [{ name, url, headers: headers ?? {}, identity: identity ?? 'agent' }];
  if (command === undefined) return [];
  const program = /^\.\.?[\\/]/.test(command) ? resolve(folder, command) : command;
  return [
    { name, command: program, args: args ?? [], env: env ?? {}, cwd: resolve(folder, cwd ?? '.'), identity: identity ?? 'full' },
  ];
}
