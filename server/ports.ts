// The seams of the server: what the road of a call needs of the parts that do I/O, and they of it. Types only.
import type { Budget, Effect, JudgedAction, Proof, Risk, RiskLevel, Strength, While } from '../policies/types.ts';

/** Wall clock and monotonic clock, both in milliseconds. The one place that reads real time is server/clock.ts. */
export type Clock = { now(): number; mono(): number };

// ---- the client's side -------------------------------------------------------------------------------------------

/** What a tool call answers, as MCP's CallToolResult; kept open because results are relayed unchanged. */
export type ToolResult = {
  content: ({ type: string } & Record<string, unknown>)[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
  _meta?: Record<string, unknown>;
} & Record<string, unknown>;

/** The question put to a human through a form in the client. One required field `decision`, plus `number` when `typed`. */
export type FormQuestion = {
  request_id: string;
  message: string;
  typed: boolean /** What each yes gives, in a few words. */;
  yes?: { once: string; approve: string };
};
/** A link to the page where the question is answered, put to a human through the client. The address gives no right to anything. */
export type LinkQuestion = { request_id: string; message: string; url: string };
/** What the client has to show. */
export type Question = FormQuestion | LinkQuestion;
/** What came back from a question. `after` is how many milliseconds the client took; a human is not faster than `channels.min_answer`. */
export type FormAnswer = {
  request_id: string;
  action: 'accept' | 'decline' | 'cancel';
  content?: Record<string, unknown>;
  after: number;
  /** It was a link: an accept is consent to open it, and no answer to the question. */
  link?: true;
};

/** The connected client, as the endpoint sees it. */
export type ClientHandle = {
  /** Random id of this connection; connections are not sessions and carry no rights. */
  connection_id: string;
  /** The agent this connection was configured for (`serve --agent`); absent means mcp.json's. */
  agent?: string;
  /** What the client calls itself: shown and logged, never judged. */
  name: string;
  version: string;
  era: 'legacy' | 'modern';
  /** The client declared form elicitation. */
  forms: boolean;
  /** The client declared URL elicitation: it can be given a link to a page. */
  links: boolean;
  /**
   * Legacy only: puts the question on the wire. Settles when the client answers; rejects when the connection is gone, or when
   * `withdrawn` fires, which also tells the client to take the form away. Not tied to any call.
   */
  form?(question: FormQuestion, withdrawn?: AbortSignal): Promise<FormAnswer>;
  /** The same for a link. Once it was agreed to, the end of the question is told to the client, where its revision knows how. */
  link?(question: LinkQuestion, over?: AbortSignal): Promise<FormAnswer>;
};

export type IncomingCall = {
  tool: string;
  arguments: Record<string, unknown>;
  client: ClientHandle;
  /** Fires when the client cancels, or is gone. */
  signal: AbortSignal;
  /** Present when the client asked for progress. */
  progress?: (update: { progress: number; total?: number; message?: string }) => void;
  /** Modern clients only: the answer to a question this very call returned before, its state already authenticated. */
  answer?: FormAnswer;
};
/** A modern client gets `question` back as InputRequiredResult and calls again with `answer`. */
export type CallReply = { result: ToolResult } | { question: Question };

/** A tool definition as MCP lists it; unknown keys are kept as they are. */
export type ToolDefinition = {
  name: string;
  title?: string;
  description?: string;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
  _meta?: Record<string, unknown>;
} & Record<string, unknown>;

/** What the endpoint drives. server/guard.ts is the real one. */
export type GuardPort = {
  listTools(): Promise<ToolDefinition[]>;
  callTool(call: IncomingCall): Promise<CallReply>;
  /** Calls the listener whenever `listTools` would answer differently from now on; the endpoint tells its client. Returns how to stop. */
  onToolsChanged?(listener: () => void): () => void;
  /** The client's connection is gone. */
  disconnected(client: ClientHandle): void;
  /** Something came in that the protocol or the guard refuses before it is a call: recorded, never forwarded. */
  refusedMessage(client: ClientHandle | undefined, what: { method?: string; reason: string }): void;
};

// ---- the downstream side -----------------------------------------------------------------------------------------

export type ServerEntry = {
  name: string;
  command?: string;
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
  url?: string;
  headers?: Record<string, string>;
  /** How much of the identity it is sent. */
  identity: 'full' | 'agent' | 'none';
};

export type DownstreamState = 'stopped' | 'starting' | 'ready' | 'failed';
export type ForwardOptions = {
  meta: Record<string, unknown>;
  signal: AbortSignal;
  /** Milliseconds; the downstream's answer is a clear error after it. */
  timeout: number;
  progress?: IncomingCall['progress'];
};
export type Downstream = {
  readonly entry: ServerEntry;
  readonly state: DownstreamState;
  /** Why it is not ready, in words for the user. */
  readonly problem?: string;
  /** The downstream's own definitions, own names. */
  tools(): ToolDefinition[];
  /** Throws DownstreamError (server/errors.ts) when it can't be reached, dies, answers too much or too late. `reached` says whether the request may have left. */
  call(tool: string, args: Record<string, unknown>, options: ForwardOptions): Promise<ToolResult>;
};
export type Downstreams = {
  all(): Downstream[];
  get(name: string): Downstream | undefined;
  /** Starts all that are stopped; resolves when each is ready or failed, or after `wait` ms. */
  start(wait: number): Promise<void>;
  /** Called with the server's name whenever its tool definitions were read (again). */
  onTools(listener: (name: string) => void): void;
  close(): Promise<void>;
};

// ---- the trail ---------------------------------------------------------------------------------------------------

/** An audit event before it gets seq, id, timestamp, prev and hash. Field meanings: docs/audit.md. */
export type AuditInput = {
  type: string;
  agent_id?: string;
  session_id?: string;
  user?: string;
  action?: string;
  resource?: string;
  server?: string;
  tool?: string;
  actions?: JudgedAction[];
  scope?: string[];
  budget?: Budget;
  conditions?: While;
  decision?: Effect;
  rule?: string;
  rules?: string[];
  where?: string;
  why?: string;
  failed?: string[];
  policy_digest?: string;
  risk?: Risk;
  facts?: Record<string, unknown>;
  args_digest?: string;
  justification?: string;
  granted_by?: 'human' | 'policy';
  approver?: string;
  channel?: string;
  /** A passkey ranks as a passphrase. */
  proof?: Proof | 'passkey';
  expires_at?: string;
  user_present?: boolean;
  request_id?: string;
  grant_id?: string;
  call_id?: string;
  outcome?: string;
  records?: { measured?: number; actual?: number };
  duration_us?: number;
  message?: string;
} & Record<string, unknown>;
export type AuditEvent = AuditInput & {
  seq: number;
  id: string;
  timestamp: string;
  prev: string;
  hash: string;
  redacted?: string[];
};

export type AuditFilter = {
  text?: string;
  who?: string;
  agent?: string;
  action?: string;
  resource?: string;
  decision?: string;
  rule?: string;
  grant_id?: string;
  request_id?: string;
  type?: string;
  risk?: RiskLevel;
  tool?: string;
  server?: string;
  /** Words such as `last Tuesday`, read in the policy's zone. */
  when?: string;
  since?: string;
  until?: string;
  limit?: number;
  cursor?: string;
};
/** What somebody may see of an event; undefined when nothing. */
export type Eyes = (event: AuditEvent) => AuditEvent | undefined;
export type AuditLog = {
  /** Resolves once the event is on disk (written and synced). Rejects for good after the first failed write: then nothing may be forwarded. */
  append(event: AuditInput): Promise<AuditEvent>;
  /** Newest first, events of `hidden` types passed over. With `eyes` only what they see is searched, counted and given. */
  query(filter: AuditFilter, eyes?: Eyes, hidden?: ReadonlySet<string>): Promise<{ events: AuditEvent[]; next_cursor?: string }>;
  /** The chain behind an event, call, grant or request id, oldest first, and its story in plain words. */
  why(id: string): Promise<{ story: string; chain: AuditEvent[] } | undefined>;
  /** Called after an event is durable. */
  onEvent(listener: (event: AuditEvent) => void): () => void;
  /** Why it no longer accepts events, if so. */
  readonly failed: Error | undefined;
  close(): Promise<void>;
};

// ---- the small state ---------------------------------------------------------------------------------------------

export type RequestState = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';
export type GrantState = 'active' | 'exhausted' | 'ended' | 'revoked';

/** A stored grant. Times are ISO 8601 UTC. */
export type GrantRecord = {
  grant_id: string;
  request_id: string;
  state: GrantState;
  user: string;
  agent: string;
  session_id: string;
  scope: string[];
  rules: string[];
  risk: RiskLevel;
  exact?: string[];
  /** Each exact call holds once; a spent one leaves the list. */
  once?: boolean;
  budget: Budget;
  remaining: Budget;
  /** Measured rows per resource that a bounded downstream is held to. */
  bound?: Record<string, number>;
  /** What was counted one by one for each planned call, by digest. */
  sets?: { call: string; set: string }[];
  /** The policy it was approved under; it does not outlive it. */
  policy_digest?: string;
  while?: While;
  issued_at: string;
  expires_at: string;
  approver: string;
  channel: string;
  granted_by: 'human' | 'policy';
  survive_restart: boolean;
  /** ISO time of the request: a tool definition taken later is not what was approved. */
  asked_at?: string;
};

export type Impact = {
  measured: number | null;
  unit: 'records' | 'files' | 'recipients' | 'events' | 'bytes';
  per_resource: Record<string, number>;
  claimed: number | null;
  strength: Strength;
  /** What the promise holds to: each single thing that was counted, or only their number. */
  holds?: 'each' | 'counts';
  /** Where it holds to each: the resources of which some are held by their number all the same. */
  by_number?: string[];
  /** Only what the statement itself touches was counted, and only that is held: not what follows by cascade or trigger. */
  direct?: true;
  /** Counting stopped at a cap: there is more. */
  more?: boolean;
  /** The arguments name no limit: it may touch everything. */
  unlimited?: boolean;
  /** ISO time it was counted at. */
  counted_at?: string;
};

/** One person's yes, and what it narrowed. `person` is who counts as distinct; `approver` is the name that is shown. */
export type Approval = {
  person: string;
  approver: string;
  channel: string;
  proof: Proof;
  at: string;
  once?: boolean;
  minutes?: number;
  uses?: number;
  records?: number;
  scope?: string[];
};

/** A stored request. Holds digests and the message shown, never arguments. Times are ISO 8601 UTC. */
export type RequestRecord = {
  request_id: string;
  state: RequestState;
  user: string;
  agent: string;
  session_id: string;
  /** What identical requests share: one prompt for all of them. */
  digest: string;
  scope: string[];
  rules: string[];
  risk: RiskLevel;
  /** Digests of the planned calls. */
  exact: string[];
  /** Only these calls, whatever the human chooses. */
  exact_only: boolean;
  budget: Budget;
  bound?: Record<string, number>;
  sets?: { call: string; set: string }[];
  while?: While;
  minutes: number;
  proof: Proof;
  impact: Impact;
  message: string;
  created_at: string;
  expires_at: string;
  policy_digest: string;
  definition_digest: string;
  /** Digest of the message and all that a yes would give: an answer counts only for exactly this. */
  shown?: string;
  /** How many different people must say yes; absent means one. */
  approvals?: number;
  /** Who said yes so far, while more are needed. */
  given?: Approval[];
  grant_id?: string;
  decided_at?: string;
  approver?: string;
  channel?: string;
  reason?: string;
};

export type SessionRecord = {
  session_id: string;
  user: string;
  role: string;
  opened_at: string;
  expires_at: string;
  closed_at?: string;
  how: 'implicit' | 'login';
  /** Signed in while no guard ran: the next start takes it over. */
  carried?: true;
};
export type LockRecord = { reason?: string; set_at: string; by: string };

/** How often a rule asked and what became of it; `scopes` counts what was approved, `refused` what was denied. */
export type RuleStats = {
  asked: number;
  approved: number;
  denied: number;
  expired: number;
  edited: number;
  scopes: Record<string, number>;
  refused?: Record<string, number>;
};
/** What was seen of a client, by the name and version it gives itself. It chooses how we ask, never whether. */
export type ClientRecord = Shown & {
  /** The same of links; what stands beside it is of forms. */
  link?: Shown;
  /** After how many milliseconds it cut calls that waited, newest last. */
  cuts: number[];
  seen: string;
};
export type Shown = {
  /** Those that a human answered, in a row since it last failed to show one; answers that were the client's own; those it never showed. */
  drew: number;
  alone: number;
  silent: number;
  /** None is put to it before this ISO time. */
  skip_until?: string;
};

/** The whole of state.json: a snapshot that the audit log could rebuild. */
export type StateData = {
  version: 1;
  /** Newest audit seq this snapshot reflects. */
  seq: number;
  session: SessionRecord | null;
  /** After a logout or expiry only `perimeter login` opens a session. */
  login_required: boolean;
  requests: Record<string, RequestRecord>;
  grants: Record<string, GrantRecord>;
  lock: LockRecord | null;
  /** Tool definition digests by `server/tool`. */
  pins: Record<
    string,
    {
      digest: string;
      accepted_at: string;
      held?: string /** When a person took another definition than before. */;
      changed_at?: string;
    }
  >;
  /** Last human act on any channel, and the highest wall time seen, both ISO. */
  last_human_act?: string;
  wall_mark?: string;
  /** Cool-downs: digest or scope to the ISO time until which it isn't asked again. */
  cooldowns: Record<string, string>;
  clients?: Record<string, ClientRecord>;
  rule_stats?: Record<string, RuleStats>;
  /** Hashes of the machines a person started or signed in on. */
  machines?: string[];
};

export type Store = {
  /** The live data. Change it only inside `update`. */
  readonly data: StateData;
  /** Applies a change and resolves when it is on disk, whole or not at all. Changes run one after another. */
  update<T>(change: (data: StateData) => T): Promise<T>;
  close(): Promise<void>;
};

/** Kept with every forwarded request as `_meta["perimeter/identity"]`. */
export type IdentityMeta = {
  agent_id: string;
  session_id: string;
  user_context: { authenticated_user: string; role: string; active_session: boolean };
  permission_scope: string[];
  risk_level: RiskLevel;
  expires_at: string;
};
