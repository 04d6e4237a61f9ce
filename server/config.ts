// mcp.json: the servers we wrap, in the form clients already use, and our own settings under `perimeter`.
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { isZone } from '../policies/durations.ts';
import { check, closed, duration } from '../policies/shape.ts';
import { closest, formatProblem, type Place, type Problem, partOf, type Source, suggestion } from '../policies/source.ts';
import { clientSettings } from './client-settings.ts';
import { readJsonc } from './jsonc.ts';
import { packageRoot } from './package-root.ts';
import type { ServerEntry } from './ports.ts';

/** mcp.json as the rest of the server uses it: paths absolute, durations in milliseconds, defaults filled in. */
export type Config = {
  /** mcp.json itself, and its folder. */
  file: string;
  folder: string;
  entries: ServerEntry[];
  agent: string;
  user: { name: string; role: string };
  /** Folder of the user's policies; absent: the bundled rules hold. */
  policies?: string;
  state: string;
  prefix: 'auto' | 'none' | 'always';
  /** IANA name. */
  timezone: string;
  session: { login: 'implicit' | 'required'; for: number; survive_restart: boolean };
  channels: { min_answer: number };
  /** `copy`: the second place for checkpoints. */
  audit: { copy?: string };
  /** Absolute paths that no tool reads or writes. */
  protected: string[];
  /** Worth telling, and no reason to stop, as `file:line: message`. */
  warnings: string[];
};

/** mcp.json can't be used as it is. The message has one line for each problem and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  constructor(message: string, problems: readonly Problem[] = []) {
    super(message);
    this.problems = problems;
  }
}

const HOUR = 3_600_000;
const FIRST_STEP = 'write one with `{ "mcpServers": { … } }`, or let `perimeter init` make it';
const SERVER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]|_(?!_)){0,63}$/;
const NOT_YET = 'is not built yet; leave it off';
/** A key of the documentation whose part does not exist so far: better an error than a setting that does nothing. */
const notYet = (name: string) => z.custom(() => false, { error: `\`${name}\` ${NOT_YET}` }).exactOptional();

const text = z.string().min(1);
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
  channels: closed({ min_answer: duration.exactOptional() }).prefault({}),
  audit: closed({ copy: text.exactOptional() }).prefault({}),
  context: closed({ vpn: notYet('context.vpn'), presence: notYet('context.presence') }).exactOptional(),
  http: notYet('http'),
});
type Settings = z.output<typeof settings>;

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

/** Reads mcp.json. `env` gives the values of `${NAME}`, `PERIMETER_STATE` and the home folder. Throws ConfigError. */
export function loadConfig(file: string, env: Readonly<Record<string, string | undefined>>): Config {
  const path = resolve(file);
  const source = readSource(path);
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const folder = dirname(path);
  const top = topOf(source, problems, warnings);
  const servers = expandedServers(top.mcpServers, source, env, problems, warnings, folder);
  const own = readSettings(top.perimeter, source, env, problems);
  if (problems.length > 0 || own === undefined) throw new ConfigError(problems.map(formatProblem).join('\n'), problems);
  const state =
    env.PERIMETER_STATE === undefined || env.PERIMETER_STATE === '' ? resolve(folder, own.state) : resolve(env.PERIMETER_STATE);
  const policies = own.policies === undefined ? undefined : resolve(folder, own.policies);
  const installed = packageRoot();
  const home = env.HOME ?? env.USERPROFILE ?? homedir();
  return {
    file: path,
    folder,
    entries: servers,
    agent: own.agent,
    user: { name: own.user.name ?? accountName(), role: own.user.role ?? 'user' },
    ...(policies === undefined ? {} : { policies }),
    state,
    prefix: own.prefix,
    timezone: own.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    session: { login: own.session.login, for: own.session.for ?? 8 * HOUR, survive_restart: own.session.survive_restart },
    channels: { min_answer: own.channels.min_answer ?? 500 },
    audit: own.audit.copy === undefined ? {} : { copy: resolve(folder, own.audit.copy) },
    protected: [
      path,
      ...(policies === undefined ? [] : [policies]),
      state,
      ...(own.audit.copy === undefined ? [] : [resolve(folder, own.audit.copy)]),
      join(installed, 'dist'),
      join(installed, 'policies'),
      ...clientSettings(home, folder),
    ],
    warnings: warnings.map(formatProblem),
  };
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

function topOf(
  source: Source,
  problems: Problem[],
  warnings: Problem[],
): { mcpServers: Record<string, unknown>; perimeter: unknown } {
  const top = source.value;
  if (!isMap(top)) {
    problems.push({ file: source.file, line: 1, message: `this is no map of settings; ${FIRST_STEP}` });
    return { mcpServers: {}, perimeter: undefined };
  }
  for (const key of Object.keys(top)) {
    if (['mcpServers', 'perimeter', '$schema'].includes(key)) continue;
    const near = closest(key, ['mcpServers', 'perimeter']);
    const meant = near !== undefined ? near : key === 'servers' && top.mcpServers === undefined ? 'mcpServers' : undefined;
    const line = source.line([key]);
    if (meant === undefined) warnings.push({ file: source.file, line, message: `\`${key}\` means nothing here` });
    else problems.push({ file: source.file, line, message: `unknown key \`${key}\`; did you mean \`${meant}\`?` });
  }
  const servers = top.mcpServers;
  if (isMap(servers)) return { mcpServers: servers, perimeter: top.perimeter };
  const message =
    servers === undefined ? `\`mcpServers\` is missing; ${FIRST_STEP}` : '`mcpServers` must be a map from names to servers';
  problems.push({ file: source.file, line: source.line(['mcpServers']), message });
  return { mcpServers: {}, perimeter: top.perimeter };
}

function readSettings(
  written: unknown,
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): Settings | undefined {
  const place = ['perimeter'];
  const value = expand(written ?? {}, place, source, env, problems);
  const at = (path: Place) => source.line([...place, ...path]);
  const result = check(settings, { file: source.file, value, line: at, at: (path) => `${source.file}:${at(path)}` });
  problems.push(...result.problems);
  return result.value;
}

function expandedServers(
  written: Record<string, unknown>,
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
  warnings: Problem[],
  folder: string,
): ServerEntry[] {
  const entries: ServerEntry[] = [];
  for (const [name, value] of Object.entries(written)) {
    const place = ['mcpServers', name];
    const complain = (message: string, path: Place = place) =>
      problems.push({ file: source.file, line: source.line(path), message });
    if (!SERVER_NAME.test(name))
      complain(`\`${name}\` can't be part of a tool's name; use up to 64 letters, digits and . - or a single _`);
    if (!isMap(value) || value.disabled === true) {
      if (!isMap(value)) complain(`\`${name}\` must be a map with \`command\` or \`url\``);
      continue;
    }
    for (const key of Object.keys(value).filter((one) => !ENTRY_KEYS.includes(one))) {
      const near = closest(key, ENTRY_KEYS);
      const message = `\`${key}\` means nothing here${near === undefined ? '' : `; did you mean \`${near}\`?`}`;
      warnings.push({ file: source.file, line: source.line([...place, key]), message });
    }
    const expanded = { ...partOf(source, place), value: expand(value, place, source, env, problems) };
    const result = check(entry, expanded);
    problems.push(...result.problems);
    if (result.value !== undefined) entries.push(...entryOf(name, result.value, folder, complain));
  }
  return entries;
}

function entryOf(
  name: string,
  written: z.output<typeof entry>,
  folder: string,
  complain: (message: string) => void,
): ServerEntry[] {
  const { command, args, env, cwd, url, headers, type } = written;
  if (command !== undefined && url !== undefined) complain(`\`${name}\` has both \`command\` and \`url\`; keep one of them`);
  else if (command === undefined && url === undefined)
    complain(`\`${name}\` has neither \`command\` nor \`url\`; say how to reach it`);
  else if (command === undefined && type === 'stdio')
    complain(`\`${name}\` says \`stdio\` and has a \`url\`; leave \`type\` off`);
  if (command !== undefined) {
    return [
      {
        name,
        command: /^\.\.?[\\/]/.test(command) ? resolve(folder, command) : command,
        args: args ?? [],
        env: env ?? {},
        cwd: resolve(folder, cwd ?? '.'),
        identity: written.perimeter?.identity ?? 'full',
      },
    ];
  }
  return url === undefined ? [] : [{ name, url, headers: headers ?? {}, identity: written.perimeter?.identity ?? 'agent' }];
}

/** Puts the environment's values in place of `${NAME}`. Their text never stands in a message: it may be a secret. */
function expand(
  value: unknown,
  place: Place,
  source: Source,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => expand(item, [...place, index], source, env, problems));
  if (isMap(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(item, [...place, key], source, env, problems)]),
    );
  if (typeof value !== 'string') return value;
  const complain = (message: string) => problems.push({ file: source.file, line: source.line(place), message });
  return value.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    if (/^(env|input):/.test(name))
      complain(
        `\`${whole}\` is not understood; write \`\${${name.slice(name.indexOf(':') + 1)}}\` for a value from the environment`,
      );
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return whole;
    const known = env[name];
    if (known === undefined)
      complain(`\`${whole}\` is not set; set the environment variable ${name} before you start${suggestionFor(name, env)}`);
    return known ?? '';
  });
}

function suggestionFor(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const near = closest(name, Object.keys(env));
  return near === undefined ? '' : suggestion(name, [near]);
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'user';
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
