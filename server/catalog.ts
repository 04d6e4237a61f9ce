// The tools a client is shown: every downstream's, under names of their own, and the guard's, which nobody else can take.
import { createHash } from 'node:crypto';
import { digestOf } from '../policies/canonical-json.ts';
import type { Downstreams, ToolDefinition } from './ports.ts';
import { undrawn } from './told-by.ts';

export type CatalogEntry = {
  /** Absent for the guard's own tools. */
  server?: string;
  /** The downstream's own name of the tool. */
  tool: string;
  /** As the downstream gave it, under its own name. */
  definition: ToolDefinition;
};
export type Catalog = {
  /** What `tools/list` answers: the guard's own first, then by server as configured and by tool as listed. */
  list: ToolDefinition[];
  find(name: string): CatalogEntry | undefined;
  /** A tool that is held back: it isn't listed and `find` doesn't know it, but a refusal can say why. */
  held(name: string): CatalogEntry | undefined;
};
export type CatalogOptions = {
  prefix: 'auto' | 'none' | 'always';
  own: ToolDefinition[];
  /** Tools held back, such as one whose definition changed. They keep their names, so that nothing else can take one. */
  hidden: (server: string, tool: string) => boolean;
};

/** Longest tool name of MCP (server/tools, "Tool Names"); the characters are in `cleaned`. */
const MAX_NAME = 128;
const DIGEST_LENGTH = 8;

/**
 * Builds the catalog. A downstream's tool is `server__tool` when several servers are configured (`auto`) or always; with
 * `none` it keeps its name unless two share it. A name that two claim belongs to neither, whoever was first: a server that
 * comes up later can't inherit calls meant for another.
 */
export function buildCatalog(downstreams: Downstreams, options: CatalogOptions): Catalog {
  const own = options.own.map((definition) => ({ tool: definition.name, definition }));
  const entries = new Map<string, CatalogEntry>(own.map((entry) => [entry.tool, entry]));
  const held = new Map<string, CatalogEntry>();
  const list = [...options.own];
  for (const [name, entry] of namesOf(downstreams, options)) {
    // With two alike digests, which nobody meets, the later tool is left out.
    if (entries.has(name) || held.has(name)) continue;
    if (options.hidden(entry.server, entry.tool)) held.set(name, entry);
    else {
      entries.set(name, entry);
      list.push({ ...undrawn(entry.definition), name });
    }
  }
  return { list, find: (name) => entries.get(name), held: (name) => held.get(name) };
}

type Offered = { server: string; tool: string; definition: ToolDefinition };

function namesOf(downstreams: Downstreams, options: CatalogOptions): [string, Offered][] {
  const all = downstreams.all();
  const offered = all.flatMap((downstream) =>
    downstream.tools().map((definition): Offered => ({ server: downstream.entry.name, tool: definition.name, definition })),
  );
  const guards = new Set(options.own.map(({ name }) => alike(name)));
  const prefixed = options.prefix === 'always' || (options.prefix === 'auto' && all.length > 1);
  const bare = count(offered.map(({ tool }) => cleaned(tool)));
  const isFree = (name: string, claims: ReadonlyMap<string, number>) => claims.get(name) === 1 && !guards.has(alike(name));
  const wanted = offered.map((entry) => {
    const keeps = !prefixed && isFree(cleaned(entry.tool), bare);
    return { entry, name: keeps ? entry.tool : `${entry.server}__${entry.tool}` };
  });
  const claims = count(wanted.map(({ name }) => cleaned(name)));
  return wanted.map(({ entry, name }) => {
    const plain = name.length <= MAX_NAME && isFree(cleaned(name), claims);
    return [plain ? cleaned(name) : disambiguated(name, entry), entry];
  });
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The name with a digest of whose tool it is: the same whatever else there is. */
function disambiguated(name: string, { server, tool }: Offered): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([server, tool]))
    .digest('hex')
    .slice(0, DIGEST_LENGTH);
  return `${cleaned(name).slice(0, MAX_NAME - DIGEST_LENGTH - 1)}_${digest}`;
}

function cleaned(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_NAME) || '_';
}

/** What a hasty reader takes for the same name: a guard's tool is not to be imitated by case or punctuation. */
function alike(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Digest of what a definition promises and takes; a change of it is a change of power. */
export function definitionDigest(definition: ToolDefinition): string {
  const { name, title, description, inputSchema, outputSchema, annotations, _meta } = definition;
  // how its effect is counted and bounded is a promise too
  return digestOf({ name, title, description, inputSchema, outputSchema, annotations, impact: _meta?.['perimeter/impact'] });
}
