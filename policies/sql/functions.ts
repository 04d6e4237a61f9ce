// What a function call does besides returning a value. A function that isn't known to be harmless counts as doing anything.
import type { SqlDialect } from '../types.ts';
import { MSSQL } from './functions/mssql.ts';
import { MYSQL } from './functions/mysql.ts';
import { POSTGRES } from './functions/postgres.ts';
import { SQLITE } from './functions/sqlite.ts';
import type { SqlKind } from './model.ts';

/** Names separated by blanks; in `effects` a name may end in `*`. Effects beat `harmless`. */
export type FunctionTable = {
  harmless: string;
  /** Harmless, but another value each time. */
  chance: string;
  effects: Partial<Record<SqlKind, string>>;
  /** Harmless as they are, but with an argument they set what they else tell. */
  setters?: string;
};

/** `undefined` as kind: it only computes. */
export type FunctionEffect = { kind?: SqlKind; chance: boolean };

type Lookup = {
  setters: Set<string>;
  harmless: Set<string>;
  chance: Set<string>;
  exact: Map<string, SqlKind>;
  prefixes: [string, SqlKind][];
};

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

function lookup(table: FunctionTable): Lookup {
  const exact = new Map<string, SqlKind>();
  const prefixes: [string, SqlKind][] = [];
  for (const [kind, names] of Object.entries(table.effects) as [SqlKind, string][]) {
    for (const name of words(names)) {
      if (name.endsWith('*')) prefixes.push([name.slice(0, -1), kind]);
      else exact.set(name, kind);
    }
  }
  return {
    setters: new Set(words(table.setters ?? '')),
    harmless: new Set(words(table.harmless)),
    chance: new Set(words(table.chance)),
    exact,
    prefixes,
  };
}

const TABLES: Record<SqlDialect, Lookup> = {
  sqlite: lookup(SQLITE),
  postgres: lookup(POSTGRES),
  mysql: lookup(MYSQL),
  mssql: lookup(MSSQL),
};

/** The effect of calling `name` (folded, qualified with a dot where it isn't built in). Unknown functions are `other`. */
export function functionEffect(name: string, dialect: SqlDialect): FunctionEffect {
  const table = TABLES[dialect];
  const chance = table.chance.has(name);
  const kind = table.exact.get(name) ?? table.prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (kind) return { kind, chance };
  return table.harmless.has(name) ? { chance } : { kind: 'other', chance };
}

/** Whether the function sets something of the session when it is given an argument. */
export function setsByArgument(name: string, dialect: SqlDialect): boolean {
  return TABLES[dialect].setters.has(name);
}

/** The kind of a function whose name alone is known to do more than compute; for texts that can't be parsed. */
export function knownEffect(name: string, dialect: SqlDialect): SqlKind | undefined {
  const table = TABLES[dialect];
  return table.exact.get(name) ?? table.prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
}
