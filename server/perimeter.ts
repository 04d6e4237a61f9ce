// The guard put together: state, audit, policy, identity, downstreams and the road, started and stopped in one place.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Duplex, Readable, Writable } from 'node:stream';
import { loadSqlParsers } from '../policies/sql/index.ts';
import type { Context } from '../policies/types.ts';
import { GUARD_TOOLS } from '../tools/guard/index.ts';
import { defineTool } from '../tools/guard/tool.ts';
import type { AuditFiles } from './audit/files.ts';
import { openHashKey } from './audit/key.ts';
import { type OpenAudit, openAudit } from './audit/log.ts';
import { maskProse, maskResource } from './audit/mask.ts';
import { Outbox } from './audit/outbox.ts';
import { openPlaces } from './audit/places.ts';
import { bindServer } from './bindings.ts';
import { createCards } from './card.ts';
import { buildCatalog, type Catalog } from './catalog.ts';
import { createBehaviours } from './channels/behaviour.ts';
import { inShort } from './channels/channel.ts';
import type { Notify } from './channels/desktop.ts';
import { createLadder } from './channels/ladder.ts';
import { pageChannel } from './channels/page.ts';
import { approveCommand, terminalChannel } from './channels/terminal.ts';
import { webhookChannel } from './channels/webhook.ts';
import { iso } from './clock.ts';
import { createClockGuard } from './clock-guard.ts';
import type { Config } from './config.ts';
import { createConnections } from './context/connections.ts';
import { createSituation } from './context/index.ts';
import { createMachine } from './context/machine.ts';
import { providersOf } from './context/settings.ts';
import { diskOf, protects } from './disk.ts';
import { createDownstreams } from './downstream.ts';
import { createElevations, type Elevations } from './elevations.ts';
import { type ServedClient, serveClient } from './endpoint.ts';
import { createGrants, type Grants } from './grants.ts';
import { createGuard } from './guard.ts';
import { createHistories } from './histories.ts';
import { createIdentity, type IdentityService } from './identity.ts';
import { createJudging, type Sight } from './judging.ts';
import { createLive, watchRequests } from './live.ts';
import { createMeasure, previewTools } from './measure.ts';
import { ownTools } from './own-tools.ts';
import { hasPassphrase } from './passphrase.ts';
import { createPins, type Pins } from './pins.ts';
import { createPlans } from './plans.ts';
import { openPolicies, type Policies } from './policies.ts';
import type { Clock, Downstreams, GuardPort, IncomingCall } from './ports.ts';
import { createPowers } from './powers.ts';
import { AUDIT_FAILED, failureResult } from './refusals.ts';
import { createRewriting } from './rewriting.ts';
import { createSelfChecks } from './self-check.ts';
import { createSets } from './sets.ts';
import { type OpenedStore, openStore } from './store/index.ts';
import { rebuild } from './store/rebuild.ts';
import { createSeal } from './store/sealed.ts';
import { createWatch, inWords } from './watch.ts';

/** How long a first `tools/list` waits for slow downstreams. */
const START_MS = 20_000;

export type PerimeterOptions = {
  config: Config;
  clock: Clock;
  log: (line: string) => void;
  version: string;
  /** How this installation is started, for downstreams whose command is `perimeter`. */
  perimeterCommand: { command: string; args: string[] };
  /** Go on after the trail was found damaged; a human's explicit word. */
  acceptDamage?: boolean;
  /** Opened by a command for a moment, not to serve. */
  brief?: boolean;
  /** Stands in for the processes of mcp.json, for tests. */
  downstreams?: Downstreams;
  /** Shortens waits in tests. */
  wait_ms?: number;
  climb_ms?: number;
  /** Shows a notification on the desktop; absent: none is shown. */
  notify?: Notify;
  /** The address of a request's page; absent: none is served. */
  page?: (request_id: string) => string | undefined;
  gone_ms?: number;
  /** Stands in for the disk of the audit, for tests that make it fail. */
  auditFiles?: AuditFiles;
};

/** A running guard. */
export type Perimeter = {
  guard: GuardPort;
  config: Config;
  clock: Clock;
  store: OpenedStore;
  audit: OpenAudit;
  identity: IdentityService;
  policies: Policies;
  grants: Grants;
  elevations: Elevations;
  pins: Pins;
  downstreams: Downstreams;
  catalog(): Catalog;
  /** A person signed in on this machine: it is known from now on. */
  acceptMachine(): Promise<void>;
  /** Sets or clears the lock; setting it stops calls in flight and withdraws what waits. */
  lock(reason: string | undefined, by: string): Promise<void>;
  unlock(by: string): Promise<void>;
  serve(streams: { input: Readable; output: Writable } | Duplex, agent?: string): Promise<ServedClient>;
  close(): Promise<void>;
};

/** Opens everything for a state directory this process owns. Throws, with what to do, when a part can't be opened. */
export async function openPerimeter(options: PerimeterOptions): Promise<Perimeter> {
  const { config, clock } = options;
  // a log is kept and read by others too
  const log = (line: string) => options.log(maskResource(line, () => 'number'));
  await loadSqlParsers();
  const store = await openStore(config.state, { clock, seal: async () => createSeal(await openHashKey(config.state)) });
  if (store.recovered !== undefined) log(store.recovered);
  const policies = openPolicies(config);
  for (const note of policies.notes) log(`note: ${note}`);
  const key = await openHashKey(config.state);
  const audit = await openAudit({
    dir: join(config.state, 'audit'),
    clock,
    key,
    zone: config.timezone,
    ...(options.auditFiles === undefined ? {} : { files: options.auditFiles }),
    ...(config.audit.copy === undefined ? {} : { copy: config.audit.copy }),
    ...(config.audit.retain === undefined ? {} : { retain: config.audit.retain }),
    ...(options.acceptDamage ? { acceptDamage: true } : {}),
  });
  await audit.append({
    type: 'policy.loaded',
    policy_digest: policies.current.digest,
    facts: { rules: policies.current.rules.length },
  });

  const outboxes = openPlaces(config.audit, { clock, version: options.version }).map((place) => new Outbox(place, log));
  for (const outbox of outboxes) audit.onEvent((event) => outbox.offer(event));
  const restored = await rebuild(store, audit);
  if (restored !== undefined) log(restored);

  let stopper = new AbortController();
  const grants = createGrants({ store, audit, clock, policyDigest: () => policies.current.digest });
  const elevations = createElevations({
    store,
    audit,
    clock,
    grants,
    policyDigest: () => policies.current.digest,
    survive_restart: config.session.survive_restart,
    changed: (request) => plans.changed(request),
  });
  const endAll = async (reason: string, fits: (one: { session_id: string }) => boolean = () => true) => {
    stopper.abort();
    stopper = new AbortController();
    await elevations.cancelAll(fits, reason);
    await grants.finishAll(fits, 'ended', { type: 'grant.ended', reason });
  };
  const identity = await createIdentity({
    config,
    store,
    audit,
    clock,
    brief: options.brief === true,
    onEnded: (id, reason) => endAll(`the session ended (${reason})`, (one) => one.session_id === id),
  });
  const clockGuard = createClockGuard({ store, audit, clock, onAnomaly: () => endAll('the clock was set back') });
  await elevations.recover();
  await grants.recover();

  const pins = createPins({ store, audit, clock, changed: () => refresh() });
  const downstreams =
    options.downstreams ??
    createDownstreams(config.entries, {
      clock,
      log,
      perimeterCommand: options.perimeterCommand,
      onRefused: (server, method) =>
        void audit
          .append({
            type: 'call.refused',
            server,
            decision: 'deny',
            rule: 'tool',
            why: `the server asked for \`${method.slice(0, 80)}\`, which no downstream may`,
            method: method.slice(0, 80),
          })
          .catch(() => undefined),
    });
  const own = GUARD_TOOLS.map(defineTool);
  let catalog: Catalog | undefined;
  const current = () =>
    (catalog ??= buildCatalog(downstreams, {
      prefix: config.prefix,
      own,
      hidden: (server, tool) => previewsOf(server).has(tool) || isHeld(server, tool),
    }));
  const previewsOf = (server: string) => previewTools(downstreams.get(server)?.tools() ?? []);
  const isHeld = (server: string, tool: string) => {
    const definition = downstreams
      .get(server)
      ?.tools()
      .find((one) => one.name === tool);
    return definition !== undefined && pins.held(server, definition) !== undefined;
  };
  const changed = new Set<() => void>();
  function refresh(): void {
    catalog = undefined;
    for (const listener of changed) listener();
  }
  downstreams.onTools((name) => {
    refresh();
    checks.changed(name);
    void pins
      .see(name, downstreams.get(name)?.tools() ?? [])
      .then(() => checks.run(name))
      .catch(() => undefined);
  });

  const entries = new Map(config.entries.map((entry) => [entry.name, entry]));
  const histories = createHistories();
  await histories.restore(audit, audit.seq, clock.now());
  audit.onEvent((event) => histories.learn(event));
  const sets = createSets();
  const rewriting = createRewriting({ log, rows: config.impact.dry_run_rows });
  const closing = new AbortController();
  const bound = (server: string) => {
    const entry = entries.get(server);
    return entry ? bindServer(entry, policies.current.bindings) : { server, binding: undefined, root: undefined };
  };
  const checks = createSelfChecks({ rewriting, held: isHeld, downstreams, bound, audit, signal: closing.signal });
  const judging = createJudging({
    clock,
    store,
    policy: () => policies.current,
    grants,
    histories,
    pins,
    measure: createMeasure({ clock, audit, sets, rewriting, rows: config.impact.dry_run_rows, held: isHeld }),
    bound,
    isProtected: protects(config.protected, config.settings),
    console: () => options.page?.(''),
    disk: diskOf([config.folder]),
    catalog: () => ({
      find(name) {
        const hidden = current().held(name);
        // a preview stays unknown; of what is held back the refusal says so
        const entry =
          current().find(name) ?? (hidden?.server !== undefined && isHeld(hidden.server, hidden.tool) ? hidden : undefined);
        return entry?.server === undefined ? undefined : { server: entry.server, tool: entry.tool, definition: entry.definition };
      },
    }),
    downstream: (server) => downstreams.get(server),
  });
  const plans = createPlans({ judging, policy: () => policies.current, elevations, clock });
  const behaviours = createBehaviours({ store, clock });
  const terminal = terminalChannel({
    config: config.file,
    hasPassphrase: () => hasPassphrase(config.state),
    ...(options.notify === undefined ? {} : { notify: options.notify }),
    page: options.page,
  });
  const hook = config.channels.webhook;
  const webhook = hook && webhookChannel({ config: hook, clock, log });
  const page = options.page ?? (() => undefined);
  const channels = [pageChannel(page), terminal, ...(webhook ? [webhook] : [])];
  const people = new Set([config.user.name, ...Object.keys(hook?.answers ?? {})]).size;
  elevations.onPending((request) => log(`${inShort(request)}: ${approveCommand(config.file, request.request_id)}`));
  const ladder = createLadder({
    channels,
    page,
    behaviours,
    elevations,
    grants,
    audit,
    clock,
    min_answer: config.channels.min_answer,
    approver: config.user.name,
    person: config.user.name,
    humanActed: (channel) => identity.humanActed(channel),
    ...(options.climb_ms === undefined ? {} : { climb_ms: options.climb_ms }),
  });
  const powers = createPowers({
    judging,
    elevations,
    grants,
    audit,
    policy: () => policies.current,
    plans,
    ladder,
    behaviours,
    people,
    clock,
    ...(options.wait_ms === undefined ? {} : { wait_ms: options.wait_ms }),
    ...(options.gone_ms === undefined ? {} : { gone_ms: options.gone_ms }),
  });

  const situation = createSituation({ providers: providersOf(config.context, config.folder, clock), clock, log });
  const machine = await createMachine(store);
  const connections = createConnections(clock);

  const live = createLive({ situation, identity, clock, zone: config.timezone });
  watchRequests(live, elevations);

  async function identify({ client }: Pick<IncomingCall, 'client'>): Promise<Sight> {
    const agent = client.agent ?? config.agent;
    const other_session = connections.seen(agent, client);
    // looked at before the session, which may end meanwhile
    const seen = await situation.look(identity.userPresent());
    await clockGuard.check();
    await grants.lapse();
    const { session, record } = await identity.touch();
    const context: Context = { now: clock.now(), zone: config.timezone, session, ...seen };
    if (other_session) context.other_session = true;
    if (!machine.known()) context.machine_known = false;
    if (record) context.session_ends = Date.parse(record.expires_at);
    const who = {
      agent,
      user: record?.user ?? config.user.name,
      role: record?.role ?? config.user.role,
      session_id: record?.session_id ?? 'none',
    };
    return { context, who, stop: stopper.signal };
  }

  let started: Promise<void> | undefined;
  const guard = createGuard({
    clock,
    audit,
    judging,
    grants,
    histories,
    policyDigest: () => policies.current.digest,
    policy: () => policies.current,
    live,
    identify,
    own: ownTools({ definitions: own, powers, log }),
    answered: (call, sight) => powers.answered(call, sight),
    askInline: (call, sight) => powers.askInline(call, sight),
    tools: async () => {
      await ready();
      return current().list;
    },
    disconnected(client) {
      connections.gone(client);
      powers.gone(client);
    },
    sets,
    alarm(line) {
      log(`alarm: ${line}`);
      options.notify?.('Perimeter: more happened than was approved', line);
    },
  });
  const ready = () =>
    (started ??= downstreams
      .start(START_MS)
      .then(seen)
      .catch((error: unknown) => {
        // what could not be recorded now may be at the next call
        started = undefined;
        throw error;
      }));
  /** Pins what the downstreams offer before the first call can reach it. */
  async function seen(): Promise<void> {
    for (const one of downstreams.all()) {
      if (one.state !== 'ready') continue;
      await pins.see(one.entry.name, one.tools());
      void checks.run(one.entry.name);
    }
    catalog = undefined;
  }
  guard.onToolsChanged = (listener) => {
    changed.add(listener);
    return () => changed.delete(listener);
  };
  const call = guard.callTool;
  guard.callTool = async (incoming) => {
    try {
      await ready();
    } catch {
      return {
        result: failureResult(
          audit.failed ? AUDIT_FAILED : 'what the tools are could not be recorded; the log of the guard says why',
          false,
        ),
      };
    }
    return call(incoming);
  };

  const stopWatching = policies.watch((change) => {
    for (const problem of change.problems) log(`policy not taken over: ${problem}`);
    for (const note of change.notes) log(`note: ${note}`);
    const event =
      change.problems.length === 0
        ? { type: 'policy.loaded', policy_digest: policies.current.digest }
        : { type: 'policy.rejected', policy_digest: policies.current.digest, why: change.problems.slice(0, 5).join('; ') };
    void audit.append(event).catch(() => undefined);
    void grants
      .finishAll((grant) => grant.policy_digest !== policies.current.digest, 'ended', {
        type: 'grant.ended',
        reason: 'the policy changed since it was approved',
      })
      .catch(() => undefined);
  });
  const watch = createWatch({
    clock,
    policy: () => policies.current.risk,
    tell(watched) {
      options.notify?.(`Perimeter: ${watched.level} risk`, inWords(watched));
      webhook?.watched(watched);
    },
  });
  audit.onEvent(watch);
  const secret = randomBytes(32);
  const clients = new Set<ServedClient>();

  return {
    guard,
    config,
    clock,
    store,
    audit,
    identity,
    policies,
    grants,
    elevations,
    pins,
    downstreams,
    catalog: current,
    acceptMachine: machine.accept,
    async lock(reason, by) {
      await audit.append({ type: 'lock.set', approver: by, ...(reason === undefined ? {} : { why: reason }) });
      await store.update((data) => {
        data.lock = { set_at: iso(clock.now()), by, ...(reason === undefined ? {} : { reason: maskProse(reason) }) };
      });
      await endAll('everything was locked');
    },
    async unlock(by) {
      await audit.append({ type: 'lock.cleared', approver: by, granted_by: 'human' });
      await store.update((data) => {
        data.lock = null;
      });
    },
    async serve(streams, agent) {
      const [input, output] = 'input' in streams ? [streams.input, streams.output] : [streams, streams];
      const client = await serveClient({
        guard,
        input,
        output,
        clock,
        secret,
        info: { name: 'perimeter', version: options.version, instructions: INSTRUCTIONS },
        ...(options.page === undefined ? {} : { cards: createCards(options.page) }),
        ...(agent === undefined ? {} : { agent }),
      });
      clients.add(client);
      void client.closed.then(() => clients.delete(client));
      return client;
    },
    async close() {
      stopWatching();
      live.close();
      closing.abort();
      stopper.abort();
      for (const client of clients) await client.close();
      elevations.close();
      webhook?.close();
      grants.close();
      identity.close();
      await downstreams.close();
      await audit.close();
      await Promise.all(outboxes.map((outbox) => outbox.close()));
      await store.close();
    },
  };
}

const INSTRUCTIONS =
  'These tools are guarded: every call is checked against the policy of the user. A refused call says why, and whether a person may approve it; then call request_elevation with the calls you plan and an honest reason. Never try to reach the same end by another way.';
