// From the files people write to one checked Policy, or to all that is wrong with them, each with its file and line.
import { createHash } from 'node:crypto';
import { readBindings } from './binding.ts';
import type { Complain } from './clauses.ts';
import type { Lists } from './lists.ts';
import { DEFAULT_RISK, pointsOf } from './risk-defaults.ts';
import { readRule } from './rule.ts';
import { bareLists, type RulesFile, rulesFile, versionedLists } from './schema.ts';
import { check } from './shape.ts';
import { isMap, type Place, type Problem, partOf, readYaml, type Source, suggestion } from './source.ts';
import type { Binding, Policy, PolicyTest, RiskPolicy, Rule } from './types.ts';

export type PolicyFile = { path: string; text: string; kind: 'rules' | 'lists' | 'bindings' };
export type LoadOptions = {
  /** Bindings and lists that are always known; a list or a tool of the user's own takes the place of one here. */
  bundled?: readonly PolicyFile[];
  /** Names of the risk factors that are computed. */
  factors: readonly string[];
  /** How paths read where a binding doesn't say. */
  paths?: Binding['paths'];
};
/** `notes` are worth telling and stop nothing: a limit that was clamped. */
export type Loaded = { policy: Policy; problems: []; notes: Problem[] } | { policy?: undefined; problems: Problem[] };

/** Loads a whole set of files. Pure; never throws on what a file can contain. */
export function loadPolicy(files: readonly PolicyFile[], options: LoadOptions): Loaded {
  const loader = new Loader(options);
  const bundled = options.bundled ?? [];
  for (const file of bundled) loader.read(file, true);
  for (const file of files) loader.read(file, false);
  return loader.finish([...bundled, ...files]);
}

type Written = { source: Source; file: RulesFile };

/** Gathers what the files say; lives for one load. */
class Loader {
  readonly #options: LoadOptions;
  readonly #problems: Problem[] = [];
  readonly #notes: Problem[] = [];
  readonly #written: Written[] = [];
  readonly #lists = new Map<string, { words: string[]; where: string; bundled: boolean }>();
  readonly #bindings: Binding[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  read(file: PolicyFile, bundled: boolean): void {
    const { sources, problems } = readYaml(file.text, file.path);
    this.#problems.push(...problems);
    for (const source of sources) {
      if (source.value === null) continue;
      if (file.kind === 'bindings') this.#readBindings(source);
      else if (file.kind === 'lists') this.#readLists(source, bundled);
      else this.#readRules(source, bundled);
    }
  }

  finish(files: readonly PolicyFile[]): Loaded {
    const words = Object.fromEntries([...this.#lists].map(([name, list]) => [name, list.words]));
    const lists: Lists = { words, used: new Set() };
    const rules = this.#written.flatMap(({ source, file }) =>
      (file.rules ?? []).flatMap((_rule, index) => this.#rule(partOf(source, ['rules', index]), lists)),
    );
    this.#uniqueIds(rules);
    this.#uniqueServers();
    const policy: Policy = {
      rules,
      lists: words,
      risk: this.#risk(),
      tests: this.#written.flatMap(({ source, file }) => testsOf(file, source)),
      bindings: this.#bindings,
      unused_lists: [...this.#lists].flatMap(([name, { where, bundled }]) =>
        bundled || lists.used.has(name) ? [] : [{ name, where }],
      ),
      digest: digestOf(files),
    };
    if (this.#problems.length > 0)
      return { problems: this.#problems.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line)) };
    return { policy, problems: [], notes: this.#notes };
  }

  #readRules(source: Source, bundled: boolean): void {
    const { value, problems } = check(rulesFile, source);
    this.#problems.push(...problems);
    if (value === undefined) return;
    this.#written.push({ source, file: value });
    this.#keepLists(value.lists ?? {}, ['lists'], source, bundled);
  }

  #readLists(source: Source, bundled: boolean): void {
    const versioned = isMap(source.value) && ('version' in source.value || 'lists' in source.value);
    const { value, problems } = check(versioned ? versionedLists.transform((file) => file.lists) : bareLists, source);
    this.#problems.push(...problems);
    if (value !== undefined) this.#keepLists(value, versioned ? ['lists'] : [], source, bundled);
  }

  #keepLists(lists: Record<string, string[]>, place: Place, source: Source, bundled: boolean): void {
    for (const [name, words] of Object.entries(lists)) {
      const path = [...place, name];
      const known = this.#lists.get(name);
      if (name === 'own')
        this.#complain(source)(path, '`$own` always means the domains of a binding; give this list another name');
      else if (known && !known.bundled)
        this.#complain(source)(path, `the list \`${name}\` stands at ${known.where} too; keep one of them`);
      else this.#lists.set(name, { words, where: source.at(path), bundled });
      for (const [index, word] of words.entries()) {
        if (/^\$[A-Za-z]/.test(word) && word !== '$own')
          this.#complain(source)([...path, index], `\`${word}\` is a list inside a list; write its words here`);
      }
    }
  }

  #readBindings(source: Source): void {
    const { bindings, problems } = readBindings(source, this.#options.paths ?? { os: 'posix', case: 'sensitive' });
    this.#problems.push(...problems);
    this.#bindings.push(...bindings);
  }

  #complain(source: Source): Complain {
    return (path, message) => this.#problems.push({ file: source.file, line: source.line(path), message });
  }

  #rule(source: Source, lists: Lists): Rule[] {
    const note = (path: Place, message: string) => this.#notes.push({ file: source.file, line: source.line(path), message });
    const { rule, problems } = readRule(source, lists, note);
    this.#problems.push(...problems);
    return rule === undefined ? [] : [rule];
  }

  #risk(): RiskPolicy {
    const [first, ...more] = this.#written.filter(({ file }) => file.risk !== undefined);
    for (const { source } of more)
      this.#complain(source)(['risk'], `\`risk\` stands at ${first?.source.at(['risk'])} too; keep it in one file`);
    const written = first?.file.risk;
    if (first === undefined || written === undefined) return DEFAULT_RISK;
    const risk: RiskPolicy = {
      ...DEFAULT_RISK,
      ...written,
      points: pointsOf(written.points ?? {}),
      levels: { ...DEFAULT_RISK.levels, ...written.levels },
      responses: { ...DEFAULT_RISK.responses, ...written.responses },
    };
    for (const name of Object.keys(written.points ?? {})) {
      if (this.#options.factors.includes(name)) continue;
      const message = Object.hasOwn(DEFAULT_RISK.points, name)
        ? `the risk factor \`${name}\` is not computed yet; leave it off`
        : `unknown risk factor \`${name}\`${suggestion(name, this.#options.factors)}`;
      this.#complain(first.source)(['risk', 'points', name], message);
    }
    const { medium, high, critical } = risk.levels;
    if (!(medium < high && high < critical))
      this.#complain(first.source)(
        ['risk', 'levels'],
        `the levels must rise from medium (${medium}) over high (${high}) to critical (${critical})`,
      );
    return risk;
  }

  #uniqueIds(rules: readonly Rule[]): void {
    const seen = new Map<string, string>();
    for (const rule of rules) {
      const other = seen.get(rule.id);
      if (other !== undefined)
        this.#problems.push({
          ...placeOf(rule.where),
          message: `the rule id \`${rule.id}\` stands at ${other} too; give one of them another id`,
        });
      else seen.set(rule.id, rule.where);
    }
  }

  /** Two bindings of the user's for one server could say two things of one tool. */
  #uniqueServers(): void {
    const seen = new Map<string, string>();
    for (const binding of this.#bindings) {
      for (const [what, name] of [
        ...binding.servers.map((one) => ['server', one]),
        ...binding.packages.map((one) => ['package', one]),
      ]) {
        const bundled = this.#options.bundled?.some((file) => binding.where.startsWith(`${file.path}:`)) === true;
        const other = seen.get(`${what} ${name}`);
        if (other !== undefined)
          this.#problems.push({
            ...placeOf(binding.where),
            message: `the ${what} \`${name}\` is bound at ${other} too; put its tools into one binding`,
          });
        else if (!bundled) seen.set(`${what} ${name}`, binding.where);
      }
    }
  }
}

function placeOf(where: string): { file: string; line: number } {
  const at = where.lastIndexOf(':');
  return { file: where.slice(0, at), line: Number(where.slice(at + 1)) };
}

function testsOf(file: RulesFile, source: Source): PolicyTest[] {
  return (file.tests ?? []).map((test, index) => ({ ...test, where: source.at(['tests', index]) }));
}

/** SHA-256 over all paths and texts, whatever order they were read in. */
function digestOf(files: readonly PolicyFile[]): string {
  const sorted = files.map(({ path, text }) => [path, text]).sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
