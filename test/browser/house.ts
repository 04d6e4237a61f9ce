// The sample company with its real guard, an agent that draws no forms, and what its owner does at a terminal. For the console's stories.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { connectOwner } from '../../server/owner/index.ts';
import type { AuditEvent, ToolResult } from '../../server/ports.ts';
import { MAIN, perimeter, tempFolder, trailOf } from '../e2e/program.ts';

export const PASSPHRASE = 'correct horse battery';
export const update = (where: string) => ({ sql: `UPDATE customers SET note = 'win-back' WHERE ${where}` });
export const DORMANT = update("status = 'dormant'");
/** Some of them: a part of what a permission for all of them gives. */
export const IN_BERLIN = update("status = 'dormant' AND city = 'Berlin'");

export type Asked = { justification?: string; claimed_records?: number; minutes?: number; uses?: number; sql?: { sql: string } };

export class House {
  readonly folder = join(tempFolder(), 'company');
  #client: Client | undefined;

  static async make(): Promise<House> {
    const house = new House();
    const made = await perimeter(['demo', '--keep', house.folder, '--no-story']);
    if (made.code !== 0) throw new Error(made.stderr);
    return house;
  }

  get config(): string {
    return join(this.folder, 'mcp.json');
  }

  get state(): string {
    return join(this.folder, '.perimeter');
  }

  /** Changes a file of the company, such as a rule. */
  edit(file: string, from: string, to: string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    writeFileSync(path, text.replace(from, to));
  }

  /** An agent starts, and its guard with it. */
  async start(): Promise<void> {
    this.#client = new Client({ name: 'no-forms', version: '1' }, { capabilities: {} });
    const command = { command: process.execPath, args: [MAIN, 'serve', '--config', this.config], stderr: 'ignore' as const };
    await this.#client.connect(new StdioClientTransport(command));
    await this.#client.listTools();
  }

  /** The agent goes, and the guard with it. */
  async stop(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    // the next one may start only when this one let go of the state
    while (await connectOwner(this.state)) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<ToolResult> {
    if (!this.#client) throw new Error('no agent is connected');
    return (await this.#client.callTool({ name, arguments: args }, { timeout: 120_000 })) as ToolResult;
  }

  /** The agent asks for permission to mark the 23 dormant customers. Resolves when it has its answer. */
  ask({ sql = DORMANT, justification = 'Mia wants them marked for the win-back.', ...more }: Asked = {}): Promise<ToolResult> {
    const answer = this.call('request_elevation', {
      justification,
      calls: [{ tool: 'database__execute', arguments: sql }],
      minutes: 30,
      uses: 2,
      ...more,
    });
    // a story that fails before it looks at the answer says so itself
    answer.catch(() => undefined);
    return answer;
  }

  /** What the owner types at a terminal, or a program of theirs that needs none. */
  async command(name: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const owner = await connectOwner(this.state);
    if (!owner) throw new Error('no guard runs');
    return owner.command(name, params);
  }

  /** The link that `perimeter console` prints. */
  async link(): Promise<string> {
    return ((await this.command('console.link')) as { url: string }).url;
  }

  get origin(): Promise<string> {
    return this.link().then((url) => new URL(url).origin);
  }

  async pending(): Promise<{ request_id: string; shown: string }[]> {
    return (await this.command('pending')) as { request_id: string; shown: string }[];
  }

  /** The id of the one request that waits, as soon as it does. */
  async waiting(): Promise<string> {
    for (let tries = 0; tries < 300; tries += 1) {
      const [one] = await this.pending();
      if (one) return one.request_id;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('nothing waits');
  }

  /** Withdraws and takes back everything, so that the next story begins with nothing given, and nothing denied that would not be asked again. */
  async tidy(): Promise<void> {
    for (const { request_id } of await this.pending())
      await this.call('request_elevation', { cancel: true, request_id, justification: 'not needed any more' });
    await this.command('revoke', { all: true });
  }

  /** `perimeter passphrase set`, fed from a pipe. */
  async setPassphrase(): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'passphrase', 'set', '--config', this.config, '--passphrase-fd', '0'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(`${PASSPHRASE}\n`);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`perimeter passphrase set ended with ${code}`);
  }

  trail(): AuditEvent[] {
    return trailOf(this.state);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(join(this.folder, '..'), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
