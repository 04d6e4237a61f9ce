// What a human can tell the running guard, from the terminal or the console: answer, revoke, lock, sign in, ask the audit. What widens needs proof of a human.
import { parseDuration } from '../policies/durations.ts';
import type { Proof } from '../policies/types.ts';
import { OWN_RECORDS } from './audit/filter.ts';
import { answerReader } from './channels/signed.ts';
import { asksNumber } from './channels/terminal.ts';
import { AnswerRefused } from './elevations.ts';
import { LoginError } from './identity.ts';
import type { CommandHandler } from './owner/index.ts';
import { CommandError } from './owner/protocol.ts';
import { PasskeyError, passkeysOf } from './passkeys.ts';
import { hasPassphrase, PassphraseError, verifyPassphrase } from './passphrase.ts';
import type { Perimeter } from './perimeter.ts';
import type { AuditEvent, AuditFilter, RequestRecord } from './ports.ts';
import { showGrant } from './powers.ts';
import { concerns, readSignal, SignalError } from './signal.ts';

type Params = Record<string, unknown>;
type Stream = Parameters<CommandHandler>[2];
/** Where commands come from, and what else they reach: a link into the console, and signing everybody out of it. */
type Place = { channel: 'terminal' | 'console'; link?: (() => string) | undefined; signOut?: (() => Promise<void>) | undefined };
/** Whoever asks, and the name of the passkey that signed for it: only the console's own pages can say so. */
type Proving = Pick<Place, 'channel'> & { passkey?: string | undefined };
type Caller = Place & Proving & { by: string; stream: Stream };
type Command = (perimeter: Perimeter, params: Params, caller: Caller) => Promise<unknown>;

/** Every command by its name on the socket. */
const COMMANDS: Record<string, Command> = {
  pending: async ({ elevations }) => elevations.pending().map(showRequest),
  request: async ({ elevations }, params) => {
    const request = elevations.get(word(params, 'id'));
    if (!request)
      throw new CommandError(
        'unknown',
        `there is no request \`${word(params, 'id')}\`; \`perimeter pending\` lists those that wait`,
      );
    return {
      ...showRequest(request),
      state: request.state,
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      exact_only: request.exact_only,
      minutes: request.minutes,
      budget: request.budget,
      calls: request.exact.length,
    };
  },
  approve: async (perimeter, params, caller) => {
    const { by, channel } = caller;
    const request = perimeter.elevations.get(word(params, 'id'));
    const proof = await proveHuman(perimeter, params, request?.proof ?? 'none', caller);
    if (request && proof === 'typed' && asksNumber(request) && params.number !== request.impact.measured)
      throw new CommandError(
        'refused',
        'this needs the number that matters, typed by a human; run `perimeter approve` in a terminal',
      );
    // a disk that can't take this won't take the answer either: then the request ends, and does not hang
    await perimeter.identity.humanActed(channel).catch(() => undefined);
    const answered = await perimeter.elevations.answer(word(params, 'id'), {
      choice: params.once === true ? 'approve_once' : 'approve',
      approver: by,
      person: perimeter.config.user.name,
      channel,
      proof,
      ...(caller.passkey === undefined ? {} : { passkey: caller.passkey }),
      shown: word(params, 'shown'),
      ...number(params, 'minutes'),
      ...number(params, 'uses'),
      ...number(params, 'records'),
      ...(params.scope === undefined ? {} : { scope: words(params, 'scope') }),
    });
    return {
      changed: answered.changed,
      state: answered.request.state,
      request_id: answered.request.request_id,
      approvals: answered.request.approvals ?? 1,
      approved_by: (answered.request.given ?? []).map(({ approver }) => approver),
      ...(answered.grant ? { grant: showGrant(answered.grant) } : {}),
      ...(answered.request.reason === undefined ? {} : { reason: answered.request.reason }),
    };
  },
  deny: async (perimeter, params, { by, channel }) => {
    const quiet = params.for === undefined ? {} : { quiet_ms: durationOf(params, 'for') };
    const reason = params.reason === undefined ? {} : { reason: word(params, 'reason').slice(0, 500) };
    const answered = await perimeter.elevations.answer(word(params, 'id'), {
      choice: 'deny',
      approver: by,
      channel,
      proof: 'none',
      ...quiet,
      ...reason,
    });
    return { changed: answered.changed, state: answered.request.state, request_id: answered.request.request_id };
  },
  answer: async (perimeter, params) => {
    const { request_id, number: typed, answer } = reader(perimeter)(word(params, 'document'));
    const request = perimeter.elevations.get(request_id);
    const proof = request && asksNumber(request) && typed === request.impact.measured ? 'typed' : 'none';
    const answered = await perimeter.elevations.answer(request_id, { ...answer, proof });
    return { changed: answered.changed, state: answered.request.state, request_id, by: answer.approver };
  },
  'rule.answers': async ({ store }) => store.data.rule_stats ?? {},
  grants: async ({ grants }, params) =>
    grants
      .all()
      .filter((grant) => params.all === true || grant.state === 'active')
      .map(showGrant),
  revoke: async ({ grants }, params, { by }) => {
    const how = { type: 'grant.revoked', reason: `revoked by ${by}`, by };
    if (params.all === true) return { revoked: await grants.finishAll(() => true, 'revoked', how) };
    const id = word(params, 'id');
    if (!grants.get(id)) throw new CommandError('unknown', `there is no grant \`${id}\`; \`perimeter grants\` lists them`);
    return { revoked: (await grants.finish(id, 'revoked', how)) ? 1 : 0 };
  },
  lock: async (perimeter, params, { by }) => {
    await perimeter.lock(params.reason === undefined ? undefined : word(params, 'reason').slice(0, 500), by);
    return { locked: true };
  },
  unlock: async (perimeter, params, caller) => {
    const { by, channel } = caller;
    await proveHuman(perimeter, params, 'none', caller);
    await perimeter.identity.humanActed(channel);
    await perimeter.unlock(by);
    return { locked: false };
  },
  pins: async ({ pins, store }) => ({
    pins: pins.list(),
    held: Object.keys(store.data.pins).filter((id) => store.data.pins[id]?.held !== undefined),
  }),
  'pins.accept': async (perimeter, params, caller) => {
    const { by, channel } = caller;
    await proveHuman(perimeter, params, 'none', caller);
    await perimeter.identity.humanActed(channel);
    const [server = '', ...tool] = word(params, 'target').split('/');
    return { accepted: await perimeter.pins.accept(server, tool.length > 0 ? tool.join('/') : undefined, by) };
  },
  passkeys: async (perimeter) => {
    const passkeys = await passkeysOf(perimeter);
    return { enrolled: passkeys.enrolled, passkeys: passkeys.list() };
  },
  'passkeys.remove': async (perimeter, params, caller) => {
    const { by, channel } = caller;
    await proveHuman(perimeter, params, 'none', caller);
    const removed = await (await passkeysOf(perimeter)).remove(word(params, 'id'));
    await perimeter.audit.append({ type: 'passkey.removed', approver: by, channel, passkey: removed.name });
    return { removed };
  },
  login: async (perimeter, params, caller) => {
    const { by, channel } = caller;
    await proveHuman(perimeter, params, 'none', caller);
    const user = params.user === undefined ? {} : { user: word(params, 'user') };
    const time = params.for === undefined ? {} : { for: durationOf(params, 'for') };
    const session = await perimeter.identity.login({ by, ...user, ...time });
    await perimeter.identity.humanActed(channel);
    await perimeter.acceptMachine();
    return session;
  },
  signal: async ({ identity, config }, params, { signOut }) => {
    const signal = readSignal(word(params, 'document'));
    if (!concerns(signal, config.user.name)) return { about_us: false, session: identity.current().session };
    await signOut?.();
    await identity.logout({ by: `signal from ${signal.from}${signal.reason === undefined ? '' : `: ${signal.reason}`}` });
    return { about_us: true, session: 'none' };
  },
  logout: async ({ identity }, _params, { by, signOut }) => {
    await signOut?.();
    await identity.logout({ by });
    return { session: 'none' };
  },
  whoami: async ({ identity, store }) => ({ ...identity.whoami(), locked: store.data.lock !== null }),
  'console.link': async (_perimeter, _params, { link }) => {
    if (!link)
      throw new CommandError(
        'no_console',
        'the guard that runs serves no console: `perimeter.console` in mcp.json turns it off, or its port is taken; its log says which',
      );
    return { url: link() };
  },
  'audit.query': async ({ audit }, params, { channel }) => {
    const { apart, ...filter } = params;
    const found = await audit.query(filter as AuditFilter, undefined, apart === true ? OWN_RECORDS : undefined).catch(refused);
    await audit.append({ type: 'audit.read', channel });
    return found;
  },
  'audit.events': async ({ audit }, params, { channel }) => {
    const [from = 1, limit = 500] = [number(params, 'from').from, number(params, 'limit').limit];
    if (from === 1) await audit.append({ type: 'audit.read', channel, request: 'export' });
    const events: AuditEvent[] = [];
    for await (const event of audit.events(from)) if (events.push(event) >= Math.min(limit, 500)) break;
    return { events };
  },
  'audit.rotate_key': async ({ audit }) => audit.changeKey(),
  'audit.why': async ({ audit }, params, { channel }) => {
    const found = await audit.why(word(params, 'id'));
    await audit.append({ type: 'audit.read', channel, request: word(params, 'id').slice(0, 80) });
    if (!found)
      throw new CommandError(
        'unknown',
        `there is no event, call, request or grant \`${word(params, 'id').slice(0, 80)}\` in the audit`,
      );
    return found;
  },
  'audit.tail': ({ audit }, _params, { stream }) =>
    new Promise((resolve) => {
      const stop = audit.onEvent((event) => stream.event(event));
      stream.signal.addEventListener('abort', () => {
        stop();
        resolve({});
      });
    }),
  status: async ({ downstreams, policies, store, audit, catalog, config }) => ({
    config: config.file,
    servers: downstreams.all().map((one) => ({
      name: one.entry.name,
      state: one.state,
      ...(one.problem === undefined ? {} : { problem: one.problem }),
      tools: one.tools().length,
    })),
    tools: catalog().list.length,
    rules: policies.current.rules.length,
    locked: store.data.lock !== null,
    held: Object.keys(store.data.pins).filter((id) => store.data.pins[id]?.held !== undefined),
    audit: {
      seq: audit.seq,
      ...(audit.failed ? { failed: audit.failed.message } : {}),
      ...(audit.copyProblem === undefined ? {} : { copy: audit.copyProblem }),
    },
  }),
};

/** What every guard has read of signed answers: each counts once. */
const readers = new WeakMap<Perimeter, ReturnType<typeof answerReader>>();
function reader(perimeter: Perimeter): ReturnType<typeof answerReader> {
  const known = readers.get(perimeter) ?? answerReader(perimeter.config.channels.webhook?.answers ?? {}, perimeter.clock);
  readers.set(perimeter, known);
  return known;
}

/** Answers commands for a running guard. Every error that reaches the caller says what to do. */
export function createCommands(
  perimeter: Perimeter,
  place: Place = { channel: 'terminal' },
): (...asked: [...Parameters<CommandHandler>, passkey?: string]) => Promise<unknown> {
  // looked for at once, so that taking the file away later changes nothing
  void hasPassphrase(perimeter.config.state).catch(() => undefined);
  void passkeysOf(perimeter).catch(() => undefined);
  return async (name, params, stream, peer, passkey?: string) => {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command)
      throw new CommandError(
        'unknown_command',
        `the running guard does not know \`${name.slice(0, 80)}\`; it may be an older version: restart it`,
      );
    try {
      return await command(perimeter, params, { ...place, passkey, by: peer.account ?? 'somebody at the terminal', stream });
    } catch (error) {
      if (error instanceof AnswerRefused) throw new CommandError('refused', error.message);
      if (error instanceof PassphraseError) throw new CommandError('passphrase', error.message);
      if (error instanceof PasskeyError) throw new CommandError('passkey', error.message);
      if (error instanceof SignalError) throw new CommandError('usage', error.message);
      if (error instanceof LoginError) throw new CommandError('login', error.message);
      throw error;
    }
  };
}

/**
 * A human is needed: the passphrase once one is set, else a code typed in a terminal, which the command has asked for. Returns the
 * strongest proof that was given; a passkey ranks as a passphrase. Without a passphrase this trusts the account: the README says so.
 */
export async function proveHuman(perimeter: Perimeter, params: Params, needed: Proof, caller: Proving): Promise<Proof> {
  const { config } = perimeter;
  if (caller.passkey !== undefined) return 'passphrase';
  // once there is a passkey, what can be typed is not enough on the page
  if (caller.channel === 'console' && (await passkeysOf(perimeter)).enrolled)
    throw new CommandError('needs_passkey', 'this page takes your passkey, not your passphrase; a terminal takes the passphrase');
  if (await hasPassphrase(config.state)) {
    const given = params.passphrase;
    if (typeof given !== 'string') throw new CommandError('needs_passphrase', 'the passphrase is needed');
    if (!(await verifyPassphrase(config.state, given)))
      throw new CommandError('wrong_passphrase', 'that is not the passphrase; if you removed it, restart the guard');
    return 'passphrase';
  }
  if (needed === 'passphrase')
    throw new CommandError('no_passphrase', 'this needs a passphrase, and none is set; run `perimeter passphrase set` first');
  if (params.typed !== true) throw new CommandError('needs_terminal', 'this needs a human at a terminal');
  return 'typed';
}

function showRequest(request: RequestRecord): Record<string, unknown> {
  const { request_id, message, impact, created_at, expires_at, proof, agent, scope, shown, approvals = 1, given = [] } = request;
  return {
    request_id,
    message,
    impact,
    created_at,
    expires_at,
    proof,
    agent,
    scope,
    shown,
    approvals,
    approved_by: given.map(({ approver, channel, at }) => ({ approver, channel, at })),
  };
}

function refused(error: unknown): never {
  throw new CommandError('usage', error instanceof Error ? error.message : 'this filter cannot be used');
}

function word(params: Params, name: string): string {
  const value = params[name];
  if (typeof value !== 'string' || value === '') throw new CommandError('bad_parameter', `\`${name}\` is missing`);
  return value;
}

function durationOf(params: Params, name: string): number {
  try {
    return parseDuration(word(params, name));
  } catch (error) {
    throw new CommandError('usage', error instanceof Error ? error.message : 'that is no duration');
  }
}

function words(params: Params, name: string): string[] {
  const value = params[name];
  if (!Array.isArray(value) || value.length === 0 || !value.every((one) => typeof one === 'string'))
    throw new CommandError('bad_parameter', `\`${name}\` is no list of texts`);
  return value;
}

function number<K extends string>(params: Params, name: K): Partial<Record<K, number>> {
  const value = params[name];
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? ({ [name]: value } as Record<K, number>) : {};
}
