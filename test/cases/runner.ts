// Runs labelled cases through `policy check`: each rule set in a folder of its own, with the files and links that its cases speak of.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { judgeLine, openDesk } from '../../server/cli/policy.ts';
import type { CheckAnswer } from '../../server/check.ts';

/** One labelled case, see `how` and `here` in bypass.json. */
export type Case = {
  id: string;
  area: string;
  policyId: string;
  call: { tool?: string; args?: Record<string, unknown> };
  accept: string[];
  why: string;
  /** Only a careful schema can tell this one. */
  schema?: true;
  line?: string;
  /** What is changed in the line of the call for lines of the same session before it. */
  before?: Record<string, unknown>[];
  measured?: { records: number };
  context?: Record<string, unknown>;
  at?: string;
  elsewhere?: string;
  /** What may stand in no file of the guard after the call. */
  never?: string[];
  setup?: Record<string, unknown>;
};
export type RuleSet = { words: string; setup?: { root?: string; files?: string[]; symlinks?: Record<string, string> } };
export type CaseFile = { policies?: Record<string, RuleSet>; cases: Case[] };
export type Tools = Record<string, { name: string; inputSchema: Record<string, unknown>; annotations?: unknown }[]>;

const HERE = import.meta.dirname;
/** What the cases call the share; here it is a temporary folder. */
const SHARE = '/srv/share';

export function readCases(name: string): CaseFile {
  return JSON.parse(readFileSync(join(HERE, `${name}.json`), 'utf8')) as CaseFile;
}

export function readTools(name: string): Tools {
  return JSON.parse(readFileSync(join(HERE, `${name}.json`), 'utf8')) as Tools;
}

/** The same tools with schemas that say nothing of what else may be given, or of what kind. */
export function withOpenSchemas(tools: Tools): Tools {
  const open = ({ properties }: Record<string, unknown>) => ({
    type: 'object',
    properties: Object.fromEntries(Object.keys((properties as object | undefined) ?? {}).map((key) => [key, {}])),
  });
  return Object.fromEntries(Object.entries(tools).map(([server, list]) => [server, list.map((tool) => ({ ...tool, inputSchema: open(tool.inputSchema) }))]));
}

/** Answers of the lines given, in order, from the policies in test/cases/policies/<set>. `close` takes the folder away. */
export class Bench {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-cases-')));
  readonly share = join(this.#folder, 'share');
  readonly #servers: string[];

  constructor(set: string, setup: RuleSet['setup'], servers: readonly string[]) {
    this.#servers = [...servers];
    cpSync(join(HERE, 'policies', set), join(this.#folder, 'policies'), { recursive: true });
    const entries = Object.fromEntries(this.#servers.map((name) => [name, { command: 'true' }]));
    const own = { policies: './policies', agent: 'felix-prod', user: { name: 'john@acme.example', role: 'admin' }, timezone: 'UTC' };
    writeFileSync(join(this.#folder, 'mcp.json'), JSON.stringify({ mcpServers: entries, perimeter: own }));
    mkdirSync(this.share);
    if (setup?.root !== undefined && !setup.root.startsWith('/')) return;
    for (const file of setup?.files ?? []) {
      mkdirSync(dirname(this.#here(file)), { recursive: true });
      writeFileSync(this.#here(file), 'x');
    }
    for (const [link, target] of Object.entries(setup?.symlinks ?? {})) symlinkSync(this.#here(target), this.#here(link));
  }

  async run(lines: readonly string[], tools: Tools | undefined): Promise<CheckAnswer[]> {
    const file = join(this.#folder, 'tools.json');
    if (tools !== undefined) writeFileSync(file, JSON.stringify(Object.fromEntries(Object.entries(tools).filter(([server]) => this.#servers.includes(server)))));
    const desk = await openDesk({ config: join(this.#folder, 'mcp.json'), ...(tools === undefined ? {} : { tools: file }) });
    const judge = desk.check();
    return lines.map((line) => judgeLine(judge, line.replaceAll(SHARE, this.share)));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #here(path: string): string {
    return path.startsWith(SHARE) ? join(this.share, path.slice(SHARE.length)) : path;
  }
}

/** The lines a case stands for; the answer to the last one counts. */
export function linesOf(one: Case, servers: readonly string[]): string[] {
  if (one.line !== undefined) return [one.line];
  const setup = one.setup ?? {};
  const at = one.at ?? (setup['now'] as string | undefined) ?? '2026-11-23T10:00:00Z';
  const context = { ...contextOf(setup), ...one.measured, ...one.context };
  const { server, tool } = nameOf(one.call.tool ?? '', servers);
  const line = { server, tool, arguments: one.call.args ?? {}, session: one.id };
  const earlier = (count: number, minutes: number) =>
    Array.from({ length: count }, (_, index) => ({ ...line, at: new Date(Date.parse(at) - minutes * 60_000 + index * 1000).toISOString(), context: { ...context, vpn: true } }));
  const before = (one.before ?? []).map((more) => ({ ...line, at, context, ...more }));
  const granted = one.policyId === 'grant-time-given' ? [GRANT] : [];
  const used = Number(setup['used'] ?? 0) + Object.values((setup['usedBySession'] as Record<string, number> | undefined) ?? {}).reduce((sum, count) => sum + count, 0);
  const uses = earlier(used, 5);
  const recent = earlier(Number(setup['recentCalls'] ?? 0), 9);
  return [...granted.map((grant) => ({ ...grant, session: one.id })), ...before, ...uses, ...recent, { ...line, at, context }].map((each, index) => JSON.stringify({ id: `${one.id} ${index}`, ...each }));
}

/** A person gives the grant of the words at nine; the call it came with is looked at on its own. */
const GRANT = {
  server: 'email',
  tool: 'send_email',
  arguments: { to: ['ann@acme.example'], subject: 'x', body: 'y' },
  at: '2026-11-23T09:00:00Z',
  context: { vpn: true, grants: [{ scope: 'send:email:bob@partner.example', minutes: 60, uses: 3 }] },
};

function contextOf(setup: Record<string, unknown>): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  if (typeof setup['vpn'] === 'boolean') context['vpn'] = setup['vpn'];
  if (typeof setup['userPresent'] === 'boolean') context['user_present'] = setup['userPresent'];
  if (typeof setup['session'] === 'string') context['session'] = setup['session'] === 'valid' ? 'active' : setup['session'];
  return context;
}

/** `files.read_file` is the tool `read_file` of `files`; a name without a dot is asked of the first server there is. */
function nameOf(name: string, servers: readonly string[]): { server: string; tool: string } {
  const dot = name.indexOf('.');
  return dot < 0 ? { server: servers[0] ?? '', tool: name } : { server: name.slice(0, dot), tool: name.slice(dot + 1) };
}

/** Servers that a set's bindings or cases speak of. */
export function serversOf(set: string): string[] {
  const text = readFileSync(join(HERE, 'policies', set, 'bindings', 'bindings.yaml'), 'utf8');
  const named = [...text.matchAll(/^(?:- )?server: (\S+)$/gm)].map(([, name]) => name ?? '');
  return set === 'names' || set === 'down' ? [...named, 'helper'] : named;
}

