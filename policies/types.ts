// The nouns every part shares: verbs, actions, facts, context, risk, decisions and grants. Plain data, no behaviour.

/** How far an action reaches from a path: the path alone, all below it to read, or all below it to change. */
export type Reach = 'itself' | 'reads below' | 'changes below';

/** What an action does. A binding may use only these; `*` stands for any verb in a policy. */
export const VERBS = [
  'read',
  'list',
  'search',
  'draft',
  'send',
  'write',
  'create',
  'delete',
  'move',
  'share',
  'execute',
] as const;
export type Verb = (typeof VERBS)[number];

/** How a resource is spelt. The canonical form of each is in docs/policies.md. */
export const RESOURCE_KINDS = ['path', 'url', 'address', 'table', 'event', 'text', 'none'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** One thing a call does to one resource, after canonicalisation. A call is one or more actions; the strictest answer holds. */
export type Action = {
  verb: Verb;
  domain: string;
  kind: ResourceKind;
  /** Canonical resource as people read it; absent when the action is on the domain as a whole. */
  resource?: string;
  /** The resource split for matching; literal characters, never globs. An absolute path starts with ''. */
  segments?: string[];
  /** A path outside the binding's root: only an ask or deny, or a scope that names it, covers it. */
  outside?: boolean;
  /** Names on this volume ignore case (and invisible characters): compare folded. */
  fold?: boolean;
  /** The path is a folder on disk: recursive verbs then reach everything below it. */
  folder?: boolean;
  /** The absolute canonical path, for protected-path and external-storage checks. Never shown to the agent. */
  absolute?: string;
};

export type FactValue = string | number | boolean | readonly string[] | readonly number[];
/** Facts by name. An absent name is a *missing* fact: the clause that needs it fails. */
export type Facts = Record<string, FactValue>;

/** What the guard knows of the situation. An absent optional means *unknown*, which never satisfies a condition. */
export type Context = {
  /** Milliseconds since the epoch. */
  now: number;
  /** IANA zone that hours are read in when a policy names none. */
  zone: string;
  session: 'active' | 'expired' | 'none';
  /** Milliseconds since the epoch at which the human's session ends. */
  session_ends?: number;
  user_present?: boolean;
  vpn?: boolean;
  /** `false` when the call comes from a machine not seen before; absent counts as known. */
  machine_known?: boolean;
  /** The same agent is at work on another connection too. */
  other_session?: boolean;
};

/** Who is behind a call: fixed by configuration or token, never by anything the agent says. */
export type Identity = { agent: string; user: string; role: string; session_id: string };

export const RISK_LEVELS = ['low', 'medium', 'high', 'critical'] as const;
export type RiskLevel = (typeof RISK_LEVELS)[number];
export type RiskFactor = { name: string; points: number };
export type Risk = { level: RiskLevel; score: number; factors: RiskFactor[] };

export type Effect = 'allow' | 'ask' | 'deny';
export const PROOFS = ['none', 'typed', 'passphrase'] as const;
export type Proof = (typeof PROOFS)[number];
/**
 * How strong the promise about the impact is, strongest first: enforced in the transaction, enforced by rewriting the statement, checked just
 * before, estimated from the arguments, unknown.
 */
export const STRENGTHS = ['enforced', 'rewritten', 'checked', 'estimated', 'unknown'] as const;
export type Strength = (typeof STRENGTHS)[number];

/** Conditions on the situation, checked at every use. */
export type While = {
  user_present?: boolean;
  session?: 'active';
  vpn?: boolean;
  hours?: string /** Further conditions that must hold too. */;
  also?: While[];
};

/** The most a grant may give. Durations in milliseconds. */
export type Limits = {
  records?: number;
  recipients?: number;
  files?: number;
  bytes?: number;
  amount?: number;
  uses?: number;
  for?: number;
  at_most?: number;
  exact?: boolean;
  while?: While;
};

export type JudgedAction = { action: string; decision: Effect; rule: string; grant_id?: string };

/** The answer to one call, with everything the refusal, the prompt and the audit need to explain it. */
export type Decision = {
  decision: Effect;
  /** The strictest rule, then the lowest id; reserved ids: default risk schema protected lock session tool error over_limit. */
  rule: string;
  /** Every rule that had a say at the strictest effect. */
  rules: string[];
  why: string;
  /** `file:line` of the rule; absent for the reserved ids. */
  where?: string;
  /** The clauses that failed, as `<fact> <operator>`. */
  failed: string[];
  risk: Risk;
  actions: JudgedAction[];
  facts: Facts;
  /** What a grant answering this may give; only on `ask`. */
  limits: Limits;
  proof: Proof;
  /** How many people must say yes; absent means one. */
  approvals?: number;
  strength: Strength;
  mode: 'handoff' | 'inline';
  /** Paths to remove from the result, as `result.<path>`. */
  redact: string[];
  /** Grants this decision draws on, each one use. */
  grants: string[];
  /** What the rules that matched would like measured before they are judged (`records`, `files`, …). */
  unmeasured: string[];
};

/** What a grant may still be used for. Counts left; absent means not counted by this grant. */
export type Budget = { uses: number; records?: number; recipients?: number; files?: number; bytes?: number; amount?: number };

/** A permission given by a human (or by policy), as `decide` sees it. Times in milliseconds since the epoch. */
export type GrantView = {
  grant_id: string;
  scope: string[];
  /** Ids of the ask rules this grant answers, `default` and `risk` included. */
  rules: string[];
  /** The highest risk level it was approved at. */
  risk: RiskLevel;
  /** Digests of the only canonical calls it holds for; absent when any call inside the scope will do. */
  exact?: string[];
  remaining: Budget;
  expires_at: number;
  while?: While;
};

/** A scope after parsing: see scope.ts. `text` is what was written. */
export type Scope = {
  text: string;
  verb: Verb | '*';
  domain: string;
  /** Pattern segments; absent when the scope covers its whole domain. `**` crosses segments. */
  resource?: readonly (readonly ScopePiece[] | '**')[];
};
/** Literal text, or a star inside one segment. */
export type ScopePiece = { literal: string } | { star: true };

/** One condition on one fact, `where` as file:line. `recent` keeps its whole object as value, with operator `recent`. */
export type Clause = { fact: string; operator: Operator; value: unknown; where: string };
export const OPERATORS = [
  'equals',
  'in',
  'not_in',
  'below',
  'at_most',
  'above',
  'at_least',
  'any_of',
  'none_of',
  'only',
  'within',
] as const;
export type Operator = (typeof OPERATORS)[number] | 'recent';

/** A rule after loading: lists (`$name`) expanded, durations in ms, sizes in bytes, defaults filled in. */
export type Rule = {
  id: string;
  why: string;
  effect: Effect;
  scope: Scope[];
  /** Globs on who and through what; absent means anybody, anything. */
  agent?: string[];
  user?: string[];
  role?: string[];
  server?: string[];
  tool?: string[];
  while?: While;
  when: Clause[];
  unless: Clause[];
  otherwise: 'none' | 'ask' | 'deny';
  /** Milliseconds since the epoch: from inclusive, until exclusive. */
  from?: number;
  until?: number;
  ask: 'handoff' | 'inline';
  limits: Limits;
  proof: Proof;
  /** How many different people must say yes; absent means one. */
  approvals?: number;
  strength: Strength;
  redact: string[];
  where: string;
};

export type RiskResponse = 'none' | 'watch' | 'ask' | 'ask+typed' | 'ask+passphrase' | 'deny';
/** What the operator marked as sensitive: globs on tables, columns (`table.column`), folders and labels. */
export type SensitiveMarks = { tables?: string[]; columns?: string[]; folders?: string[]; labels?: string[] };
/** The owner's word on storage: folders by glob, and whether another device than the user's own counts as external. */
export type StorageMarks = { external?: string[]; internal?: string[]; other_device?: 'external' | 'internal' };
export type RiskPolicy = {
  points: Record<string, number>;
  bulk_over: number;
  hours: string;
  night: string;
  zone?: string;
  /** The .ics file of days off, from the policy's folder; `days_off` is what the server read there. */
  holidays?: string;
  /** Dates as `2026-12-25`, or that the file could not be read: then no day counts as a working day. */
  days_off?: readonly string[] | 'unreadable';
  sensitive?: SensitiveMarks;
  storage?: StorageMarks;
  levels: { medium: number; high: number; critical: number };
  responses: { medium: RiskResponse; high: RiskResponse; critical: RiskResponse };
};

/** A test written beside the rules; run by `perimeter policy test`. */
export type PolicyTest = {
  name: string;
  at?: number;
  call: { server?: string; tool: string; arguments: Record<string, unknown> };
  context?: Record<string, unknown>;
  expect: { decision: Effect; rule?: string; risk?: RiskLevel };
  where: string;
};

/** Where an argument sits: `path`, `a.b`, `files[].path`. */
export type Selector = string;
export type Does = { verb: Verb; domain: string };
export type SqlDialect = 'sqlite' | 'postgres' | 'mysql' | 'mssql';
export type BoundResource = { kind: ResourceKind; args: Selector[] };
export type ToolBinding = {
  does: Does | 'sql' | { by: Selector; cases: Record<string, Does>; otherwise?: Does };
  resource?: BoundResource;
  /** Fact name to the arguments it is computed from. */
  facts: Record<string, Selector[]>;
  sql?: {
    statement: Selector;
    dialect: SqlDialect;
    domain: string;
    /** The guard may send a rewritten statement that counts and bounds itself. */
    rewrite?: boolean;
    /** The tool that reads, and its statement's argument, where the guard counts by reading; the tool itself when left out. */
    counts?: { tool: string; statement: Selector };
  };
  also: { given?: Selector; does: Does; resource?: BoundResource }[];
  /** Where its result says how much it touched: a place in its JSON, or words with `#` for the number. */
  reports?: Partial<Record<'records' | 'files' | 'recipients' | 'events' | 'bytes', string>>;
  ignore: Selector[];
  /** A floor under the risk of every call of this tool. */
  risk?: RiskLevel;
  /** Data classes it always carries. */
  sensitive: string[];
  where: string;
};
export type Binding = {
  /** Names in mcp.json it is for; or packages / a bundled server it matches by its command line. */
  servers: string[];
  packages: string[];
  bundled?: 'calendar' | 'email' | 'files' | 'database' | 'database-postgres';
  /** Where relative paths start: a folder (from mcp.json's), the value of a command-line option, or the nth plain argument (0 = first). */
  root?: string | { option: string } | { argument: number };
  paths: { os: 'posix' | 'windows'; case: 'sensitive' | 'insensitive' };
  own: { domains: string[] };
  tools: Record<string, ToolBinding>;
  resources: Record<string, { does: Does; resource?: BoundResource; sensitive: string[] }>;
  where: string;
};

/** Everything that is allowed, loaded and checked. `digest` is the SHA-256 of all its files. */
export type Policy = {
  rules: Rule[];
  lists: Record<string, string[]>;
  risk: RiskPolicy;
  tests: PolicyTest[];
  bindings: Binding[];
  /** The user's lists that no rule uses, each with `file:line`: for lint. */
  unused_lists?: { name: string; where: string }[];
  digest: string;
};
