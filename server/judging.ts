// The steps of the road that judge: find the tool, check its arguments, put together what is known, decide, measure and decide again.
import type { BoundServer, PathReader } from '../policies/classify.ts';
import { decide, lockedWhy, refusal, UNREAD_RISK } from '../policies/decide.ts';
import { judge, type Verdict } from '../policies/judge.ts';
import type { Reading } from '../policies/reading.ts';
import type { Context, Decision, GrantView, Identity, Policy, Reach } from '../policies/types.ts';
import { misfit } from './arguments.ts';
import { definitionDigest } from './catalog.ts';
import { iso } from './clock.ts';
import type { Grants } from './grants.ts';
import type { Histories } from './histories.ts';
import { canLook } from './looking.ts';
import { impactPromise, type Measure, type Measured } from './measure.ts';
import type { Pins } from './pins.ts';
import { isLocal } from './places.ts';
import type { Clock, Downstream, IdentityMeta, IncomingCall, Store, ToolDefinition } from './ports.ts';
import { rewritable } from './rewriting.ts';
import { plain } from './told-by.ts';

const MAX_PLACES = 3;
const MAX_PLACE = 60;

/** A tool that the catalog knows, with all that judging it needs. */
export type Found = { name: string; server: BoundServer; tool: string; definition: ToolDefinition; downstream: Downstream };
/** What is known of the situation as a call comes in; `stop` fires when it ends for everybody at once: a lock, the session's end. */
export type Sight = { context: Context; who: Identity; stop: AbortSignal };

export type JudgingParts = {
  clock: Clock;
  store: Store;
  policy: () => Policy;
  grants: Grants;
  histories: Histories;
  pins: Pins;
  measure: Measure;
  bound: (server: string) => BoundServer;
  isProtected: (absolute: string, reach: Reach) => boolean;
  /** The address of the console, while there is one. */
  console?: (() => string | undefined) | undefined;
  disk: PathReader;
  catalog: () => { find(name: string): { server: string; tool: string; definition: ToolDefinition } | undefined };
  downstream: (server: string) => Downstream | undefined;
};

export type Judging = {
  /** The tool by its exposed name, or the refusal that names what is wrong. */
  find(name: string): Found | Decision;
  /** A refusal when the arguments don't fit the tool's own schema. */
  fit(found: Found, args: Record<string, unknown>): Decision | undefined;
  /** The refusal while everything is locked. */
  locked(): Decision | undefined;
  judge(
    found: Found,
    args: Record<string, unknown>,
    sight: Sight,
    options?: { measured?: Measured; grants?: readonly GrantView[] },
  ): Verdict;
  /** Whether rules alone let the agent read all that a statement touches. */
  mayRead(found: Found, reading: Reading, sight: Sight): boolean;
  /** Whether the impact can be counted, so that measuring makes sense. */
  measurable(found: Found, verdict: Verdict): boolean;
  /** Counts what the call would do; call only what no rule denies. */
  measure(
    found: Found,
    args: Record<string, unknown>,
    verdict: Verdict,
    sight: Sight,
    signal: AbortSignal,
    progress?: IncomingCall['progress'],
  ): Promise<Measured | undefined>;
};

export function createJudging(parts: JudgingParts): Judging {
  const ownPort = () => {
    const address = parts.console?.();
    return address === undefined ? {} : { own_port: Number(new URL(address).port) };
  };
  return {
    find(name) {
      const known = parts.catalog().find(name);
      const downstream = known && parts.downstream(known.server);
      if (!known || !downstream) return refusal('tool', 'there is no tool of that name; list the tools again', UNREAD_RISK);
      const held = parts.pins.held(known.server, known.definition);
      if (held !== undefined) return refusal('tool', `this tool is held back: ${held}`, UNREAD_RISK);
      return { name, server: parts.bound(known.server), tool: known.tool, definition: known.definition, downstream };
    },
    fit(found, args) {
      const problem = misfit(found.definition.inputSchema, args);
      return problem === undefined ? undefined : refusal('schema', problem, UNREAD_RISK);
    },
    locked() {
      const { lock } = parts.store.data;
      return lock ? refusal('lock', lockedWhy(lock.reason ?? ''), UNREAD_RISK) : undefined;
    },
    judge(found, args, { context, who }, options = {}) {
      const locked = parts.store.data.lock;
      return judge(
        {
          policy: parts.policy(),
          who,
          server: found.server,
          tool: found.tool,
          args,
          definition: found.definition,
          definition_digest: definitionDigest(found.definition),
          context,
          history: parts.histories.of(who),
          baseline: parts.histories.baseline(who),
          changed: parts.pins.changed(found.server.server, found.tool),
          grants: options.grants ?? parts.grants.views(who, `${found.server.server}/${found.tool}`),
          ...(options.measured ? { measured: options.measured.facts } : {}),
          ...(locked ? { locked: locked.reason ?? '' } : {}),
          isProtected: parts.isProtected,
          ...ownPort(),
        },
        parts.disk,
      );
    },
    mayRead(found, reading, { context, who }) {
      const actions = reading.actions.map((action) => ({ ...action, verb: 'read' as const }));
      const facts = { ...reading.facts, 'sql.kind': ['read'] };
      const locked = parts.store.data.lock;
      const decision = decide({
        policy: parts.policy(),
        who,
        reading: { ...reading, actions, facts, destructive: false },
        context,
        history: [],
        grants: [],
        call_digest: '',
        ...(locked ? { locked: '' } : {}),
        isProtected: parts.isProtected,
        ...ownPort(),
      });
      return found.downstream.state === 'ready' && decision.decision === 'allow';
    },
    measurable: (found, { reading }) =>
      impactPromise(found.definition, found.downstream.tools()) !== undefined ||
      canLook(reading, found.downstream.entry) ||
      rewritable(found.server.binding?.tools[found.tool]) !== undefined,
    async measure(found, args, verdict, { who, stop }, signal, progress) {
      if (!verdict.reading) return undefined;
      const meta = { 'perimeter/identity': identityMeta(found, who, verdict.decision, undefined, parts.clock) };
      const rewrite = rewritable(found.server.binding?.tools[found.tool]);
      const beat = progress && telling(progress, counting(found, verdict.reading));
      return parts
        .measure({
          ...(rewrite ? { rewrite } : {}),
          downstream: found.downstream,
          definition: found.definition,
          reading: verdict.reading,
          args: (isLocal(found.downstream.entry) ? verdict.reading.passed : undefined) ?? args,
          meta,
          who,
          signal: AbortSignal.any([signal, stop]),
        })
        .finally(() => clearInterval(beat));
    },
  };
}

/** `counting rows in customers (database)`. */
function counting({ server }: Found, { actions, sql }: Reading): string {
  const places = [...new Set(actions.flatMap(({ verb, resource = [] }) => (verb === 'read' ? [] : resource)))];
  const some = places.slice(0, MAX_PLACES).map((place) => plain(place, MAX_PLACE));
  const more = places.length > MAX_PLACES ? ' and more' : '';
  return `counting ${sql ? 'rows' : 'what would change'}${some.length === 0 ? '' : ` in ${some.join(', ')}${more}`} (${server.server})`;
}

/** Says every second that it still counts; in small steps, so that the call's own progress goes on from there. */
function telling(progress: NonNullable<IncomingCall['progress']>, message: string): NodeJS.Timeout {
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += 1;
    progress({ progress: seconds / 1_000, message });
  }, 1_000);
  timer.unref();
  return timer;
}

/** Who asks, for what, at what risk and until when: what the downstream is told with every request, as far as its entry allows. */
export function identityMeta(
  found: Found,
  who: Identity,
  decision: Decision,
  grantEnds: number | undefined,
  clock: Clock,
): Partial<IdentityMeta> {
  const level = found.downstream.entry.identity;
  if (level === 'none') return {};
  if (level === 'agent') return { agent_id: who.agent };
  return {
    agent_id: who.agent,
    session_id: who.session_id,
    user_context: { authenticated_user: who.user, role: who.role, active_session: true },
    permission_scope: decision.actions.map((one) => one.action),
    risk_level: decision.risk.level,
    expires_at: iso(grantEnds ?? clock.now() + 60_000),
  };
}
