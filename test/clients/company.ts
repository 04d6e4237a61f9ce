// The sample company in a scratch folder, its real guard with the wire kept beside it, and what a human at another terminal does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../server/clock.ts';
import { makeWorkspace, type Workspace } from '../../server/demo/workspace.ts';
import { packageRoot } from '../../server/package-root.ts';
import { setPassphrase } from '../../server/passphrase.ts';
import { Screen } from './screen.ts';

const PERIMETER = [process.execPath, join(packageRoot(), 'dist', 'server', 'cli', 'main.js')] as const;

const DISCOVER = [process.execPath, join(packageRoot(), 'test', 'clients', 'discover.mjs')] as const;

/** `rules`: more of them, as they stand in a rules file. `discover`: what `server/discover` says in the guard's place. `passphrase`: it is set. */
export type Special = { rules?: string; discover?: 'yes' | 'no' | undefined; passphrase?: string };
type Message = { id?: unknown; method?: string; params?: Record<string, unknown>; result?: Record<string, unknown> };

export class Company {
  readonly folder: string;
  readonly workspace: Workspace;

  readonly #discover: Special['discover'];

  private constructor(folder: string, workspace: Workspace, discover: Special['discover']) {
    this.folder = folder;
    this.workspace = workspace;
    this.#discover = discover;
  }

  static async make({ rules, discover, passphrase }: Special = {}): Promise<Company> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-client-')));
    const workspace = await makeWorkspace(join(folder, 'company'), systemClock.now());
    if (rules !== undefined)
      writeFileSync(join(workspace.folder, 'policies', 'rules', 'more.yaml'), `version: 1\nrules:\n${rules}\n`);
    if (passphrase !== undefined) await setPassphrase(workspace.state, passphrase);
    return new Company(folder, workspace, discover);
  }

  /** The command that starts the guard. Every line in and out is kept in the company's folder. */
  get guard(): { command: string; args: string[] } {
    const tap = 'tee -a "$0/in" | "$@" 2>>"$0/log" | tee -a "$0/out"';
    const program = [
      ...(this.#discover ? [...DISCOVER, this.#discover] : []),
      ...PERIMETER,
      'serve',
      '--config',
      this.workspace.config,
    ];
    return { command: 'sh', args: ['-c', tap, this.folder, ...program] };
  }

  /** What went over the wire, from the client (`in`) or to it (`out`). */
  wire(direction: 'in' | 'out'): Message[] {
    const lines = this.#read(direction).split('\n');
    return lines.flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Message] : []));
  }

  /** What the guard said on stderr. */
  log(): string {
    return this.#read('log');
  }

  /** The addresses a client had a browser open. */
  opened(): string[] {
    return this.#read('opened')
      .split('\n')
      .filter((line) => line !== '');
  }

  /** How often each type of event stands in the audit, read from its files. */
  audited(): Record<string, number> {
    const folder = join(this.workspace.state, 'audit');
    const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')).filter((line) => line !== '');
    const counts: Record<string, number> = {};
    for (const line of lines) {
      const { type } = JSON.parse(line) as { type?: string };
      if (type !== undefined) counts[type] = (counts[type] ?? 0) + 1;
    }
    return counts;
  }

  /** A command of the human's that needs no terminal; its JSON. */
  command(...args: string[]): unknown {
    const [node, main] = PERIMETER;
    const { stdout, stderr } = spawnSync(node, [main, ...args, '--config', this.workspace.config, '--json'], {
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(`perimeter ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** `perimeter approve` in a terminal of its own, with the code it shows typed back. Resolves with all it showed. */
  async approve(id: string): Promise<string> {
    const command = [...PERIMETER, 'approve', id, '--config', this.workspace.config];
    const screen = new Screen({ command, env: { NO_COLOR: '1', PATH: process.env.PATH ?? '' }, folder: this.folder });
    try {
      const asked = await screen.shows(/type \w+ to approve:/);
      await screen.types(/type (\w+) to approve:/.exec(asked)?.[1] ?? '');
      await screen.keys('Enter');
      return await screen.shows(/^approved|^not approved|nothing/m);
    } finally {
      screen.close();
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  #read(name: string): string {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}
