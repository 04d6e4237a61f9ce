// Threat: the agent learns from the guard what it may not read: counts that were made for a human's eyes.
import { afterEach, describe, expect, it } from 'vitest';
import type { ToolResult } from '../../server/ports.ts';
import { type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - { id: changing, why: customers are real people, effect: ask, scope: "write:database", limits: { records: 50000, uses: 3, for: 30m } }
  - { id: salaries, why: nobody's business, effect: deny, scope: ["read:database:salaries"] }`;
/** A number that stands nowhere else. */
const COUNT = 31_337;
const UPDATE = { tool: 'execute', arguments: { sql: "UPDATE customers SET seen = 1 WHERE city = 'Oslo'" } };

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) =>
  (open = await world({
    rules: RULES,
    bindings: 'server: db\ntools:\n  execute: { does: sql, sql: { statement: sql, dialect: sqlite, domain: database } }\n',
    servers: {
      db: {
        execute: { _meta: { 'perimeter/impact': { preview: 'preview', unit: 'records', bound: true } } },
        preview: {
          annotations: { readOnlyHint: true },
          run: () => ({
            content: [{ type: 'text', text: String(COUNT) }],
            structuredContent: { total: COUNT, per_resource: { customers: COUNT } },
          }),
        },
      },
    },
    wait_ms: 60,
    ...more,
  }));
const told = (value: unknown) => JSON.stringify(value).replaceAll(/[,._ ]/g, '');

const eventsIn = (answer: ToolResult) => answer.structuredContent?.events as Record<string, unknown>[];

describe('a count that was not granted', () => {
  it('is in no answer to the agent, whatever it asks of the guard, before and after the human said no', async () => {
    const { call, ask, command } = await guarded();
    const pending = await ask({ calls: [UPDATE], claimed_records: 5 });
    expect(pending).toMatchObject({ status: 'pending', impact: { measured: null, withheld: true, per_resource: {} } });
    const everything = async () => {
      const answers: unknown[] = [
        await call('list_permissions'),
        await call('execute', UPDATE.arguments),
        await call('request_elevation', { justification: '', request_id: pending.request_id }),
      ];
      for (const query of [
        {},
        { text: 'customers' },
        { text: String(COUNT) },
        { type: 'request.created' },
        { type: 'impact.measured' },
        { request_id: pending.request_id },
        { why: pending.request_id },
        { limit: 500 },
      ])
        answers.push(await call('audit_query', query));
      return told(answers.map((answer) => ({ ...(answer as object), echo: undefined })));
    };
    expect((await everything()).replaceAll(`"text":"${COUNT}"`, '')).not.toContain(String(COUNT));
    await command('deny', { id: pending.request_id });
    expect(await everything()).not.toContain(String(COUNT));
    // the human does see it
    expect(told(await command('audit.query', { type: 'request.created' }))).toContain(String(COUNT));
  });

  it("can't be guessed either: a search for the right number finds no more than one for a wrong number", async () => {
    const { call, ask } = await guarded();
    await ask({ calls: [UPDATE] });
    const found = async (text: string) => eventsIn(await call('audit_query', { text, type: 'request.created' })).length;
    const impact = async (text: string) => eventsIn(await call('audit_query', { text, type: 'impact.measured' })).length;
    for (const text of [String(COUNT), `affect ${COUNT}`, `${COUNT} records`]) {
      expect(await found(text), text).toBe(await found(text.replace(String(COUNT), '31338')));
      expect(await impact(text), text).toBe(await impact(text.replace(String(COUNT), '31338')));
    }
  });

  it("can't be tried out against the hashes of the records: the agent is not given them", async () => {
    const { call, ask } = await guarded();
    await ask({ calls: [UPDATE] });
    for (const event of eventsIn(await call('audit_query', { limit: 500 }))) {
      expect(event).not.toHaveProperty('hash');
      expect(event).not.toHaveProperty('prev');
    }
  });

  it('is not made at all for what a rule denies', async () => {
    const { ask, forwarded } = await guarded();
    const stolen = {
      tool: 'execute',
      arguments: { sql: 'UPDATE customers SET seen = 1 WHERE (SELECT max(pay) FROM salaries) > 100000' },
    };
    expect(await ask({ calls: [stolen] })).toMatchObject({ status: 'denied', rule: 'salaries' });
    expect(forwarded).toEqual([]);
  });

  it('is not made without end: after thirty in a minute the answer is unknown', async () => {
    const { call, forwarded } = await guarded({
      rules:
        "  - { id: small, why: few rows are fine, effect: allow, scope: 'write:database', when: { records: { at_most: 10 } } }",
    });
    for (let row = 0; row < 60; row += 1) await call('execute', { sql: `UPDATE customers SET seen = 1 WHERE id < ${row}` });
    expect(forwarded.filter((one) => one.tool === 'preview').length).toBeLessThanOrEqual(30);
  });

  it("the tool that counts can't be called by the agent", async () => {
    const { call, perimeter, forwarded } = await guarded();
    expect((await perimeter.guard.listTools()).map((tool) => tool.name)).not.toContain('preview');
    for (const name of ['preview', 'db__preview']) expect((await call(name, UPDATE.arguments)).isError).toBe(true);
    expect(forwarded).toEqual([]);
  });
});

describe('a count that was granted', () => {
  it('is told', async () => {
    const { ask } = await guarded({ human: () => yes(), wait_ms: 5_000 });
    expect(await ask({ calls: [UPDATE] })).toMatchObject({ status: 'granted', impact: { measured: COUNT } });
  });
});
