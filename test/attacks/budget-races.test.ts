// Threat: calls at the same moment that together take more than was approved.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrants } from '../../server/grants.ts';
import type { AuditEvent, AuditInput, StateData, Store, ToolResult } from '../../server/ports.ts';
import { emptyState } from '../../server/store/schema.ts';
import { fakeClock, type World, world, yes } from '../world.ts';

/** A disk that takes its time, and sometimes says no: each write waits for the schedule to let it through. */
function slowParts(schedule: fc.Scheduler, fails: () => boolean) {
  let data: StateData = emptyState();
  const step = async (label: string) => {
    await schedule.schedule(Promise.resolve(), label);
    if (fails()) throw new Error('no room');
  };
  const store: Store = {
    get data() {
      return data;
    },
    async update(change) {
      await step('write');
      const next = structuredClone(data);
      const value = change(next);
      data = next;
      return value;
    },
    close: async () => undefined,
  };
  const audit = { append: (event: AuditInput) => step('record').then(() => event as AuditEvent) };
  return { store, audit };
}

const WHO = { agent: 'felix', user: 'john', role: 'user', session_id: 's' };

describe('a permission for so many uses and records', () => {
  it('is never overspent, however calls in flight, failures and corrections interleave', async () => {
    const call = fc.record({
      records: fc.integer({ min: 0, max: 12 }),
      actual: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
      unused: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 30 }),
        fc.array(call, { minLength: 2, maxLength: 14 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        async (schedule, uses, records, calls, faults) => {
          let quiet = true;
          const { store, audit } = slowParts(schedule, () => !quiet && faults.shift() === true);
          const grants = createGrants({ store, audit, clock: fakeClock(), policyDigest: () => 'p' });
          const issuing = grants.issue({
            request_id: 'r',
            user: WHO.user,
            agent: WHO.agent,
            session_id: WHO.session_id,
            scope: ['write:database'],
            rules: ['default'],
            risk: 'low',
            budget: { uses, records },
            approver: 'john',
            channel: 'form',
            granted_by: 'human',
            survive_restart: false,
            policy_digest: 'p',
            for_ms: 60_000,
          });
          await schedule.waitFor(issuing);
          const { grant_id } = await issuing;
          quiet = false;
          const spent = { uses: 0, records: 0 };
          const run = async ({ records: wants, actual, unused }: (typeof calls)[number]) => {
            await schedule.schedule(Promise.resolve(), 'arrives');
            if (!grants.views(WHO).some((grant) => grant.remaining.uses >= 1)) return;
            const taken = grants.reserve([grant_id], { records: wants }, 'd');
            if (!taken) return;
            try {
              await audit.append({ type: 'call.intent' });
              await grants.spend(taken, 'c');
            } catch {
              return grants.release(taken);
            }
            if (!grants.stands(taken)) return grants.settle(taken, 'unused').catch(() => undefined);
            await schedule.schedule(Promise.resolve(), 'runs');
            // a bounded downstream does no more than what was reserved
            const did = Math.min(wants, actual ?? wants);
            if (!unused) {
              spent.uses += 1;
              spent.records += did;
            }
            await grants.settle(taken, unused ? 'unused' : { records: did }).catch(() => undefined);
          };
          await schedule.waitFor(Promise.all(calls.map(run)));
          grants.close();
          expect(spent.uses).toBeLessThanOrEqual(uses);
          expect(spent.records).toBeLessThanOrEqual(records);
        },
      ),
      { numRuns: 1_000, endOnFailure: true },
    );
  }, 60_000);
});

describe('many calls at once, on the whole road', () => {
  let open: World | undefined;
  afterEach(() => open?.close());
  const files = (run?: () => Promise<ToolResult>) => ({
    rules: '  - { id: asks, why: a look first, effect: ask, scope: "write:files", limits: { uses: 3, for: 10m } }',
    bindings: 'server: files\ntools:\n  write: { does: write:files, resource: { path: path } }\n',
    servers: { files: { write: run === undefined ? {} : { run } } },
    human: () => yes(),
  });

  it('four equal calls on three uses: three run', async () => {
    open = await world(files(() => new Promise((done) => setTimeout(() => done({ content: [] }), 20))));
    await open.ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }], uses: 3 });
    const results = await Promise.all(Array.from({ length: 4 }, () => open?.call('write', { path: 'a' })));
    expect(results.filter((result) => result?.isError !== true)).toHaveLength(3);
    expect(open.forwarded).toHaveLength(3);
  });

  it('twenty equal calls on one approval for exactly one: one runs', async () => {
    open = await world({ ...files(), human: () => yes('approve_once') });
    await open.ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }] });
    await Promise.all(Array.from({ length: 20 }, () => open?.call('write', { path: 'a' })));
    expect(open.forwarded).toHaveLength(1);
  });

  it('calls of two connections draw on the same budget', async () => {
    open = await world(files());
    await open.ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }], uses: 3 });
    const clients = [open.client(), open.client()];
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        open?.call('write', { path: 'a' }, { client: clients[index % 2] as (typeof clients)[0] }),
      ),
    );
    expect(open.forwarded).toHaveLength(3);
  });

  it('a call that never left gives its use back; one that may have arrived does not', async () => {
    open = await world(files(async () => Promise.reject(new Error('gone'))));
    await open.ask({ calls: [{ tool: 'write', arguments: { path: 'a' } }], uses: 3 });
    await open.call('write', { path: 'a' });
    expect(open.perimeter.grants.all()[0]?.remaining.uses).toBe(2);
    const aborted = AbortSignal.abort();
    await open.call('write', { path: 'a' }, { signal: aborted });
    expect(open.perimeter.grants.all()[0]?.remaining.uses).toBe(2);
  });

  it('a downstream that lies about what it did makes no room', async () => {
    const lies = [{ total: -1_000 }, { total: 0 }, { total: 1.5 }, { total: '0' }, { total: null }];
    open = await world({
      rules:
        '  - { id: asks, why: a look first, effect: ask, scope: "write:database", limits: { uses: 50, records: 10, for: 10m } }',
      bindings: 'server: db\ntools:\n  execute: { does: sql, sql: { statement: sql, dialect: sqlite, domain: database } }\n',
      servers: {
        db: {
          execute: {
            _meta: { 'perimeter/impact': { preview: 'preview', unit: 'records' } },
            run: () => ({
              content: [],
              _meta: { 'perimeter/actual': lies.shift() ?? { total: 0 }, 'perimeter/outside_bound': {} },
            }),
          },
          preview: { annotations: { readOnlyHint: true }, run: () => ({ content: [], structuredContent: { total: 3 } }) },
        },
      },
      human: () => yes(),
    });
    const call = { tool: 'execute', arguments: { sql: "UPDATE t SET a = 1 WHERE b = 'x'" } };
    expect(await open.ask({ calls: [call], uses: 50 })).toMatchObject({ status: 'granted', grant: { budget: { records: 3 } } });
    await open.call(call.tool, call.arguments);
    expect(open.forwarded.filter((one) => one.tool === 'execute')).toHaveLength(1);
    expect((await open.call(call.tool, call.arguments)).isError).toBe(true);
    expect(open.forwarded.filter((one) => one.tool === 'execute')).toHaveLength(1);
  });
});
