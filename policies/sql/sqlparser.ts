// Reads queries and writes of MySQL and SQL Server with sqlparser-rs into the guard's model. One statement at a time.
import { init, parse } from '@guanmingchiu/sqlparser-ts';
import type { Verb } from '../types.ts';
import { setsByArgument } from './functions.ts';
import {
  type Cte,
  type Mention,
  type Name,
  type Output,
  plainQuery,
  type Query,
  type Select,
  type Source,
  type Target,
  type Write,
} from './model.ts';

export type ParserDialect = 'mysql' | 'mssql';
type Node = { [key: string]: unknown };

let loaded = false;

/** Loads the parser's wasm; once is enough. */
export async function loadSqlParser(): Promise<void> {
  await init();
  loaded = true;
}

export const sqlParserIsLoaded = (): boolean => loaded;

/** The query or write in `text`, or undefined when it isn't exactly one of these. */
export function parseOne(text: string, dialect: ParserDialect): Query | undefined {
  let tree: unknown;
  try {
    tree = parse(text, dialect);
  } catch {
    return undefined;
  }
  const [statement, ...others] = Array.isArray(tree) ? tree : [];
  if (others.length > 0 || !isNode(statement)) return undefined;
  const [tag, body] = tagged(statement);
  const translate = new Translator(dialect);
  if (tag === 'Query') return translate.query(body);
  const write = translate.write(tag, body);
  return write && plainQuery(write);
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const node = (value: unknown): Node => (isNode(value) ? value : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const given = (value: unknown): boolean => value !== null && value !== undefined;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** An enum value: `{ "Tag": … }`, or just `"Tag"`. */
const tagged = (value: unknown): [string, Node] => {
  if (typeof value === 'string') return [value, {}];
  const [entry] = Object.entries(node(value));
  return entry ? [entry[0], node(entry[1])] : ['', {}];
};

/** Names that are written like columns but are functions without brackets. */
const BARE_FUNCTIONS = new Set(
  'current_user current_date current_time current_timestamp session_user system_user user localtime localtimestamp utc_date utc_time utc_timestamp'.split(
    ' ',
  ),
);
/** Functions whose first argument is a unit, not a column. */
const UNIT_FIRST = new Set(
  'dateadd datediff datediff_big datename datepart datetrunc date_bucket timestampadd timestampdiff get_format'.split(' '),
);
/** Methods of SQL Server's xml type: they belong to a column, and `modify` isn't among them. */
const XML_METHODS = new Set(['value', 'query', 'exist', 'nodes']);
/** Fields that hold names of types, character sets and hints rather than of data. */
const NOT_DATA = new Set(['data_type', 'charset', 'collation', 'optimizer_hints', 'span', 'select_token', 'between_token']);
/** Locks and other effects that a table hint asks for; hints not listed only tune. */
const LOCKING_HINTS = new Set('updlock xlock tablockx tablock paglock rowlock holdlock serializable repeatableread'.split(' '));

class Translator {
  constructor(private readonly dialect: ParserDialect) {}

  private fold(identifier: unknown): string {
    return text(node(identifier).value).toLowerCase();
  }

  /** An object's name; a part that is an expression can't be told and becomes `?`. */
  private name(value: unknown): Name {
    return list(value).map((part) => (isNode(node(part).Identifier) ? this.fold(node(part).Identifier) : '?'));
  }

  query(body: Node): Query {
    const clause = node(body.with);
    const ctes = list(clause.cte_tables).map((item): Cte => {
      const cte = node(item);
      const alias = this.alias(cte.alias);
      return { name: alias.as ?? '', query: this.query(node(cte.query)), ...(alias.columns ? { columns: alias.columns } : {}) };
    });
    const rest = this.mentions([body.limit_clause, body.fetch, body.for_clause]);
    if (list(body.locks).length > 0) rest.push({ is: 'effect', kind: 'other' });
    if (given(body.settings) || given(body.format_clause) || list(body.pipe_operators).length > 0) {
      rest.push({ is: 'effect', kind: 'other' });
    }
    const recursive = this.dialect === 'mssql' || clause.recursive === true;
    const order = list(node(node(body.order_by).kind).Expressions).map((key) => this.sortKey(node(key)));
    return { ctes, sees: recursive ? 'self' : 'earlier', body: this.setExpression(body.body), order, rest };
  }

  private sortKey(key: Node): Query['order'][number] {
    const expression = node(key.expr);
    const mentions = this.mentions(expression);
    return isNode(expression.Identifier) ? { bare: this.fold(expression.Identifier), mentions } : { mentions };
  }

  private setExpression(value: unknown): Query['body'] {
    const [tag, body] = tagged(value);
    if (tag === 'Select') return [this.select(body)];
    if (tag === 'Query') return [this.query(body)];
    if (tag === 'SetOperation') {
      return [plainQuery(...this.setExpression(body.left)), plainQuery(...this.setExpression(body.right))];
    }
    if (tag === 'Values') return [this.values(body)];
    if (tag === 'Table') return [this.wholeTable(body)];
    const [inner, content] = tagged(body);
    const write = this.write(inner, content);
    return [write ?? { is: 'select', from: [], outputs: [], rest: [{ is: 'effect', kind: 'other' }] }];
  }

  private values(body: Node): Select {
    const outputs = list(body.rows).map((row) => ({ mentions: this.mentions(node(row).content) }));
    return { is: 'select', from: [], outputs, rest: [] };
  }

  private wholeTable(body: Node): Select {
    const name = [text(body.schema_name), text(body.table_name)].filter((part) => part !== '').map((part) => part.toLowerCase());
    return { is: 'select', from: [{ is: 'table', name }], outputs: [{ mentions: [{ is: 'star', of: [] }] }], rest: [] };
  }

  private select(body: Node): Select {
    const { from, projection, into, having, ...others } = body;
    const rest = [...this.mentions(others), ...this.having(having, projection)];
    if (given(into)) rest.push({ is: 'effect', kind: this.dialect === 'mssql' ? 'ddl' : 'session' });
    return { is: 'select', from: this.sources(from), outputs: list(projection).map((item) => this.output(item)), rest };
  }

  /** In MySQL a name in HAVING is an output's before it is a column's. */
  private having(value: unknown, projection: unknown): Mention[] {
    const mentions = this.mentions(value);
    if (this.dialect !== 'mysql') return mentions;
    const labels = new Set(list(projection).flatMap((item) => this.fold(node(node(item).ExprWithAlias).alias) || []));
    return mentions.filter((mention) => mention.is !== 'column' || mention.name.length > 1 || !labels.has(mention.name[0]!));
  }

  private output(item: unknown): Output {
    const [tag, body] = tagged(item);
    if (tag === 'ExprWithAlias') {
      const name = this.fold(body.alias);
      const mentions = this.mentions(body.expr);
      const assigns = name.startsWith('@') && !given(node(body.alias).quote_style);
      return assigns ? { mentions: [...mentions, { is: 'effect', kind: 'session' }] } : { name, mentions };
    }
    const mentions = this.mentions(item);
    const comparison = tagged(body)[1];
    if (this.dialect === 'mssql' && this.isVariable(node(comparison.left).Identifier))
      mentions.push({ is: 'effect', kind: 'session' });
    const column = mentions.length === 1 && mentions[0]?.is === 'column' ? mentions[0].name.at(-1) : undefined;
    return column === undefined ? { mentions } : { name: column, mentions };
  }

  private isVariable(identifier: unknown): boolean {
    return text(node(identifier).value).startsWith('@') && !given(node(identifier).quote_style);
  }

  private alias(value: unknown): { as?: string; columns?: string[] } {
    if (!isNode(value)) return {};
    const columns = list(value.columns).map((column) => this.fold(node(column).name));
    return { as: this.fold(value.name), ...(columns.length > 0 ? { columns } : {}) };
  }

  private sources(value: unknown): Source[] {
    return list(value).map((item) => this.withJoins(node(item)));
  }

  private withJoins(item: Node): Source {
    return list(item.joins).reduce<Source>(
      (left, value) => {
        const part = node(value);
        const [kind, detail] = tagged(part.join_operator);
        return {
          is: 'join',
          of: [left, this.relation(part.relation, kind.endsWith('Apply'))],
          on: this.mentions({ ...detail, Using: null }),
          using: list(detail.Using).flatMap((column) => this.name(column).at(-1) ?? []),
          natural: node(part.join_operator)[kind] === 'Natural',
        };
      },
      this.relation(item.relation, false),
    );
  }

  private relation(value: unknown, applied: boolean): Source {
    const [tag, body] = tagged(value);
    const alias = this.alias(body.alias);
    if (tag === 'Table') return this.table(body, alias);
    if (tag === 'Derived')
      return { is: 'query', query: this.query(node(body.subquery)), lateral: applied || body.lateral === true, ...alias };
    if (tag === 'NestedJoin')
      return { is: 'join', of: [this.withJoins(node(body.table_with_joins))], on: [], using: [], natural: false, ...alias };
    if (tag === 'Pivot' || tag === 'Unpivot') {
      const { table, alias: _, ...others } = body;
      // What a pivot shows can't be told by name: any column of what it turns.
      return { is: 'join', of: [this.relation(table, false)], on: this.mentions(others), using: [], natural: true, ...alias };
    }
    const outputs = list(body.columns).flatMap((column) => this.fold(node(node(column).Named ?? column).name) || []);
    const { alias: _, columns: __, ...others } = body;
    const known = tag === 'JsonTable' || tag === 'OpenJsonTable';
    const effects: Mention[] = known ? [] : [{ is: 'effect', kind: 'other' }];
    return { is: 'rows', mentions: [...this.mentions(others), ...effects], outputs, ...alias };
  }

  private table(body: Node, alias: { as?: string; columns?: string[] }): Source {
    const name = this.name(body.name);
    if (isNode(body.args)) {
      const outputs = alias.as === undefined ? [] : [alias.as];
      return { is: 'rows', mentions: [...this.callee(name), ...this.arguments(name, body.args)], outputs, ...alias };
    }
    const on: Mention[] = [];
    for (const hint of list(body.with_hints))
      if (LOCKING_HINTS.has(this.fold(node(hint).Identifier))) on.push({ is: 'effect', kind: 'other' });
    if (given(body.sample)) on.push({ is: 'chance' });
    // A fourth part is another server.
    if (name.length > 3) on.push({ is: 'effect', kind: 'program' });
    const table: Source = { is: 'table', name, ...alias };
    return on.length === 0 ? table : { is: 'join', of: [table], on, using: [], natural: false };
  }

  /** An INSERT, UPDATE, DELETE or MERGE; undefined for any other statement. */
  write(tag: string, body: Node): Write | undefined {
    const output = node(node(body.output).Output ?? node(body.output).Returning);
    const into = this.name(node(output.into_table).name);
    const base: Write = {
      is: 'write',
      kinds: [],
      targets: [],
      from: [],
      spread: [],
      values: [],
      where: this.mentions([body.selection, body.order_by, body.limit]),
      returning: this.mentions([output.select_items, body.returning]),
      pseudo: this.dialect === 'mssql' ? ['inserted', 'deleted'] : [],
    };
    if (tag === 'Insert') this.insert(base, body);
    else if (tag === 'Update') this.update(base, body);
    else if (tag === 'Delete') this.delete(base, body);
    else if (tag === 'Merge') this.merge(base, body);
    else return undefined;
    // A fourth part is another server.
    if (base.targets.some((target) => target.name.length > 3)) base.values.push({ is: 'effect', kind: 'program' });
    if (into.length > 0 && !into.at(-1)!.startsWith('@')) base.targets.push({ name: into, verbs: ['create'], columns: ['*'] });
    return base;
  }

  private insert(write: Write, body: Node): void {
    const table = node(body.table);
    if (!Array.isArray(table.TableName)) write.values.push({ is: 'effect', kind: 'program' }, ...this.mentions(table));
    const set = list(body.assignments).map(node);
    const [, conflict] = tagged(body.on);
    const updates = list(node(body.on).DuplicateKeyUpdate ?? conflict).map(node);
    const replaces = body.replace_into === true || given(body.or) || body.overwrite === true;
    const upserts = replaces || given(body.on);
    const columns = [...list(body.columns).flatMap((column) => this.name(column).at(-1) ?? []), ...this.assigned(set)];
    write.kinds = upserts ? ['insert', 'update'] : ['insert'];
    write.targets.push({
      name: this.name(table.TableName),
      verbs: upserts ? ['create', 'write'] : ['create'],
      columns: columns.length === 0 || replaces ? ['*'] : [...columns, ...this.assigned(updates)],
    });
    write.values.push(...this.mentions([...set, ...updates].map((assignment) => assignment.value)));
    if (isNode(body.source)) write.rows = this.query(body.source);
    for (const row of list(node(body.insert_alias).row_alias)) write.pseudo.push(this.fold(node(row).Identifier));
  }

  private assigned(assignments: Node[]): string[] {
    return assignments.flatMap((assignment) => this.assignees(assignment).map((name) => name.at(-1) ?? '*'));
  }

  private assignees(assignment: Node): Name[] {
    const target = node(assignment.target);
    const names = Array.isArray(target.ColumnName) ? [target.ColumnName] : list(target.Tuple);
    return names.map((name) => this.name(name)).filter((name) => !name.at(-1)?.startsWith('@'));
  }

  private update(write: Write, body: Node): void {
    const assignments = list(body.assignments).map(node);
    const table = node(body.table);
    write.kinds = ['update'];
    write.values.push(...this.mentions(assignments.map((assignment) => assignment.value)));
    const from = tagged(body.from)[0] === '' ? [] : this.sources(Object.values(node(body.from))[0]);
    const only = this.relation(table.relation, false);
    const plain = unwrapped(only);
    if (list(table.joins).length === 0 && plain) {
      write.from = from;
      write.targets.push({
        name: plain.name,
        ...(plain.as === undefined ? {} : { as: plain.as }),
        verbs: ['write'],
        columns: this.assigned(assignments),
      });
    } else {
      write.from = [this.withJoins(table), ...from];
      write.spread = assignments.flatMap((assignment) => this.assignees(assignment));
    }
  }

  private delete(write: Write, body: Node): void {
    write.kinds = ['delete'];
    const from = this.sources(Object.values(node(body.from))[0]);
    const named = list(body.tables).map((name): Target => ({ name: this.name(name), verbs: ['delete'], columns: [] }));
    const using = this.sources(body.using);
    if (named.length > 0) {
      write.targets = named;
      write.from = [...from, ...using];
      return;
    }
    write.from = using;
    for (const source of from) {
      const table = unwrapped(source);
      if (table)
        write.targets.push({
          name: table.name,
          ...(table.as === undefined ? {} : { as: table.as }),
          verbs: ['delete'],
          columns: [],
        });
      else write.where.push({ is: 'effect', kind: 'other' });
    }
  }

  private merge(write: Write, body: Node): void {
    write.kinds = ['merge'];
    const table = unwrapped(this.relation(body.table, false));
    if (!table) write.where.push({ is: 'effect', kind: 'other' });
    const target: Target = {
      name: table?.name ?? ['?'],
      ...(table?.as === undefined ? {} : { as: table.as }),
      verbs: [],
      columns: [],
    };
    write.from = [this.relation(body.source, false)];
    write.where.push(...this.mentions(body.on));
    for (const item of list(body.clauses)) {
      const clause = node(item);
      const [action, detail] = tagged(clause.action);
      const verb: Verb = action === 'Insert' ? 'create' : action === 'Update' ? 'write' : 'delete';
      target.verbs.push(verb);
      const assignments = list(detail.assignments).map(node);
      const columns = [
        ...list(detail.columns).flatMap((column) => this.name(column).at(-1) ?? []),
        ...this.assigned(assignments),
      ];
      target.columns.push(...(verb === 'create' && columns.length === 0 ? ['*'] : columns));
      write.values.push(...this.mentions(assignments.map((assignment) => assignment.value)), ...this.mentions(detail.kind));
      write.where.push(...this.mentions(clause.predicate));
    }
    write.targets.push(target);
  }

  /** Everything an expression names. Unknown nodes are searched, so nothing is dropped. */
  private mentions(value: unknown): Mention[] {
    const found: Mention[] = [];
    this.collect(value, found);
    return found;
  }

  private collect(value: unknown, found: Mention[]): void {
    if (Array.isArray(value)) {
      for (const item of value) this.collect(item, found);
    } else if (isNode(value)) {
      if (isNode(value.body) && 'limit_clause' in value) found.push({ is: 'query', query: this.query(value) });
      else {
        for (const key of Object.keys(value)) {
          const child = value[key];
          if (!given(child) || typeof child === 'number' || typeof child === 'boolean' || NOT_DATA.has(key)) continue;
          const own = this.special(key, child);
          // a chain of conditions is as deep as it is long: what is found is handed down, not copied up
          if (own) found.push(...own);
          else this.collect(child, found);
        }
      }
    }
  }

  /** The nodes that name something themselves; undefined for those to search. */
  private special(key: string, child: unknown): Mention[] | undefined {
    if (key === 'Identifier') return this.identifier(node(child));
    if (key === 'CompoundIdentifier') return [{ is: 'column', name: list(child).map((part) => this.fold(part)) }];
    if (key === 'Function') return this.call(node(child));
    if (key === 'Wildcard' && isNode(child)) return [{ is: 'star', of: [] }];
    if (key === 'QualifiedWildcard') {
      const of = node(list(child)[0] ?? child);
      return Array.isArray(of.ObjectName)
        ? [{ is: 'star', of: this.name(of.ObjectName) }]
        : [{ is: 'star', of: [] }, ...this.mentions(of)];
    }
    if (key === 'MatchAgainst') return list(node(child).columns).map((column) => ({ is: 'column', name: this.name(column) }));
    if (key === 'op' && child === 'Assignment') return [{ is: 'effect', kind: 'session' }];
    if (key === 'Placeholder') return this.placeholder(text(child));
    return undefined;
  }

  private identifier(body: Node): Mention[] {
    const name = this.fold(body);
    if (!given(body.quote_style)) {
      if (name.startsWith('@')) return [];
      if (BARE_FUNCTIONS.has(name)) return [{ is: 'call', name }];
    }
    return [{ is: 'column', name: [name] }];
  }

  /** `$identity` and its like are columns under another name; `$action` is a word of MERGE. */
  private placeholder(name: string): Mention[] {
    return /^\$[a-z]/i.test(name) && name.toLowerCase() !== '$action' ? [{ is: 'column', name: [name.toLowerCase()] }] : [];
  }

  private call(body: Node): Mention[] {
    const name = this.name(body.name);
    const { name: _, args, ...others } = body;
    const given = list(node(node(args).List ?? args).args).length > 0;
    const sets: Mention[] = given && setsByArgument(name.join('.'), this.dialect) ? [{ is: 'effect', kind: 'session' }] : [];
    return [...this.callee(name), ...sets, ...this.arguments(name, args), ...this.mentions(others)];
  }

  private callee(name: Name): Mention[] {
    const last = name.at(-1)!;
    if (this.dialect === 'mssql' && name.length > 1 && name[0] !== 'dbo' && XML_METHODS.has(last)) {
      return [{ is: 'column', name: name.slice(0, -1) }];
    }
    return [{ is: 'call', name: name.join('.') }];
  }

  private arguments(name: Name, args: unknown): Mention[] {
    const holder = node(node(args).List ?? args);
    if (name.length > 1 || !UNIT_FIRST.has(name[0]!)) return this.mentions(args);
    const [, ...others] = list(holder.args);
    return this.mentions({ ...holder, args: others });
  }
}

/** The table under a hint, when the source is a plain table. */
function unwrapped(source: Source): Extract<Source, { is: 'table' }> | undefined {
  if (source.is === 'table') return source;
  return source.is === 'join' && source.of.length === 1 && source.as === undefined ? unwrapped(source.of[0]!) : undefined;
}
