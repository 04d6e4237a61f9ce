// Reads SQLite statements with SQLite's own grammar (sqlite3-parser) into the guard's model.
import { parse } from 'sqlite3-parser';
import {
  type Mention,
  type Name,
  type Output,
  plainQuery,
  type Query,
  type Select as SelectBody,
  type Source,
  type SqlKind,
  type Statement,
  type Target,
  type Write,
} from './model.ts';

type Root = Extract<ReturnType<typeof parse>, { status: 'ok' }>['root'];
type Stmt = Root['cmds'][number];
type Of<T extends Stmt['type']> = Extract<Stmt, { type: T }>;
type Select = Of<'SelectStmt'>['body'];
type OneSelect = Select['select'];
type From = NonNullable<Of<'UpdateStmt'>['from']>;
type TableItem = NonNullable<From['select']>;
type QualifiedName = Of<'DeleteStmt'>['tblName'];
type ResultColumns = NonNullable<Of<'DeleteStmt'>['returning']>;
type Insert = Of<'InsertStmt'>;
type WithClause = Insert['with'];

/** Statements of a text; undefined when SQLite's grammar rejects it. */
export function parseSqlite(text: string): Statement[] | undefined {
  const result = parse(text);
  return result.status === 'ok' ? result.root.cmds.map((cmd) => statement(cmd)) : undefined;
}

/** SQLite compares names without regard to ASCII case only. */
const fold = (name: string): string => name.replace(/[A-Z]/g, (c) => c.toLowerCase());
const nameOf = (name: QualifiedName): Name => [...(name.dbName ? [fold(name.dbName.text)] : []), fold(name.objName.text)];

const COMMANDS: Partial<Record<Stmt['type'], SqlKind[]>> = {
  AttachStmt: ['file', 'session'],
  DetachStmt: ['session'],
  BeginStmt: ['session'],
  CommitStmt: ['session'],
  RollbackStmt: ['session'],
  SavepointStmt: ['session'],
  ReleaseStmt: ['session'],
  AnalyzeStmt: ['other'],
  ReindexStmt: ['other'],
};

function statement(stmt: Stmt): Statement {
  switch (stmt.type) {
    case 'SelectStmt':
      return { is: 'query', query: selectQuery(stmt.body) };
    case 'InsertStmt':
      return { is: 'query', query: writing(stmt.with, insert(stmt)) };
    case 'UpdateStmt':
      return { is: 'query', query: writing(stmt.with, update(stmt)) };
    case 'DeleteStmt':
      return { is: 'query', query: writing(stmt.with, remove(stmt)) };
    case 'ExplainStmt':
      // many a pragma takes effect while it is compiled (sqlite.org/pragma.html), so explaining it does it
      return stmt.stmt.type === 'PragmaStmt' ? pragma(stmt.stmt) : { is: 'explain', of: statement(stmt.stmt), runs: false };
    case 'PragmaStmt':
      return pragma(stmt);
    case 'VacuumStmt':
      return { is: 'command', kinds: [stmt.into ? 'file' : 'other'], tables: [], queries: [] };
    default:
      return definition(stmt) ?? { is: 'command', kinds: COMMANDS[stmt.type] ?? ['other'], tables: [], queries: [] };
  }
}

/** Virtual table modules that keep their data inside the database. */
const OWN_MODULES = new Set([
  'fts3',
  'fts4',
  'fts5',
  'rtree',
  'rtree_i32',
  'geopoly',
  'json_each',
  'json_tree',
  'series',
  'vec0',
  'spellfix1',
]);

function definition(stmt: Stmt): Statement | undefined {
  const ddl = (tables: Name[], queries: Query[] = [], kinds: SqlKind[] = ['ddl']): Statement => ({
    is: 'command',
    kinds,
    tables,
    queries,
  });
  switch (stmt.type) {
    case 'CreateTableStmt':
      return ddl([nameOf(stmt.tblName)], stmt.body.type === 'AsSelectCreateTableBody' ? [selectQuery(stmt.body.select)] : []);
    case 'CreateViewStmt':
      return ddl([nameOf(stmt.viewName)], [selectQuery(stmt.select)]);
    case 'CreateVirtualTableStmt':
      return ddl([nameOf(stmt.tblName)], [], OWN_MODULES.has(fold(stmt.moduleName.text)) ? ['ddl'] : ['ddl', 'file']);
    case 'CreateIndexStmt':
      return ddl([[fold(stmt.tblName.text)]]);
    case 'CreateTriggerStmt':
    case 'AlterTableStmt':
    case 'DropTableStmt':
      return ddl([nameOf(stmt.tblName)]);
    case 'DropViewStmt':
      return ddl([nameOf(stmt.viewName)]);
    case 'DropIndexStmt':
    case 'DropTriggerStmt':
      return ddl([]);
    default:
      return undefined;
  }
}

/** Pragmas that look something up by name and change nothing (sqlite.org/pragma.html). */
const LOOKUPS = new Set(
  'table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list foreign_key_check integrity_check quick_check'.split(
    ' ',
  ),
);
/** Pragmas that only report when they are given no value. */
const REPORTS = new Set(
  `analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check checkpoint_fullfsync collation_list
  compile_options count_changes data_version database_list default_cache_size defer_foreign_keys encoding foreign_keys freelist_count full_column_names
  fullfsync function_list hard_heap_limit ignore_check_constraints journal_mode journal_size_limit legacy_alter_table locking_mode max_page_count
  mmap_size module_list page_count page_size pragma_list query_only read_uncommitted recursive_triggers reverse_unordered_selects schema_version
  secure_delete short_column_names soft_heap_limit synchronous temp_store threads trusted_schema user_version wal_autocheckpoint writable_schema`.split(
    /\s+/,
  ),
);
const TABLE_LOOKUPS = new Set(['table_info', 'table_xinfo', 'table_list', 'index_list', 'foreign_key_list', 'foreign_key_check']);

function pragma(stmt: Of<'PragmaStmt'>): Statement {
  const name = fold(stmt.name.objName.text);
  if (stmt.body === undefined && (REPORTS.has(name) || LOOKUPS.has(name))) return { is: 'describe', tables: [] };
  if (stmt.body?.type === 'CallPragmaBody' && LOOKUPS.has(name)) {
    const argument = stringOf(stmt.body.value);
    return { is: 'describe', tables: argument !== undefined && TABLE_LOOKUPS.has(name) ? [[argument]] : [] };
  }
  return { is: 'command', kinds: ['session'], tables: [], queries: [] };
}

function stringOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type === 'StringLiteral' && 'value' in value) return fold(String(value.value));
  if (value.type === 'Id' && 'name' in value) return fold(String(value.name));
  if (value.type === 'NameExpr' && 'name' in value) return fold((value.name as { text: string }).text);
  return undefined;
}

function ctes(clause: WithClause): Pick<Query, 'ctes' | 'sees'> {
  const items = (clause?.ctes ?? []).map((cte) => ({
    name: fold(cte.tblName.text),
    query: selectQuery(cte.select),
    ...(cte.columns ? { columns: cte.columns.map((column) => fold(column.colName.text)) } : {}),
  }));
  // SQLite's CTEs all see each other, whether or not it says RECURSIVE.
  return { ctes: items, sees: 'all' };
}

const writing = (clause: WithClause, body: Write): Query => ({ ...ctes(clause), body: [body], order: [], rest: [] });

function selectQuery(select: Select): Query {
  const arms = [select.select, ...(select.compounds ?? []).map((compound) => compound.select)];
  const body = arms.length === 1 ? [oneSelect(arms[0]!)] : arms.map((arm) => plainQuery(oneSelect(arm)));
  const order = (select.orderBy ?? []).map((key) => ({
    mentions: mentions(key.expr),
    ...(key.expr.type === 'Id' ? { bare: fold(key.expr.name) } : {}),
  }));
  return { ...ctes(select.with), body, order, rest: mentions(select.limit) };
}

function oneSelect(select: OneSelect): SelectBody {
  if (select.type === 'SelectValues') {
    return { is: 'select', from: [], outputs: select.values.map((row) => ({ mentions: mentions(row.values) })), rest: [] };
  }
  const rest = mentions([select.whereClause, select.groupBy, select.having, select.windowClause]);
  return { is: 'select', from: fromClause(select.from), outputs: select.columns.map(output), rest };
}

function output(column: ResultColumns[number]): Output {
  if (column.type !== 'ExprResultColumn') return { mentions: mentions(column) };
  const { expr } = column;
  const own = expr.type === 'Id' ? expr.name : expr.type === 'QualifiedExpr' ? expr.column.text : undefined;
  const name = column.alias?.name.text ?? own;
  return { mentions: mentions(expr), ...(name === undefined ? {} : { name: fold(name) }) };
}

function fromClause(from: From | undefined): Source[] {
  if (!from?.select) return [];
  const joined = (from.joins ?? []).reduce<Source>((left, part) => {
    const { operator, constraint } = part;
    const using = constraint?.type === 'UsingJoinConstraint' ? constraint.columns.map((column) => fold(column.text)) : [];
    return {
      is: 'join',
      of: [left, tableItem(part.table)],
      on: using.length > 0 ? [] : mentions(constraint),
      using,
      natural: operator.type === 'TypedJoinJoinOperator' && ((operator.joinType ?? 0) & NATURAL) !== 0,
    };
  }, tableItem(from.select));
  return [joined];
}

/** The bit of sqlite3-parser's `JoinType` for NATURAL. */
const NATURAL = 4;

function tableItem(item: TableItem): Source {
  const as = item.alias === undefined ? {} : { as: fold(item.alias.name.text) };
  if (item.type === 'TableSelectTable') {
    const name = nameOf(item.tblName);
    if (!isActingPragma(name)) return { is: 'table', name, ...as };
    return { is: 'rows', mentions: rowsOf(name.at(-1)!, []), outputs: [], as: as.as ?? name.at(-1)! };
  }
  if (item.type === 'SelectSelectTable') return { is: 'query', query: selectQuery(item.select), lateral: false, ...as };
  if (item.type === 'SubSelectTable') return { is: 'join', of: fromClause(item.from), on: [], using: [], natural: false, ...as };
  const name = nameOf(item.tblName).at(-1)!;
  return {
    is: 'rows',
    mentions: rowsOf(name, item.args ?? []),
    outputs: JSON_ROWS.has(name) ? JSON_COLUMNS : [],
    as: as.as ?? name,
  };
}

const JSON_ROWS = new Set(['json_each', 'json_tree', 'jsonb_each', 'jsonb_tree']);
const JSON_COLUMNS = ['key', 'value', 'type', 'atom', 'id', 'parent', 'fullkey', 'path'];

/** A table-valued function; those of pragmas read the definition of the table they name. */
function rowsOf(name: string, args: readonly unknown[]): Mention[] {
  const pragmaName = name.startsWith('pragma_') ? name.slice('pragma_'.length) : undefined;
  if (pragmaName === undefined) return [{ is: 'call', name }, ...mentions(args)];
  const harmless = LOOKUPS.has(pragmaName) || (args.length === 0 && REPORTS.has(pragmaName));
  if (!harmless) return [{ is: 'effect', kind: 'session' }, ...mentions(args)];
  const table = TABLE_LOOKUPS.has(pragmaName) ? stringOf(args[0]) : undefined;
  const literal = (args[0] as { type?: string } | undefined)?.type === 'StringLiteral';
  return table !== undefined && literal ? [tableRead([table]), ...mentions(args)] : mentions(args);
}

/** A table that is a pragma which may do something, and not only tell: `SELECT * FROM pragma_optimize` writes. */
function isActingPragma(name: Name): boolean {
  const [, pragmaName] = /^pragma_(.+)$/.exec(name.at(-1)!) ?? [];
  return pragmaName !== undefined && !LOOKUPS.has(pragmaName) && !REPORTS.has(pragmaName);
}

const tableRead = (name: Name): Mention => ({
  is: 'query',
  query: plainQuery({ is: 'select', from: [{ is: 'table', name }], outputs: [], rest: [] }),
});

const emptyWrite = (kinds: SqlKind[], target: Target, returning: ResultColumns | undefined): Write => ({
  is: 'write',
  kinds,
  targets: [target],
  from: [],
  spread: [],
  values: [],
  where: [],
  returning: mentions(returning),
  pseudo: [],
});

const labelled = (name: QualifiedName): Pick<Target, 'name' | 'as'> => ({
  name: nameOf(name),
  ...(name.alias ? { as: fold(name.alias.text) } : {}),
});

function insert(stmt: Insert): Write {
  const replaces = stmt.orConflict === 'Replace';
  let upserts = replaces;
  const columns = (stmt.columns ?? []).map((column) => fold(column.text));
  if (columns.length === 0 || replaces) columns.push('*');
  const write = emptyWrite(['insert'], { ...labelled(stmt.tblName), verbs: ['create'], columns }, stmt.returning);
  write.pseudo = ['excluded'];
  if (stmt.body.type === 'SelectInsertBody') {
    write.rows = selectQuery(stmt.body.select);
    for (let clause = stmt.body.upsert; clause; clause = clause.next) {
      write.where.push(...mentions(clause.index));
      if (clause.doClause.type !== 'SetUpsertDo') continue;
      upserts = true;
      write.where.push(...mentions(clause.doClause.whereClause));
      assign(write, clause.doClause.sets);
    }
  }
  if (upserts) {
    write.kinds = ['insert', 'update'];
    write.targets[0]!.verbs = ['create', 'write'];
  }
  return write;
}

function assign(write: Write, sets: Of<'UpdateStmt'>['sets']): void {
  for (const set of sets) {
    write.targets[0]!.columns.push(...set.colNames.map((column) => fold(column.text)));
    write.values.push(...mentions(set.expr));
  }
}

function update(stmt: Of<'UpdateStmt'>): Write {
  // OR REPLACE deletes the rows that stand in the way.
  const replaces = stmt.orConflict === 'Replace';
  const target: Target = { ...labelled(stmt.tblName), verbs: replaces ? ['write', 'delete'] : ['write'], columns: [] };
  const write = emptyWrite(replaces ? ['update', 'delete'] : ['update'], target, stmt.returning);
  assign(write, stmt.sets);
  write.from = fromClause(stmt.from);
  write.where = mentions([stmt.whereClause, stmt.orderBy, stmt.limit]);
  return write;
}

function remove(stmt: Of<'DeleteStmt'>): Write {
  const write = emptyWrite(['delete'], { ...labelled(stmt.tblName), verbs: ['delete'], columns: [] }, stmt.returning);
  write.where = mentions([stmt.whereClause, stmt.orderBy, stmt.limit]);
  return write;
}

/** Words that stand for a value when they are written bare. */
const CONSTANTS = new Set(['true', 'false']);

/** Everything a part of the tree names. Nodes without a meaning of their own are searched, so nothing is dropped. */
function mentions(value: unknown): Mention[] {
  const found: Mention[] = [];
  collect(value, found);
  return found;
}

/** What is found is handed down, not copied up: a chain of conditions is as deep as it is long. */
function collect(value: unknown, found: Mention[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (typeof value === 'object' && value !== null && 'type' in value) {
    const own = mention(value as Tree, value);
    if (own) found.push(...own);
    else for (const key of Object.keys(value)) collect((value as unknown as Tree)[key], found);
  }
}

type Tree = { type: string; [field: string]: unknown };

/** The nodes that name something themselves; undefined for those to search. */
function mention(node: Tree, value: object): Mention[] | undefined {
  const text = (field: string): string =>
    fold(String((node[field] as { text?: unknown; name?: unknown } | undefined)?.text ?? ''));
  switch (node.type) {
    case 'Id':
      return CONSTANTS.has(fold(String(node.name))) ? [] : [{ is: 'column', name: [fold(String(node.name))] }];
    case 'QualifiedExpr':
      return [{ is: 'column', name: [...(node.schema ? [text('schema')] : []), text('table'), text('column')] }];
    case 'StarResultColumn':
      return [{ is: 'star', of: [] }];
    case 'TableStarResultColumn':
      return [{ is: 'star', of: [text('table')] }];
    case 'Select':
      return [{ is: 'query', query: selectQuery(value as Select) }];
    case 'FunctionCallExpr':
    case 'FunctionCallStarExpr': {
      const { name, ...others } = node;
      return [{ is: 'call', name: fold((name as { name: string }).name) }, ...fields(others)];
    }
    case 'InTableExpr': {
      const { rhs, args, ...others } = node;
      const name = nameOf(rhs as QualifiedName);
      if (args !== undefined) return [...rowsOf(name.at(-1)!, args as unknown[]), ...fields(others)];
      if (isActingPragma(name)) return [...rowsOf(name.at(-1)!, []), ...fields(others)];
      return [{ is: 'query', query: plainQuery(wholeTable(name)) }, ...fields(others)];
    }
    default:
      return undefined;
  }
}

const wholeTable = (name: Name): SelectBody => ({
  is: 'select',
  from: [{ is: 'table', name }],
  outputs: [{ mentions: [{ is: 'star', of: [] }] }],
  rest: [],
});

const fields = (node: { [field: string]: unknown }): Mention[] => Object.values(node).flatMap((child) => mentions(child));
