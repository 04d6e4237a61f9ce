// What the guard makes of a call before judging it: its actions and its facts, all computed from canonical arguments.
import type { Action, Facts, RiskLevel, SqlDialect } from './types.ts';

export type Reading = {
  server: string;
  tool: string;
  actions: Action[];
  /** Known facts only; measured ones are added by the server. */
  facts: Facts;
  /** The text that would be written or sent; absent when the binding names none. Never in an answer or the audit. */
  body: string | undefined;
  args: Record<string, unknown>;
  /** The arguments with their paths in canonical form, where that differs: what a server on this machine is sent. */
  passed?: Record<string, unknown>;
  /** Domains that are internal for this server. */
  own: readonly string[];
  /** Names on its volume ignore case. */
  fold: boolean;
  /** No binding knows this tool: its verb is a careful guess. */
  unbound: boolean;
  /** Arguments no binding covers, in which something that looks like a resource was found. */
  uncovered: string[];
  /** The tool says of itself that it destroys. */
  destructive: boolean;
  /** Something is sent or written outside: the named synced folder or removable storage. */
  storage?: string;
  /** A floor under the risk, from the binding. */
  floor?: RiskLevel;
  /** The statement to measure, when the call is SQL. */
  sql?: { text: string; dialect: SqlDialect; countable: boolean; problem?: string };
  /** What of it the operator marked as sensitive, as `tables:customers`. */
  marked?: string[];
  /** Data classes its binding says it always carries. */
  carries?: string[];
  /** The tool's definition changed lately, and a person took it. */
  changed?: boolean;
  /** It makes something readable for anybody: the argument that says so. */
  opened?: string;
  /** What this call reads may carry words from outside: mail, web pages. */
  untrusted: boolean;
  /** Every absolute path it names, attachments included, for the protected-path check. */
  absolutes: string[];
  /** Every port of this machine that an address in it leads to, for the same check. */
  ports_here?: number[];
};
