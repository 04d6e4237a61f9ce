// Reads PostgreSQL statements with the server's own grammar (libpg-query) into the guard's model.
import { loadModule, parseSync } from 'libpg-query';
import type { Verb } from '../types.ts';
import {
  type Cte,
  type Mention,
  type Name,
  type Output,
  plainQuery,
  type Query,
  type Select,
  type Source,
  type SqlKind,
  type Statement,
  type Target,
  type Write,
} from './model.ts';

type Node = { [key: string]: unknown };

let loaded = false;

/** Loads the grammar's wasm; once is enough. */
export async function loadPostgres(): Promise<void> {
  await loadModule();
  loaded = true;
}

/** Statements of a text; undefined when the server's grammar rejects it. */
export function parsePostgres(text: string): Statement[] | undefined {
  let tree: Node;
  try {
    tree = parseSync(text) as unknown as Node;
  } catch {
    return undefined;
  }
  return list(tree.stmts).map((raw) => statement(node(raw.stmt)));
}

export const postgresIsLoaded = (): boolean => loaded;

// Access to libpg-query's JSON: `{ Tag: { field: … } }`, with absent fields for defaults.
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const node = (value: unknown): Node => (isNode(value) ? value : {});
const list = (value: unknown): Node[] => (Array.isArray(value) ? value.map(node) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const string = (value: unknown): string => text(node(node(value).String).sval) ?? '';
const strings = (value: unknown): string[] => list(value).map(string);
const tagged = (value: Node): [string, Node] => {
  const [entry] = Object.entries(value);
  return entry ? [entry[0], node(entry[1])] : ['', {}];
};

const COMMANDS: Record<string, SqlKind[]> = {
  CallStmt: ['procedure'],
  DoStmt: ['procedure'],
  ExecuteStmt: ['procedure'],
  PrepareStmt: ['session'],
  DeallocateStmt: ['session'],
  DeclareCursorStmt: ['session'],
  FetchStmt: ['session'],
  ClosePortalStmt: ['session'],
  ListenStmt: ['session'],
  UnlistenStmt: ['session'],
  NotifyStmt: ['session'],
  DiscardStmt: ['session'],
  TransactionStmt: ['session'],
  ConstraintsSetStmt: ['session'],
  LockStmt: ['session'],
  LoadStmt: ['program', 'file'],
  AlterSystemStmt: ['session', 'file'],
  AlterDatabaseSetStmt: ['session', 'ddl'],
  GrantStmt: ['role'],
  GrantRoleStmt: ['role'],
  CreateRoleStmt: ['role'],
  AlterRoleStmt: ['role'],
  AlterRoleSetStmt: ['role', 'session'],
  DropRoleStmt: ['role'],
  AlterDefaultPrivilegesStmt: ['role'],
  ReassignOwnedStmt: ['role'],
  DropOwnedStmt: ['role', 'ddl'],
  AlterOwnerStmt: ['role', 'ddl'],
  CreatePolicyStmt: ['role', 'ddl'],
  AlterPolicyStmt: ['role', 'ddl'],
  CreateExtensionStmt: ['ddl', 'program'],
  AlterExtensionStmt: ['ddl', 'program'],
  CreatePLangStmt: ['ddl', 'program'],
  CreateTableSpaceStmt: ['ddl', 'file'],
  CreateSubscriptionStmt: ['ddl', 'program'],
  AlterSubscriptionStmt: ['ddl', 'program'],
  CreateForeignServerStmt: ['ddl', 'program'],
  AlterForeignServerStmt: ['ddl', 'program'],
  CreateUserMappingStmt: ['ddl', 'role'],
  AlterUserMappingStmt: ['ddl', 'role'],
  DropUserMappingStmt: ['ddl', 'role'],
  SecLabelStmt: ['role', 'ddl'],
};
const DEFINES = /^(?:Create|Alter|Drop|Define|Comment|Rename|Index|View|Rule|Import|CompositeType|RefreshMatView)/;

function statement(stmt: Node): Statement {
  const [tag, body] = tagged(stmt);
  if (isQueryTag(tag)) return { is: 'query', query: query(stmt) };
  if (tag === 'VariableShowStmt') return { is: 'describe', tables: [] };
  if (tag === 'ExplainStmt') return { is: 'explain', of: statement(node(body.query)), runs: explainRuns(list(body.options)) };
  if (tag === 'TruncateStmt') {
    const tables = list(body.relations).map((relation) => tableOf(node(relation.RangeVar)));
    return { is: 'truncate', tables, cascades: body.behavior === 'DROP_CASCADE' };
  }
  if (tag === 'CopyStmt') return copy(body);
  if (tag === 'VariableSetStmt') return command(body, variableSet(text(body.name) ?? ''));
  return command(body, COMMANDS[tag] ?? (DEFINES.test(tag) ? ['ddl'] : ['other']));
}

function command(body: Node, kinds: SqlKind[]): Statement {
  const found: { tables: Name[]; queries: Query[] } = { tables: [], queries: [] };
  inside(body, found);
  return { is: 'command', kinds, ...found };
}

/** The tables and queries a command names, wherever they stand in it. */
function inside(value: unknown, found: { tables: Name[]; queries: Query[] }): void {
  if (Array.isArray(value)) for (const item of value) inside(item, found);
  if (!isNode(value)) return;
  const [tag, body] = tagged(value);
  if (isQueryTag(tag)) found.queries.push(query(value));
  else {
    if (typeof value.relname === 'string') found.tables.push(tableOf(value));
    if (tag === 'List' && typeof body === 'object') {
      // DROP TABLE names its objects as lists of strings.
      const names = strings(body.items);
      if (names.length > 0 && names.every((name) => name !== '')) found.tables.push(names);
    }
    for (const child of Object.values(value)) inside(child, found);
  }
}

function variableSet(name: string): SqlKind[] {
  return name === 'role' || name === 'session_authorization' ? ['role', 'session'] : ['session'];
}

function explainRuns(options: Node[]): boolean {
  return options.some((option) => {
    const element = node(option.DefElem);
    if (element.defname !== 'analyze') return false;
    const [tag, value] = tagged(node(element.arg));
    if (tag === 'String') return !/^(?:false|off)$/i.test(text(value.sval) ?? '');
    return tag !== 'Integer' || (value.ival ?? 0) !== 0;
  });
}

function copy(body: Node): Statement {
  const kind: SqlKind = body.is_program === true ? 'program' : text(body.filename) === undefined ? 'other' : 'file';
  const queries = isNode(body.query) ? [query(body.query)] : [];
  const relation = node(body.relation);
  if (typeof relation.relname === 'string') {
    const name = tableOf(relation);
    const columns = strings(body.attlist);
    queries.push(body.is_from === true ? plainQuery(insertInto(name, columns)) : plainQuery(selectAll(name)));
  }
  return { is: 'command', kinds: [kind], tables: [], queries };
}

function insertInto(name: Name, columns: string[]): Write {
  const target: Target = { name, verbs: ['create'], columns: columns.length > 0 ? columns : ['*'] };
  return { ...emptyWrite('insert'), targets: [target] };
}

function selectAll(name: Name): Select {
  return { is: 'select', from: [{ is: 'table', name }], outputs: [{ mentions: [{ is: 'star', of: [] }] }], rest: [] };
}

const emptyWrite = (...kinds: SqlKind[]): Write => ({
  is: 'write',
  kinds,
  targets: [],
  from: [],
  spread: [],
  values: [],
  where: [],
  returning: [],
  pseudo: [],
});

const QUERY_TAGS = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);
const isQueryTag = (tag: string): boolean => QUERY_TAGS.has(tag);

function query(stmt: Node): Query {
  const [tag, body] = tagged(stmt);
  return tag === 'SelectStmt' ? selectQuery(body) : { ...withClause(body), body: [write(tag, body)], order: [], rest: [] };
}

function withClause(body: Node): Pick<Query, 'ctes' | 'sees'> {
  const clause = node(body.withClause);
  const ctes = list(clause.ctes).map((item): Cte => {
    const cte = node(item.CommonTableExpr);
    const columns = strings(cte.aliascolnames);
    return { name: text(cte.ctename) ?? '', query: query(node(cte.ctequery)), ...(columns.length > 0 ? { columns } : {}) };
  });
  return { ctes, sees: clause.recursive === true ? 'all' : 'earlier' };
}

function selectQuery(body: Node): Query {
  const larg = body.larg;
  const arms = isNode(larg) ? [selectQuery(larg), selectQuery(node(body.rarg))] : [select(body)];
  const rest = mentionsOf([body.limitCount, body.limitOffset]);
  // Row locks outlive the statement and stop other people's writes.
  if (list(body.lockingClause).length > 0) rest.push({ is: 'effect', kind: 'other' });
  rest.push(...list(body.sortClause).flatMap((item) => operator(strings(node(item.SortBy).useOp))));
  return { ...withClause(body), body: arms, order: sortKeys(body.sortClause), rest };
}

function sortKeys(value: unknown): Query['order'] {
  return list(value).map((item) => {
    const key = node(item.SortBy).node;
    const name = columnOf(node(key));
    return { mentions: mentions(key), ...(name?.length === 1 ? { bare: name[0]! } : {}) };
  });
}

function select(body: Node): Select {
  const values = list(body.valuesLists);
  const outputs: Output[] =
    values.length > 0
      ? list(node(values[0]!.List).items).map((_, i) => ({
          name: `column${i + 1}`,
          mentions: values.flatMap((row) => mentions(list(node(row.List).items)[i])),
        }))
      : list(body.targetList).map((target) => output(node(target.ResTarget)));
  const rest = mentionsOf([body.distinctClause, body.whereClause, body.groupClause, body.havingClause, body.windowClause]);
  if (isNode(body.intoClause)) rest.push({ is: 'effect', kind: 'ddl' });
  return { is: 'select', from: list(body.fromClause).map(source), outputs, rest };
}

function output(target: Node): Output {
  const value = node(target.val);
  const name = text(target.name) ?? columnOf(value)?.at(-1) ?? functionOf(value);
  return { mentions: mentions(value), ...(name === undefined ? {} : { name }) };
}

const functionOf = (value: Node): string | undefined => strings(node(value.FuncCall).funcname).at(-1);

/** The parts of a plain column reference; undefined for anything else, stars too. */
function columnOf(value: Node): string[] | undefined {
  if (!isNode(value.ColumnRef)) return undefined;
  const parts = strings(value.ColumnRef.fields);
  return parts.every((part) => part !== '') ? parts : undefined;
}

function tableOf(range: Node): Name {
  return [range.catalogname, range.schemaname, range.relname].flatMap((part) => text(part) ?? []);
}

function labels(value: unknown): { as?: string; columns?: string[] } {
  const alias = node(value);
  const as = text(alias.aliasname);
  const columns = strings(alias.colnames);
  return { ...(as === undefined ? {} : { as }), ...(columns.length > 0 ? { columns } : {}) };
}

function source(item: Node): Source {
  const [tag, body] = tagged(item);
  const label = labels(body.alias);
  if (tag === 'RangeVar') return { is: 'table', name: tableOf(body), ...label };
  if (tag === 'RangeSubselect')
    return { is: 'query', query: query(node(body.subquery)), lateral: body.lateral === true, ...label };
  if (tag === 'JoinExpr') {
    const of = [source(node(body.larg)), source(node(body.rarg))];
    const using = strings(body.usingClause);
    return { is: 'join', of, on: mentions(body.quals), using, natural: body.isNatural === true, ...label };
  }
  if (tag === 'RangeTableSample') {
    const sampled = source(node(body.relation));
    return { is: 'join', of: [sampled], on: [...mentions(body.args), { is: 'chance' }], using: [], natural: false };
  }
  const rows = tag === 'RangeFunction' ? mentions(body.functions) : mentions(body);
  const outputs = [label.as ?? '', ...list(body.coldeflist).map((column) => text(node(column.ColumnDef).colname) ?? '')];
  if (tag === 'RangeFunction') outputs.push(...functionNames(body.functions));
  return { is: 'rows', mentions: rows, outputs: outputs.filter((name) => name !== ''), ...label };
}

/** A function in FROM without an alias goes by its own name. */
function functionNames(value: unknown): string[] {
  return list(value).flatMap((item) => list(node(item.List).items).flatMap((call) => functionOf(call) ?? []));
}

function write(tag: string, body: Node): Write {
  const relation = node(body.relation);
  const name = tableOf(relation);
  const label = labels(relation.alias);
  const assigned = (targets: unknown): string[] => list(targets).map((target) => text(node(target.ResTarget).name) ?? '*');
  const returning = mentions(node(body.returningClause).exprs);
  if (tag === 'InsertStmt') {
    const conflict = node(body.onConflictClause);
    const upserts = conflict.action === 'ONCONFLICT_UPDATE';
    const columns = assigned(body.cols);
    const target: Target = { name, ...label, verbs: ['create'], columns: columns.length > 0 ? columns : ['*'] };
    if (upserts) target.columns.push(...assigned(conflict.targetList));
    return {
      ...emptyWrite('insert', ...(upserts ? (['update'] as const) : [])),
      targets: [{ ...target, verbs: upserts ? ['create', 'write'] : ['create'] }],
      ...(isNode(body.selectStmt) ? { rows: query(body.selectStmt) } : {}),
      values: mentions(conflict.targetList),
      where: mentionsOf([conflict.whereClause, conflict.infer]),
      returning,
      pseudo: ['excluded', 'old', 'new'],
    };
  }
  if (tag === 'MergeStmt') return merge(body, { name, ...label, verbs: [], columns: [] }, returning);
  const updates = tag === 'UpdateStmt';
  const verbs: Verb[] = [updates ? 'write' : 'delete'];
  return {
    ...emptyWrite(updates ? 'update' : 'delete'),
    targets: [{ name, ...label, verbs, columns: updates ? assigned(body.targetList) : [] }],
    from: list(updates ? body.fromClause : body.usingClause).map(source),
    values: mentions(body.targetList),
    where: mentions(body.whereClause),
    returning,
    pseudo: ['old', 'new'],
  };
}

const MERGE_VERBS: Record<string, Verb> = { CMD_INSERT: 'create', CMD_UPDATE: 'write', CMD_DELETE: 'delete' };

function merge(body: Node, target: Target, returning: Mention[]): Write {
  const clauses = list(body.mergeWhenClauses).map((clause) => node(clause.MergeWhenClause));
  for (const clause of clauses) {
    const verb = MERGE_VERBS[text(clause.commandType) ?? ''];
    if (verb) target.verbs.push(verb);
    const columns = list(clause.targetList).map((column) => text(node(column.ResTarget).name) ?? '*');
    if (verb === 'create' && columns.length === 0) columns.push('*');
    target.columns.push(...columns);
  }
  return {
    ...emptyWrite('merge'),
    targets: [target],
    from: [source(node(body.sourceRelation))],
    values: clauses.flatMap((clause) => mentionsOf([clause.targetList, clause.values])),
    where: [...mentions(body.joinCondition), ...clauses.flatMap((clause) => mentions(clause.condition))],
    returning,
    pseudo: ['old', 'new'],
  };
}

const mentionsOf = (values: readonly unknown[]): Mention[] => values.flatMap((value) => mentions(value));

/** Everything an expression names. Unknown nodes are searched, so nothing a new grammar adds is dropped. */
function mentions(value: unknown): Mention[] {
  const found: Mention[] = [];
  collect(value, found);
  return found;
}

/** What is found is handed down, not copied up: a chain of conditions may be as deep as it is long. */
function collect(value: unknown, found: Mention[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isNode(value)) {
    for (const key of Object.keys(value)) {
      const child = value[key];
      if (typeof child !== 'object' || child === null) continue;
      const own = mention(key, node(child));
      if (own) found.push(...own);
      else collect(child, found);
    }
  }
}

/** The nodes that name something themselves; undefined for those to search. */
function mention(tag: string, body: Node): Mention[] | undefined {
  if (tag === 'ColumnRef') return [columnRef(body)];
  if (isQueryTag(tag)) return [{ is: 'query', query: query({ [tag]: body }) }];
  if (tag === 'FuncCall')
    return [{ is: 'call', name: routine(strings(body.funcname)) }, ...mentions({ ...body, funcname: undefined })];
  if (tag === 'typeName' || tag === 'TypeName' || tag === 'collname') return [];
  if (tag === 'RangeVar') return [{ is: 'query', query: plainQuery(selectAll(tableOf(body))) }];
  if (tag === 'CurrentOfExpr') return [{ is: 'effect', kind: 'session' }];
  if (tag === 'A_Expr') return [...operator(strings(body.name)), ...mentions({ ...body, name: undefined })];
  if (tag === 'SortBy') return [...operator(strings(body.useOp)), ...mentions({ ...body, useOp: undefined })];
  if (tag === 'SubLink') return [...operator(strings(body.operName)), ...mentions({ ...body, operName: undefined })];
  if (tag === 'XmlExpr' || tag === 'XmlSerialize') return mentions({ ...body, typeName: undefined });
  return undefined;
}

function columnRef(body: Node): Mention {
  const fields = list(body.fields);
  const parts = strings(fields).filter((part) => part !== '');
  return 'A_Star' in (fields.at(-1) ?? {}) ? { is: 'star', of: parts } : { is: 'column', name: parts };
}

/** Built-in functions go by their bare name; others keep their schema and are unknown. */
function routine(name: string[]): string {
  return (name.length > 1 && name[0] === 'pg_catalog' ? name.slice(1) : name).join('.');
}

/** `OPERATOR(schema.+)` runs whatever function somebody defined it with. */
function operator(name: string[]): Mention[] {
  return name.length > 1 && name[0] !== 'pg_catalog' ? [{ is: 'call', name: `operator ${name.join('.')}` }] : [];
}
