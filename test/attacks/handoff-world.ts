// What the labelled cases of test/cases/handoff.json are played with: a guard over small servers, and a person's answer on each channel.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { sign } from '../../server/channels/signed.ts';
import { createCommands } from '../../server/commands.ts';
import { databaseTools } from '../../tools/downstream/database/index.ts';
import { loadSqlite, type Sqlite } from '../../tools/downstream/sqlite.ts';
import { bundled, decisionOf, type World, type WorldOptions, world, yes } from '../world.ts';

const RULES = `
  - id: looked-at
    why: somebody looks first
    effect: ask
    scope: ["read:files", "list:files", "write:files", "delete:*", "move:files", "create:*", "write:database", "send:*", "list:calendar", "read:calendar"]
    limits: { uses: 1, for: 10m, exact: true, records: 5000 }`;
const BINDINGS = `
- server: files
  root: ./files
  tools:
    list: { does: list:files, resource: { path: path } }
    read: { does: read:files, resource: { path: path } }
    write: { does: write:files, resource: { path: path }, facts: { body: content } }
    move: { does: move:files, resource: { path: [source, destination] } }
    delete_file: { does: delete:files, resource: { path: path } }
- server: calendar
  tools:
    list_events: { does: list:calendar, ignore: [day] }
    freebusy: { does: read:calendar, ignore: [day] }
    delete_event: { does: delete:calendar, ignore: [day] }
- server: email
  own: { domains: [acme.example] }
  tools:
    send_email: { does: send:email, resource: { address: [to, cc, bcc] }, facts: { body: [subject, body] } }
- server: db
  tools:
    execute: { does: sql, sql: { statement: sql, dialect: sqlite, domain: database } }
- server: web
  tools:
    get: { does: read:web, resource: { url: url } }
    post: { does: send:web, resource: { url: url }, facts: { body: body } }
`;
const path = { type: 'object', properties: { path: { type: 'string' }, recursive: { type: 'boolean' } }, required: ['path'] };
const ANN = 'a secret of ann that is long enough';
const PERSON_READS_MS = 20;

export type Channel = 'form' | 'terminal' | 'page' | 'webhook';
export type Step = {
  ask?: { tool: string; arguments: Record<string, unknown> }[];
  answer?: 'approve' | 'approve_once' | 'deny';
  by?: Channel;
  /** The answer comes too late: whatever it gets back, it must change nothing. */
  late?: true;
  minutes?: number;
  call?: { tool: string; arguments: Record<string, unknown> };
  accept?: string[];
  state?: string;
  clock?: string;
  held_ms?: number;
  file?: string;
  link?: string;
  to?: string;
  rows?: number;
  other_rows?: true;
  cancel?: true;
  leave?: true;
  restart?: true;
  command?: string;
};

/** A guard with all the servers, and what happens around it, by step. */
export class Handoff {
  given: World;
  #db: Sqlite | undefined;
  readonly #options: WorldOptions;
  readonly #client;
  #fill: (answer: ReturnType<typeof yes>) => void = () => undefined;
  #id = '';
  #answers = 0;

  private constructor(given: World, options: WorldOptions) {
    this.given = given;
    this.#options = options;
    this.#client = given.client();
  }

  static async open(more: WorldOptions = {}): Promise<Handoff> {
    let made: Handoff | undefined;
    const sqlite = await loadSqlite();
    let db: Sqlite | undefined;
    const options: WorldOptions = {
      rules: RULES,
      bindings: BINDINGS,
      servers: (folder) => {
        const file = join(folder, 'crm.db');
        db = sqlite(file);
        db.exec('CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, city TEXT, seen INTEGER)');
        const files = {
          list: { inputSchema: path },
          read: { inputSchema: path },
          write: {},
          move: {},
          delete_file: { inputSchema: path },
        };
        return {
          files,
          calendar: { list_events: {}, freebusy: {}, delete_event: {} },
          email: { send_email: {} },
          db: { execute: {} },
          web: { get: {}, post: {} },
          crm: bundled(databaseTools({ file })),
        };
      },
      entries: { crm: { command: 'perimeter', args: ['tool', 'database', '--file', './crm.db'] } },
      settings: {
        prefix: 'always',
        channels: {
          webhook: { url: 'http://127.0.0.1:9/x', secret: 'a secret of the hook, long enough', answers: { ann: ANN } },
          desktop: false,
        },
      },
      human: () =>
        new Promise((resolve) => {
          if (made) made.#fill = resolve;
        }),
      page: (id) => `http://localhost:4711/requests/${id}`,
      wait_ms: 30,
      gone_ms: 10,
      ...more,
    };
    made = new Handoff(await world(options), options);
    made.#db = db;
    return made;
  }

  async close(): Promise<void> {
    await this.given.close();
    this.#db?.close();
  }

  async play(step: Step): Promise<void> {
    const { given } = this;
    if (step.ask) await this.#asks(step.ask);
    else if (step.answer) await this.#answered(step);
    else if (step.call) await this.#calls(step.call, step.accept ?? []);
    else if (step.minutes !== undefined) given.clock.advance(step.minutes * 60_000);
    else if (step.clock !== undefined) await this.#clockSet(step.clock);
    else if (step.held_ms !== undefined) this.#holds(step.held_ms);
    else if (step.state !== undefined) expect(given.perimeter.elevations.get(this.#id)?.state).toBe(step.state);
    else if (step.cancel) await given.ask({ request_id: this.#id, cancel: true });
    else if (step.leave) await this.#leaves();
    else if (step.restart) await this.#restarts();
    else if (step.command !== undefined) await given.command(step.command);
    else if (step.rows !== undefined) this.#rows(step.rows);
    else if (step.other_rows) this.#otherRows();
    else this.#touches(step);
  }

  async #asks(calls: NonNullable<Step['ask']>): Promise<void> {
    const { given } = this;
    const asked = await given.ask({ justification: 'x', calls, uses: calls.length }, { client: this.#client });
    expect(asked).toMatchObject({ status: 'pending' });
    this.#id = String(asked.request_id);
  }

  async #answered({ answer = 'approve', by = 'terminal', minutes, late }: Step): Promise<void> {
    const { perimeter } = this.given;
    const before = perimeter.grants.all().length;
    const settled = this.#says(by, answer, minutes);
    if (!late) {
      await settled;
      await expect.poll(() => perimeter.elevations.get(this.#id)?.state, { timeout: 10_000 }).not.toBe('pending');
      return;
    }
    await settled.catch(() => undefined);
    expect(perimeter.grants.all()).toHaveLength(before);
  }

  async #says(by: Channel, answer: NonNullable<Step['answer']>, minutes?: number): Promise<unknown> {
    const { given } = this;
    const id = this.#id;
    const shown = given.perimeter.elevations.get(id)?.shown ?? 'nothing';
    const less = { ...(minutes === undefined ? {} : { minutes }), ...(answer === 'approve_once' ? { once: true } : {}) };
    const verb = answer === 'deny' ? 'deny' : 'approve';
    if (by === 'form') {
      this.#fill(yes(answer));
      return new Promise((resolve) => setTimeout(resolve, PERSON_READS_MS));
    }
    if (by === 'terminal') return given.command(verb, { id, typed: true, shown, ...less });
    if (by === 'page') {
      const stream = { event: () => undefined, signal: new AbortController().signal };
      const peer = { as: 'command', version: '', account: 'john' } as const;
      return createCommands(given.perimeter, { channel: 'console' })(verb, { id, typed: true, shown, ...less }, stream, peer);
    }
    this.#answers += 1;
    const [name, timestamp] = [`ans_${this.#answers}`, Math.floor(given.clock.now() / 1_000)];
    const body = JSON.stringify({ type: 'request.answer', request_id: id, shown, decision: answer });
    const document = JSON.stringify({ id: name, timestamp, by: 'ann', body, signature: sign(ANN, name, timestamp, body) });
    return given.command('answer', { document });
  }

  async #calls({ tool, arguments: args }: NonNullable<Step['call']>, accept: string[]): Promise<void> {
    const { given } = this;
    const state = join(given.folder, 'state');
    const filled = JSON.parse(JSON.stringify(args).replaceAll('$id', this.#id).replaceAll('$state', state)) as typeof args;
    const before = given.forwarded.length;
    const result = await given.call(tool, filled);
    const decided = decisionOf(result)?.decision ?? 'deny';
    const decision = result.isError === true ? (decided === 'ask' ? 'approve' : decided) : 'allow';
    const own = result.structuredContent?.status;
    expect(accept, JSON.stringify(result)).toContain(
      decision === 'allow' && own !== undefined && own !== 'granted' ? 'deny' : decision,
    );
    // a server that keeps to a bound is asked, and does nothing
    if (!tool.startsWith('crm__'))
      expect(given.forwarded.length - before).toBe(decision === 'allow' && own === undefined ? 1 : 0);
  }

  /** The next call is held up while its intent is written. */
  #holds(ms: number): void {
    this.given.perimeter.audit.onEvent((event) => {
      if (event.type === 'call.intent') this.given.clock.advance(ms);
    });
  }

  async #clockSet(to: string): Promise<void> {
    this.given.clock.set(to);
    await this.given.call('list_permissions');
  }

  async #leaves(): Promise<void> {
    const { perimeter } = this.given;
    perimeter.guard.disconnected(this.#client);
    await expect.poll(() => perimeter.elevations.get(this.#id)?.state, { timeout: 10_000 }).toBe('cancelled');
  }

  async #restarts(): Promise<void> {
    const { folder, clock } = this.given;
    await this.given.close({ keep: true });
    this.given = await world({ ...this.#options, servers: (at) => (at === folder ? this.#again() : {}), folder, clock });
  }

  #again(): Record<string, Record<string, Record<string, never>>> {
    return { files: { list: {}, read: {}, write: {}, move: {}, delete_file: {} } };
  }

  #rows(count: number): void {
    const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
    this.#db?.exec(`${numbers} INSERT INTO customers (city) SELECT 'Oslo' FROM n`);
  }

  #otherRows(): void {
    this.#db?.exec("DELETE FROM customers; INSERT INTO customers (city) VALUES ('Oslo'), ('Oslo'), ('Oslo')");
  }

  #touches({ file, link, to = '' }: Step): void {
    const place = join(this.given.folder, 'files', file ?? link ?? '');
    mkdirSync(dirname(place), { recursive: true });
    if (file !== undefined) {
      writeFileSync(place, file);
      return;
    }
    rmSync(place, { recursive: true, force: true });
    symlinkSync(to, place);
  }
}
