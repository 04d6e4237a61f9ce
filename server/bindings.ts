// Which binding describes which server of mcp.json, and where its relative paths start. By package or command line, or by the user's own word.
import { resolve, win32 } from 'node:path';
import type { BoundServer } from '../policies/classify.ts';
import type { DescribedServer } from '../policies/lint.ts';
import type { Binding } from '../policies/types.ts';
import type { Downstreams, ServerEntry, ToolDefinition } from './ports.ts';

/** The binding of a server: all that match, later ones (the user's) replacing earlier ones tool by tool. */
export function bindServer(entry: ServerEntry, bindings: readonly Binding[]): BoundServer {
  const matching = bindings.filter((binding) => matches(binding, entry));
  const [first, ...rest] = matching;
  if (!first) return { server: entry.name, binding: undefined, root: entry.cwd };
  const binding = rest.reduce<Binding>(
    (base, next) => ({
      ...base,
      ...(next.root === undefined ? {} : { root: next.root }),
      paths: next.paths,
      own: { domains: [...new Set([...base.own.domains, ...next.own.domains])] },
      tools: { ...base.tools, ...next.tools },
      resources: { ...base.resources, ...next.resources },
      where: next.where,
    }),
    first,
  );
  return { server: entry.name, binding, root: rootOf(binding, entry) };
}

/** A server with its tools and the binding that describes them, as lint looks at it. */
export function describeServer(
  entry: ServerEntry,
  bindings: readonly Binding[],
  tools: readonly ToolDefinition[],
): DescribedServer {
  return { server: entry.name, binding: bindServer(entry, bindings).binding, tools };
}

/** All servers that run; of the others the tools aren't known. */
export function describeRunning(downstreams: Downstreams, bindings: readonly Binding[]): DescribedServer[] {
  return downstreams
    .all()
    .filter(({ state }) => state === 'ready')
    .map((one) => describeServer(one.entry, bindings, one.tools()));
}

function matches(binding: Binding, entry: ServerEntry): boolean {
  if (binding.servers.includes(entry.name)) return true;
  if (binding.bundled !== undefined && bundledKind(entry) === binding.bundled) return true;
  return binding.packages.some((name) => packageAt(name, entry) !== undefined);
}

/** Which bundled server an entry starts, if any: only `perimeter tool X` counts, never a name. */
export function bundledName(entry: ServerEntry): string | undefined {
  return entry.command === 'perimeter' && entry.args?.[0] === 'tool' ? entry.args[1] : undefined;
}

/** The bundled database is read by the rules of the engine it is started on: SQLite only where a file is named. */
function bundledKind(entry: ServerEntry): string | undefined {
  const name = bundledName(entry);
  const file = entry.args?.some((word) => word === '--file' || word.startsWith('--file='));
  return name === 'database' && !file ? 'database-postgres' : name;
}

/** Position in `args` of the package, whether run by npx or from node_modules; -1 when it is the command itself. */
function packageAt(name: string, entry: ServerEntry): number | undefined {
  const is = (word: string) =>
    word === name || word.startsWith(`${name}@`) || word.replaceAll('\\', '/').includes(`/node_modules/${name}/`);
  if (entry.command !== undefined && is(entry.command)) return -1;
  const at = (entry.args ?? []).findIndex(is);
  return at < 0 ? undefined : at;
}

function rootOf(binding: Binding, entry: ServerEntry): string | undefined {
  const base = entry.cwd ?? '/';
  const at = (path: string) => (binding.paths.os === 'windows' ? win32.resolve(path) : resolve(base, path));
  if (typeof binding.root === 'string') return at(binding.root);
  const args = entry.args ?? [];
  const skipped =
    bundledName(entry) !== undefined ? 2 : Math.max(0, ...binding.packages.map((name) => (packageAt(name, entry) ?? -1) + 1));
  const own = args.slice(skipped);
  if (binding.root === undefined) return entry.cwd;
  if ('option' in binding.root) {
    const { option } = binding.root;
    const joined = own.find((word) => word.startsWith(`${option}=`));
    const next = own[own.indexOf(option) + 1];
    const value = joined?.slice(option.length + 1) ?? (own.includes(option) ? next : undefined);
    return value === undefined ? entry.cwd : at(value);
  }
  const plain = own.filter((word) => !word.startsWith('-'))[binding.root.argument];
  return plain === undefined ? entry.cwd : at(plain);
}
