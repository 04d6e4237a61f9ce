// `policy check`: calls judged from a file by the very judgement the guard uses, without a downstream. One line in, one answer out.

import * as z from 'zod';
import type { BoundServer, PathReader } from '../policies/classify.ts';
import { refusal, UNREAD_RISK } from '../policies/decide.ts';
import type { PastCall } from '../policies/history.ts';
import { judge } from '../policies/judge.ts';
import { LONGEST_GRANT } from '../policies/rule.ts';
import { parseScope } from '../policies/scope.ts';
import { isSensitive, readsSensitive } from '../policies/sensitivity.ts';
import type { Context, Decision, GrantView, Identity, Policy, Reach } from '../policies/types.ts';
import { detectDataClasses } from '../policies/values/data-classes.ts';
import { misfit } from './arguments.ts';
import type { ToolDefinition } from './ports.ts';

/** A grant names what it reaches: `*` for a verb or domain is for policies. */
const grantable = z.string().superRefine((text, context) => {
  try {
    const { verb, domain } = parseScope(text);
    if (verb === '*' || domain === '*')
      context.addIssue({ code: 'custom', message: 'names no verb or no domain; a grant needs both' });
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no scope' });
  }
});
const grant = z.strictObject({
  scope: z.union([grantable, z.array(grantable).min(1)]),
  minutes: z.number().positive().default(15),
  uses: z.number().int().positive().default(1),
  records: z.number().int().nonnegative().optional(),
  risk: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  rules: z.array(z.string()).optional(),
});
const context = z.strictObject({
  user_present: z.boolean().optional(),
  session: z.enum(['active', 'expired', 'none']).default('active'),
  vpn: z.boolean().optional(),
  user: z.string().optional(),
  role: z.string().optional(),
  agent: z.string().optional(),
  machine: z.union([z.string(), z.boolean()]).optional(),
  records: z.number().int().nonnegative().optional(),
  grants: z.array(grant).default([]),
});
const lineSchema = z.object({
  id: z.union([z.string(), z.number()]),
  server: z.string(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  session: z.string().optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  context: context.prefault({}),
  result: z.string().optional(),
});
type Line = z.infer<typeof lineSchema>;

/** One answer, as the contract prints it. */
export type CheckAnswer = { id: string | number | null } & Pick<
  Decision,
  'decision' | 'rule' | 'rules' | 'why' | 'failed' | 'risk' | 'actions' | 'facts'
> & { where?: string };

export type CheckWorld = {
  policy: Policy;
  /** Defaults for what a line's context leaves out. */
  who: { agent: string; user: string; role: string };
  zone: string;
  now: () => number;
  /** The server by its name in mcp.json; undefined when there is none. */
  server: (name: string) => BoundServer | undefined;
  tools: Readonly<Record<string, readonly ToolDefinition[]>> | undefined;
  isProtected: (absolute: string, reach: Reach) => boolean;
  disk: PathReader;
};

type Session = { history: PastCall[]; grants: Issued[] };
/** `issued` in milliseconds since the epoch: a line that plays earlier doesn't have the grant yet. */
type Issued = GrantView & { issued: number };

/** A judge of lines that remembers each session: what was called, read and granted before. */
export function createChecker(world: CheckWorld): (value: unknown) => CheckAnswer {
  const sessions = new Map<string, Session>();
  return (value) => {
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return answer(
        idOf(value),
        cannot('error', `this line can't be judged: ${issue ? `\`${issue.path.join('.')}\` ${issue.message}` : 'it is no call'}`),
      );
    }
    const line = parsed.data;
    const session: Session =
      line.session === undefined ? { history: [], grants: [] } : (sessions.get(line.session) ?? { history: [], grants: [] });
    if (line.session !== undefined) sessions.set(line.session, session);
    try {
      return answer(line.id, judgeLine(world, line, session));
    } catch {
      return answer(line.id, cannot('error', "this line can't be judged"));
    }
  };
}

function judgeLine(world: CheckWorld, line: Line, session: Session): Decision {
  const now = line.at === undefined ? world.now() : Date.parse(line.at);
  for (const [index, one] of line.context.grants.entries()) session.grants.push(view(one, now, `${line.id} ${index}`));
  const server = world.server(line.server);
  if (!server) return cannot('tool', `there is no server \`${line.server.slice(0, 80)}\` in mcp.json`);
  const tool = line.tool.startsWith(`${line.server}__`) ? line.tool.slice(line.server.length + 2) : line.tool;
  const listed = world.tools && Object.hasOwn(world.tools, line.server) ? world.tools[line.server] : undefined;
  const definition = listed?.find((one) => one.name === tool);
  if (world.tools !== undefined && definition === undefined)
    return cannot('tool', `server \`${line.server}\` has no tool of that name`);
  const problem = definition && misfit(definition.inputSchema, line.arguments);
  if (problem !== undefined) return note(session, server, tool, now, cannot('schema', problem));
  const { decision, reading } = judge(
    {
      policy: world.policy,
      who: whoOf(world, line),
      server,
      tool,
      args: line.arguments,
      ...(definition ? { definition } : {}),
      definition_digest: '',
      context: contextOf(world, line, now),
      history: session.history,
      grants: session.grants.filter((one) => one.issued <= now),
      ...(line.context.records === undefined ? {} : { measured: { records: line.context.records } }),
      isProtected: world.isProtected,
    },
    world.disk,
  );
  if (decision.decision === 'allow') drawDown(session, decision);
  const effect = decision.decision;
  const result = effect === 'allow' && line.result !== undefined ? detectDataClasses(line.result) : undefined;
  const domains = (reading?.actions ?? []).map((action) => action.domain);
  session.history.push({
    at: now,
    server: line.server,
    tool,
    actions: reading?.actions ?? [],
    refused: effect !== 'allow',
    denied: effect === 'deny',
    untrusted: effect === 'allow' && reading?.untrusted === true,
    sensitive:
      effect === 'allow' &&
      reading !== undefined &&
      (readsSensitive(reading) || (result !== undefined && isSensitive(result, domains))),
    ...(result === undefined ? {} : { unscanned: result.truncated, size: line.result?.length ?? 0 }),
  });
  return decision;
}

function note(session: Session, server: BoundServer, tool: string, at: number, decision: Decision): Decision {
  session.history.push({
    at,
    server: server.server,
    tool,
    actions: [],
    refused: true,
    denied: true,
    untrusted: false,
    sensitive: false,
  });
  return decision;
}

function whoOf(world: CheckWorld, line: Line): Identity {
  return {
    agent: line.context.agent ?? world.who.agent,
    user: line.context.user ?? world.who.user,
    role: line.context.role ?? world.who.role,
    session_id: line.session ?? 'check',
  };
}

function contextOf(world: CheckWorld, line: Line, now: number): Context {
  const known: Context = { now, zone: world.zone, session: line.context.session };
  if (line.context.user_present !== undefined) known.user_present = line.context.user_present;
  if (line.context.vpn !== undefined) known.vpn = line.context.vpn;
  if (line.context.machine !== undefined) known.machine_known = line.context.machine === 'known' || line.context.machine === true;
  return known;
}

/** A grant as the line gives it. Without `rules` it answers whatever rule asks; a raised risk only where it says so. */
function view(given: z.infer<typeof grant>, now: number, id: string): Issued {
  const rules = [...(given.rules ?? ['*']), ...(given.risk === undefined ? [] : ['risk'])];
  return {
    issued: now,
    grant_id: id,
    scope: [given.scope].flat(),
    rules,
    risk: given.risk ?? 'low',
    remaining: { uses: given.uses, ...(given.records === undefined ? {} : { records: given.records }) },
    expires_at: now + Math.min(given.minutes * 60_000, LONGEST_GRANT),
  };
}

function drawDown(session: Session, decision: Decision): void {
  for (const grant of session.grants) {
    if (!decision.grants.includes(grant.grant_id)) continue;
    grant.remaining.uses -= 1;
    const records = decision.facts.records;
    if (grant.remaining.records !== undefined && typeof records === 'number') grant.remaining.records -= records;
  }
}

function cannot(rule: string, why: string): Decision {
  return refusal(rule, why, UNREAD_RISK);
}

function idOf(value: unknown): string | number | null {
  const id = typeof value === 'object' && value !== null ? (value as Record<string, unknown>).id : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function answer(id: CheckAnswer['id'], decision: Decision): CheckAnswer {
  const { decision: effect, rule, rules, why, failed, risk, actions, facts, where } = decision;
  return { id, decision: effect, rule, rules, why, failed, risk, actions, facts, ...(where === undefined ? {} : { where }) };
}
