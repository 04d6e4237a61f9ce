// Follows names through scopes: which tables and columns a statement really reads and writes, and which side effects it has.
import type { SqlDialect, Verb } from '../types.ts';
import { escaped, tableName } from './catalog.ts';
import { functionEffect } from './functions.ts';
import {
  type Cte,
  isQuery,
  type Mention,
  type Name,
  type Query,
  type Select,
  type Source,
  type SqlKind,
  type Write,
} from './model.ts';

/** What one source is in its scope. `tables` own columns directly; `beneath` are the tables whose rows it shows. */
type Bound = { label?: string; qualified?: string; tables: string[]; beneath: string[]; outputs: Set<string>; renamed: boolean };
type Ctes = { names: Map<string, Shape>; outer?: Ctes | undefined };
type Scope = { sources: Bound[]; outer?: Scope | undefined };
/** `scope` is the one that the sort keys of a query around it see. */
type Shape = { outputs: Set<string>; beneath: string[]; scope?: Scope | undefined };
/** `settled`: a chance value here changes what is written, not how many rows. */
type Place = { scope?: Scope | undefined; ctes?: Ctes | undefined; settled: boolean };

const NO_SHAPE: Shape = { outputs: new Set(), beneath: [] };

/** Collects what a statement does. One per statement; read the public sets when done. */
export class Resolver {
  readonly kinds = new Set<SqlKind>();
  readonly tables = new Set<string>();
  readonly columns = new Set<string>();
  readonly functions = new Set<string>();
  readonly actions = new Map<string, { verb: Verb; table?: string }>();
  /** Holds when running it and rolling back would not tell, or not undo, what it does. */
  uncountable = false;

  constructor(private readonly dialect: SqlDialect) {}

  act(verb: Verb, table?: string): void {
    this.actions.set(`${verb} ${table ?? ''}`, table === undefined ? { verb } : { verb, table });
    if (table !== undefined) this.tables.add(table);
  }

  /** A side effect: its kind, and an execute. */
  effect(kind: SqlKind): void {
    this.kinds.add(kind);
    this.act('execute');
  }

  query(query: Query, place: Place = { settled: false }): Shape {
    const ctes = this.bindCtes(query, place);
    const inner: Place = { ...place, ctes };
    const shapes: Shape[] = [];
    for (const body of query.body) {
      if (isQuery(body)) shapes.push(this.query(body, inner));
      else {
        const scope: Scope = { sources: [], outer: place.scope };
        shapes.push({ ...(body.is === 'select' ? this.select(body, scope, inner) : this.write(body, scope, inner)), scope });
      }
    }
    const outputs = shapes[0]?.outputs ?? new Set<string>();
    // Sort keys see the sources only where there is one SELECT; over a UNION they can name nothing but its outputs.
    const scope = shapes.length === 1 ? shapes[0]!.scope : place.scope;
    const tail: Place = { ...inner, scope, settled: false };
    for (const key of query.order) {
      if (key.bare === undefined || !shapes.some((shape) => shape.outputs.has(key.bare!))) this.mentions(key.mentions, tail);
    }
    this.mentions(query.rest, tail);
    return { outputs, beneath: shapes.flatMap((shape) => shape.beneath), scope };
  }

  private bindCtes(query: Query, place: Place): Ctes | undefined {
    if (query.ctes.length === 0) return place.ctes;
    const ctes: Ctes = { names: new Map(), outer: place.ctes };
    if (query.sees === 'all') for (const cte of query.ctes) ctes.names.set(cte.name, NO_SHAPE);
    for (const cte of query.ctes) {
      if (query.sees === 'self') ctes.names.set(cte.name, NO_SHAPE);
      ctes.names.set(cte.name, this.cte(cte, { ...place, ctes, settled: false }));
    }
    return ctes;
  }

  private cte(cte: Cte, place: Place): Shape {
    const shape = this.query(cte.query, place);
    return { outputs: cte.columns ? new Set(cte.columns) : shape.outputs, beneath: shape.beneath };
  }

  private select(select: Select, scope: Scope, place: Place): Shape {
    const inner: Place = { ...place, scope };
    for (const source of select.from) scope.sources.push(...this.bind(source, inner));
    this.joins(select.from, inner);
    for (const output of select.outputs) this.mentions(output.mentions, inner);
    this.mentions(select.rest, { ...inner, settled: false });
    return { outputs: this.outputNames(select), beneath: scope.sources.flatMap((source) => source.beneath) };
  }

  private outputNames(select: Select): Set<string> {
    return new Set(select.outputs.flatMap((output) => (output.name === undefined ? [] : [output.name])));
  }

  /** Reads what a source reads, and says what names it brings into scope. `targets` are written, so looking them up is no read. */
  private bind(source: Source, place: Place, targets?: ReadonlySet<string>): Bound[] {
    if (source.is === 'join') {
      const parts: Bound[] = [];
      // A lateral part sees those to its left.
      for (const part of source.of) parts.push(...this.bind(part, { ...place, scope: beside(place.scope, parts) }, targets));
      for (const bound of parts) {
        for (const column of source.using) for (const table of bound.tables) this.columns.add(`${table}.${escaped(column)}`);
        // A natural join compares every column the two sides share: any of them.
        if (source.natural) for (const table of bound.tables) this.columns.add(`${table}.*`);
      }
      if (source.as === undefined) return parts;
      // Its own label hides those inside, so its conditions are looked up here.
      this.joins([{ ...source, as: undefined }], { ...place, scope: beside(place.scope, parts) });
      return [joined(source.as, parts, source.columns)];
    }
    if (source.is === 'table') return [this.bindTable(source, place, targets)];
    const label = source.as === undefined ? {} : { label: source.as };
    if (source.is === 'rows') {
      this.mentions(source.mentions, { ...place, settled: false });
      return [
        { ...label, tables: [], beneath: [], outputs: new Set([...source.outputs, ...(source.columns ?? [])]), renamed: false },
      ];
    }
    const outer = source.lateral ? place.scope : place.scope?.outer;
    const shape = this.query(source.query, { scope: outer, ctes: place.ctes, settled: false });
    const outputs = source.columns ? new Set(source.columns) : shape.outputs;
    return [{ ...label, tables: [], beneath: shape.beneath, outputs, renamed: false }];
  }

  private bindTable(source: Extract<Source, { is: 'table' }>, place: Place, targets?: ReadonlySet<string>): Bound {
    const label = source.as ?? source.name.at(-1)!;
    const cte = source.name.length === 1 ? findCte(source.name[0]!, place.ctes) : undefined;
    if (cte) {
      return {
        label,
        tables: [],
        beneath: cte.beneath,
        outputs: source.columns ? new Set(source.columns) : cte.outputs,
        renamed: false,
      };
    }
    const table = tableName(source.name, this.dialect);
    // Variables and MySQL's `dual` hold no table's data.
    if (table === undefined) return { label, tables: [], beneath: [], outputs: new Set(), renamed: false };
    if (!targets?.has(label)) this.act('read', table);
    else this.tables.add(table);
    const renamed = source.columns !== undefined;
    const bound: Bound = { label, tables: [table], beneath: [table], outputs: new Set(), renamed };
    return source.as === undefined ? { ...bound, qualified: source.name.join('\0') } : bound;
  }

  private joins(sources: readonly Source[], place: Place): void {
    for (const source of sources) {
      if (source.is !== 'join' || source.as !== undefined) continue;
      this.joins(source.of, place);
      this.mentions(source.on, { ...place, settled: false });
    }
  }

  private write(write: Write, scope: Scope, place: Place): Shape {
    for (const kind of write.kinds) this.kinds.add(kind);
    const inner: Place = { ...place, scope };
    const labels = new Set([
      ...write.targets.map((target) => target.name.at(-1)!),
      ...write.spread.map((name) => name.at(-2) ?? ''),
    ]);
    for (const source of write.from) scope.sources.push(...this.bind(source, inner, labels));
    const written = write.targets.flatMap((target) => this.target(target, scope, inner));
    written.push(...write.spread.flatMap((column) => this.spread(column, scope)));
    for (const label of write.pseudo)
      scope.sources.push({ label, tables: written, beneath: written, outputs: new Set(), renamed: false });
    if (write.rows) this.query(write.rows, { ...place, settled: true });
    this.joins(write.from, inner);
    this.mentions(write.values, { ...inner, settled: true });
    this.mentions(write.where, { ...inner, settled: false });
    if (write.returning.length > 0) {
      for (const table of written) this.act('read', table);
      this.mentions(write.returning, { ...inner, settled: true });
    }
    return { outputs: new Set(), beneath: written };
  }

  /** The tables a target stands for: a label among the sources, the tables under a CTE, or the table itself. */
  private target(target: Write['targets'][number], scope: Scope, place: Place): string[] {
    const [first] = target.name;
    let tables: string[];
    const source = target.name.length === 1 ? scope.sources.find((bound) => bound.label === first) : undefined;
    if (source) tables = source.beneath;
    else {
      const cte = this.dialect === 'mssql' && target.name.length === 1 ? findCte(first!, place.ctes) : undefined;
      const table = tableName(target.name, this.dialect);
      tables = cte ? cte.beneath : table === undefined ? [] : [table];
      const qualified = target.as === undefined ? { qualified: target.name.join('\0') } : {};
      const label = target.as ?? target.name.at(-1)!;
      scope.sources.unshift({ label, ...qualified, tables, beneath: tables, outputs: new Set(), renamed: false });
    }
    for (const table of tables) {
      for (const verb of target.verbs) this.act(verb, table);
      for (const column of target.columns) this.columns.add(column === '*' ? `${table}.*` : `${table}.${escaped(column)}`);
    }
    if (tables.length === 0) for (const verb of target.verbs) this.act(verb);
    return tables;
  }

  private spread(column: Name, scope: Scope): string[] {
    const label = column.at(-2);
    const found = label === undefined ? scope.sources : scope.sources.filter((bound) => bound.label === label);
    const tables = found.flatMap((bound) => bound.beneath);
    for (const table of tables) {
      this.act('write', table);
      this.columns.add(`${table}.${escaped(column.at(-1)!)}`);
    }
    if (tables.length === 0) this.act('write');
    return tables;
  }

  mentions(mentions: readonly Mention[], place: Place): void {
    for (const mention of mentions) {
      if (mention.is === 'column') this.column(mention.name, place.scope);
      else if (mention.is === 'star') this.star(mention.of, place.scope);
      else if (mention.is === 'call') this.call(mention.name, place.settled);
      else if (mention.is === 'query') this.query(mention.query, place);
      else if (mention.is === 'chance') this.uncountable = true;
      else {
        this.uncountable = true;
        this.effect(mention.kind);
      }
    }
  }

  private call(name: string, settled: boolean): void {
    this.functions.add(name);
    const { kind, chance } = functionEffect(name, this.dialect);
    if (chance && !settled) this.uncountable = true;
    // Taking a sequence's next number for a row to insert is what a default does; the gap a rollback leaves harms nobody.
    if (kind === undefined || (name === 'nextval' && settled)) return;
    this.effect(kind);
    this.uncountable = true;
  }

  private column(name: Name, scope: Scope | undefined): void {
    if (name.length === 1) this.bareColumn(name[0]!, scope);
    else this.qualifiedColumn(name.slice(0, -1), name.at(-1)!, scope);
  }

  /** A bare name may belong to any table in scope, outer ones too: it counts for each, unless a derived table surely has it. */
  private bareColumn(name: string, scope: Scope | undefined): void {
    for (let level = scope; level; level = level.outer) {
      const row = this.dialect === 'postgres' ? level.sources.find((bound) => bound.label === name) : undefined;
      if (row) for (const table of row.tables) this.columns.add(`${table}.*`);
      if (row || level.sources.some((bound) => bound.outputs.has(name))) return;
      for (const bound of level.sources) this.own(bound, name);
    }
  }

  private own(bound: Bound, column: string): void {
    for (const table of bound.tables) this.columns.add(bound.renamed ? `${table}.*` : `${table}.${escaped(column)}`);
  }

  private qualifiedColumn(qualifier: Name, column: string, scope: Scope | undefined): void {
    const bound = this.find(qualifier, scope);
    if (bound) this.own(bound, column);
    else this.unknown(qualifier, escaped(column));
  }

  private star(of: Name, scope: Scope | undefined): void {
    if (of.length === 0) {
      for (const bound of scope?.sources ?? []) for (const table of bound.tables) this.columns.add(`${table}.*`);
      return;
    }
    const bound = this.find(of, scope);
    if (!bound) this.unknown(of, '*');
    else for (const table of bound.tables) this.columns.add(`${table}.*`);
  }

  private find(qualifier: Name, scope: Scope | undefined): Bound | undefined {
    const whole = qualifier.join('\0');
    const tail = `\0${whole}`;
    for (let level = scope; level; level = level.outer) {
      const found = level.sources.find((bound) =>
        qualifier.length === 1 ? bound.label === qualifier[0] : bound.qualified === whole || bound.qualified?.endsWith(tail),
      );
      if (found) return found;
    }
    // `schema.table.column` for a table that was named without its schema.
    return qualifier.length > 1 ? this.find(qualifier.slice(1), scope) : undefined;
  }

  /** A qualifier that is nowhere in scope is reported as written rather than dropped. */
  private unknown(qualifier: Name, column: string): void {
    const table = tableName(qualifier, this.dialect);
    if (table !== undefined) this.columns.add(`${table}.${column}`);
  }
}

function findCte(name: string, ctes: Ctes | undefined): Shape | undefined {
  for (let level = ctes; level; level = level.outer) {
    const shape = level.names.get(name);
    if (shape) return shape;
  }
  return undefined;
}

function beside(scope: Scope | undefined, more: readonly Bound[]): Scope {
  return { sources: [...(scope?.sources ?? []), ...more], outer: scope?.outer };
}

function joined(label: string, parts: readonly Bound[], columns: string[] | undefined): Bound {
  return {
    label,
    tables: parts.flatMap((part) => part.tables),
    beneath: parts.flatMap((part) => part.beneath),
    outputs: new Set(parts.flatMap((part) => [...part.outputs])),
    renamed: columns !== undefined || parts.some((part) => part.renamed),
  };
}
