// The policy in force: read from the user's folder (or what we bundle), read again when it changes, and kept when the change is broken.
import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join, relative, resolve, win32 } from 'node:path';
import { loadPolicy, type PolicyFile } from '../policies/load.ts';
import { FACTORS } from '../policies/risk.ts';
import { formatProblem, type Problem } from '../policies/source.ts';
import type { Binding, Policy } from '../policies/types.ts';
import { type Config, ConfigError } from './config.ts';
import { holidayText, withDaysOff } from './holidays.ts';
import { packageRoot } from './package-root.ts';
import { after, type Timer } from './timers.ts';

/** What a reload came to: `problems` is empty when the new set holds, else the set before it still does. Lines are `file:line: message`. */
export type PolicyChange = { problems: string[]; notes: string[] };
export type Policies = {
  /** The set in force. */
  readonly current: Policy;
  /** What is worth telling of it and stops nothing, such as a limit that was clamped. */
  readonly notes: readonly string[];
  /** What is wrong with files that were changed since, and so not taken over; empty when the set in force is what the files say. */
  readonly rejected: readonly string[];
  /** Reads the files again. Returns undefined when they say what they said before. */
  reload(): PolicyChange | undefined;
  /** Reloads when a file changes and tells what came of it. Returns what stops it. */
  watch(listener: (change: PolicyChange) => void): () => void;
};
type PolicyConfig = Pick<Config, 'folder' | 'policies'>;

/** Editors write a file in several steps; what they have done after this long is taken. */
const SETTLE_MS = 100;
/** How often the files are looked at where the system tells nothing of changes (network drives, some containers). */
const POLL_MS = 2_000;
const BUNDLED = 'mcp-perimeter/policies';
const LISTS = 'lists.yaml';

/** Reads the policy of a configuration. Throws ConfigError with every problem when it can't be used: without a policy nothing starts. */
export function openPolicies(config: PolicyConfig): Policies {
  const first = readFiles(config);
  const loaded = load(first, config);
  if (loaded.policy === undefined) throw new ConfigError(loaded.problems.map(formatProblem).join('\n'), loaded.problems);
  let current = loaded.policy;
  let notes: string[] = [];
  let rejected: string[] = [];
  let seen = fingerprint(first);
  let days = takeDays(loaded.notes);

  /** Reads the days off of the set in force; returns the text of their file. */
  function takeDays(found: readonly Problem[]): string | undefined {
    const text = holidayText(current.risk, config.policies ?? config.folder);
    const { risk, problem } = withDaysOff(current.risk, text);
    current = { ...current, risk };
    notes = [...found.map(formatProblem), ...(problem === undefined ? [] : [problem])];
    return text;
  }

  function reload(): PolicyChange | undefined {
    const read = readFiles(config);
    const now = fingerprint(read);
    if (now === seen) {
      if (holidayText(current.risk, config.policies ?? config.folder) === days) return undefined;
      days = takeDays([]);
      return { problems: [], notes: [...notes] };
    }
    seen = now;
    const next = load(read, config);
    rejected = next.policy === undefined ? next.problems.map(formatProblem) : [];
    if (next.policy === undefined) return { problems: rejected, notes: [] };
    current = next.policy;
    days = takeDays(next.notes);
    return { problems: [], notes: [...notes] };
  }

  return {
    get current() {
      return current;
    },
    get notes() {
      return notes;
    },
    get rejected() {
      return rejected;
    },
    reload,
    watch: (listener) =>
      watchFolder(config.policies, () => {
        const change = reload();
        if (change) listener(change);
      }),
  };
}

type Read = { files: PolicyFile[]; bundled: PolicyFile[]; problems: Problem[] };

function load(read: Read, config: PolicyConfig): ReturnType<typeof loadPolicy> {
  if (read.problems.length > 0) return { problems: read.problems };
  const onWindows = process.platform === 'win32';
  const folding = onWindows || process.platform === 'darwin';
  const paths: Binding['paths'] = { os: onWindows ? 'windows' : 'posix', case: folding ? 'insensitive' : 'sensitive' };
  const factors = FACTORS.map((factor) => factor.name);
  const loaded = loadPolicy(read.files, { bundled: read.bundled, factors, paths });
  // where relative paths start is said from mcp.json's folder, whatever folder the server itself runs in
  for (const binding of loaded.policy?.bindings ?? []) {
    if (typeof binding.root !== 'string') continue;
    // a drive of Windows is one on every machine that judges for it
    if (binding.paths.os !== 'windows' || !win32.isAbsolute(binding.root)) binding.root = resolve(config.folder, binding.root);
  }
  return loaded;
}

function fingerprint({ files, problems }: Read): string {
  return JSON.stringify([files.map(({ path, text }) => [path, text]), problems]);
}

function readFiles(config: PolicyConfig): Read {
  const problems: Problem[] = [];
  const ours = new Folder(join(packageRoot(), 'policies'), BUNDLED, problems);
  const bundled = [...ours.read('bindings'), ...ours.lists()];
  if (config.policies === undefined) {
    const files = ours.read('rules');
    if (files.length === 0 || bundled.length === 0)
      ours.complain('', 'the bundled policies are missing; install the package again');
    return { files, bundled, problems };
  }
  const own = new Folder(config.policies, relative(config.folder, config.policies) || '.', problems);
  const files = [...own.read('rules'), ...own.read('bindings'), ...own.lists()];
  const instead = 'or take `policies` out of mcp.json to use the bundled rules';
  if (!isFolder(config.policies)) own.complain('', `there is no such folder; make it with \`rules/\` in it, ${instead}`);
  else if (files.length === 0 && problems.length === 0)
    own.complain('', `there is no policy in this folder; put a file into \`rules/\`, ${instead}`);
  for (const name of own.names()) {
    if (isYaml(name) && name !== LISTS)
      own.complain(name, 'this file is not read where it lies; move it into `rules/` or `bindings/`');
  }
  return { files, bundled, problems };
}

/** A folder of policies. What in it can't be read, or wouldn't be, is a problem: a deny that is overlooked allows. */
class Folder {
  readonly #path: string;
  readonly #shown: string;
  readonly #problems: Problem[];

  constructor(path: string, shown: string, problems: Problem[]) {
    this.#path = path;
    this.#shown = shown;
    this.#problems = problems;
  }

  complain(name: string, message: string): void {
    this.#problems.push({ file: this.#name(name), line: 1, message });
  }

  read(kind: 'rules' | 'bindings'): PolicyFile[] {
    return this.names(kind).flatMap((name) => {
      const inside = join(kind, name);
      if (!isFolder(join(this.#path, inside))) return isYaml(name) ? this.#file(inside, kind) : [];
      if (this.names(inside).some(isYaml)) this.complain(inside, `folders in \`${kind}/\` are not read; move their files up`);
      return [];
    });
  }

  lists(): PolicyFile[] {
    return this.names().includes(LISTS) ? this.#file(LISTS, 'lists') : [];
  }

  /** Names in it, sorted, editors' hidden leftovers aside; none where there is no folder. */
  names(inside = ''): string[] {
    try {
      const names = readdirSync(join(this.#path, inside));
      return names.filter((name) => !name.startsWith('.')).sort();
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.complain(inside, `can't be read (${code}); see that you may read it`);
      return [];
    }
  }

  #file(inside: string, kind: PolicyFile['kind']): PolicyFile[] {
    try {
      return [{ path: this.#name(inside), text: readFileSync(join(this.#path, inside), 'utf8'), kind }];
    } catch (error) {
      this.complain(inside, `can't be read (${codeOf(error)}); see that you may read it`);
      return [];
    }
  }

  #name(inside: string): string {
    return join(this.#shown, inside).replaceAll('\\', '/');
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Wakes up after anything in the folder changed, once it has settled. Bundled rules don't change while running. */
function watchFolder(folder: string | undefined, wake: () => void): () => void {
  if (folder === undefined) return () => undefined;
  let settling: Timer | undefined;
  let polling: Timer;
  const poll = () => {
    wake();
    polling = after(POLL_MS, poll);
  };
  polling = after(POLL_MS, poll);
  const settle = () => {
    settling?.cancel();
    settling = after(SETTLE_MS, wake);
  };
  const folders = [folder, join(folder, 'rules'), join(folder, 'bindings')].filter(isFolder);
  const watchers = folders.flatMap((one) => {
    try {
      return [watch(one, { persistent: false }, settle).on('error', () => undefined)];
    } catch {
      // no watches left, or none on this kind of disk: the polling sees it
      return [];
    }
  });
  return () => {
    settling?.cancel();
    polling.cancel();
    for (const watcher of watchers) watcher.close();
  };
}
