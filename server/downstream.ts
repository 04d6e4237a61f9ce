// The servers we wrap: started in parallel, kept alive with back-off, each on its own, so that one that fails takes nobody along.
import { openHttp } from './downstream/http.ts';
import type { Link, LinkEvents, LinkInfo } from './downstream/link.ts';
import { Reaper } from './downstream/reaper.ts';
import { openStdio } from './downstream/stdio.ts';
import { readTools } from './downstream/tool-list.ts';
import { DownstreamError } from './errors.ts';
import type {
  Clock,
  Downstream,
  DownstreamState,
  Downstreams,
  ForwardOptions,
  ServerEntry,
  ToolDefinition,
  ToolResult,
} from './ports.ts';
import { after, type Timer } from './timers.ts';

export type DownstreamOptions = {
  clock: Clock;
  /** Lines for the guard's own log; what children say on stderr goes here too. Never stdout. */
  log: (line: string) => void;
  /** Largest answer, in bytes. Default 20 MB. */
  maxResultBytes?: number;
  /** What the command `perimeter` means in an entry: this installation. */
  perimeterCommand: { command: string; args: string[] };
  /** A downstream asked something of the client (sampling, elicitation, roots, …) and was refused. */
  onRefused?: (server: string, method: string) => void;
  /** How the guard names itself to downstreams. */
  info?: LinkInfo;
  /** Milliseconds a server may take to start and list its tools. Default 60 s: `npx` may have to download first. */
  startTimeout?: number;
};

const MAX_RESULT_BYTES = 20 * 1024 * 1024;
const START_TIMEOUT_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A server that ran this long starts its next back-off from the beginning. */
const STEADY_MS = 60_000;
/** Changes of a tool list that come close together are read once. */
const REREAD_WAIT_MS = 200;
/** How long a server that missed a deadline has to show that it still answers. */
const ALIVE_TIMEOUT_MS = 5_000;

/** Makes the downstreams of a configuration. Nothing is started before `start()` or the first call. */
export function createDownstreams(entries: ServerEntry[], options: DownstreamOptions): Downstreams {
  const listeners: ((name: string) => void)[] = [];
  const reaper = new Reaper();
  const told = (name: string) => {
    for (const listener of listeners) listener(name);
  };
  const all = entries.map((entry) => new Supervised(entry, options, reaper, told));
  return {
    all: () => all,
    get: (name) => all.find((downstream) => downstream.entry.name === name),
    async start(wait) {
      const settled = Promise.all(all.map((downstream) => downstream.start()));
      let timer: Timer | undefined;
      await Promise.race([settled, new Promise<void>((resolve) => (timer = after(wait, resolve)))]);
      timer?.cancel();
    },
    onTools: (listener) => void listeners.push(listener),
    async close() {
      await Promise.all(all.map((downstream) => downstream.close()));
      reaper.close();
    },
  };
}

class Supervised implements Downstream {
  readonly entry: ServerEntry;
  state: DownstreamState = 'stopped';
  problem?: string;
  readonly #options: DownstreamOptions;
  readonly #reaper: Reaper;
  readonly #told: (name: string) => void;
  readonly #closing = new AbortController();
  #tools: ToolDefinition[] = [];
  #link: Link | undefined;
  #attempt: Promise<void> | undefined;
  #failures = 0;
  #readyAt = 0;
  #retry: Timer | undefined;
  #reread: Timer | undefined;

  constructor(entry: ServerEntry, options: DownstreamOptions, reaper: Reaper, told: (name: string) => void) {
    this.entry = entry;
    this.#options = options;
    this.#reaper = reaper;
    this.#told = told;
  }

  /** The last list that was read; it stays while the server is down, so that its tools answer with what is wrong. */
  tools(): ToolDefinition[] {
    return this.#tools;
  }

  /** Starts it if it is stopped; resolves when it is ready or failed. Never rejects. */
  async start(): Promise<void> {
    if (this.state === 'stopped' && !this.#closing.signal.aborted) this.#attempt = this.#try();
    await this.#attempt;
  }

  async call(tool: string, args: Record<string, unknown>, options: ForwardOptions): Promise<ToolResult> {
    await this.#startedWithin(options);
    const link = this.#link;
    if (this.state !== 'ready' || !link) throw this.#notStarted();
    try {
      return await link.call(tool, args, options);
    } catch (error) {
      if (error instanceof DownstreamError && (error.kind === 'timeout' || error.kind === 'died'))
        void this.#check(link, error.kind);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#retry?.cancel();
    this.#reread?.cancel();
    await this.#attempt;
    this.state = 'stopped';
    await this.#link?.close();
  }

  async #try(): Promise<void> {
    this.state = 'starting';
    try {
      const link = await this.#open();
      if (this.#closing.signal.aborted) return await link.close();
      this.#link = link;
      const died = link.gone.then((reason) => {
        throw new Error(`\`${this.entry.name}\` could not be started: ${reason}`);
      });
      await Promise.race([this.#read(link), died]);
      this.state = 'ready';
      this.#readyAt = this.#options.clock.mono();
      delete this.problem;
      void link.closed.then(() => this.#down(link));
      void link.gone.then((reason) => this.#lost(link, reason));
    } catch (error) {
      const link = this.#link;
      this.#link = undefined;
      await link?.close();
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #open(): Promise<Link> {
    const { entry } = this;
    const {
      log,
      perimeterCommand,
      info = { name: 'perimeter', version: '0' },
      startTimeout: timeout = START_TIMEOUT_MS,
    } = this.#options;
    const events: LinkEvents = { changed: () => this.#changed(), asked: (method) => this.#asked(method) };
    const maxBytes = this.#options.maxResultBytes ?? MAX_RESULT_BYTES;
    const { signal } = this.#closing;
    if (entry.url !== undefined) return openHttp(entry, entry.url, { info, events, maxBytes, timeout, signal });
    if (entry.command === undefined) throw new Error(`\`${entry.name}\` has neither a "command" nor a "url" in mcp.json`);
    const own = entry.command === 'perimeter';
    const run = own
      ? { command: perimeterCommand.command, args: [...perimeterCommand.args, ...(entry.args ?? [])] }
      : { command: entry.command, args: entry.args ?? [] };
    return openStdio(entry, run, { info, events, log, reaper: this.#reaper, maxBytes, timeout, signal });
  }

  async #read(link: Link): Promise<void> {
    const { log, startTimeout = START_TIMEOUT_MS } = this.#options;
    const tools = await readTools(link, startTimeout, (line) => log(`[${this.entry.name}] ${line}`));
    if (this.#closing.signal.aborted) return;
    this.#tools = tools;
    this.#told(this.entry.name);
  }

  #changed(): void {
    this.#reread ??= after(REREAD_WAIT_MS, () => {
      this.#reread = undefined;
      const link = this.#link;
      if (link) this.#read(link).catch((error: unknown) => this.#log(`its changed tools could not be read: ${String(error)}`));
    });
  }

  #asked(method: string): void {
    this.#log(`its request \`${method}\` was refused`);
    this.#options.onRefused?.(this.entry.name, method);
  }

  /** At once: no call goes to it any more. What it died of, and the next try, follow. */
  #down(link: Link): void {
    if (this.#link !== link || this.#closing.signal.aborted) return;
    this.state = 'failed';
    this.problem = `\`${this.entry.name}\` is not running: its connection broke off`;
  }

  #lost(link: Link, reason: string): void {
    if (this.#link !== link || this.#closing.signal.aborted) return;
    this.#link = undefined;
    if (this.#options.clock.mono() - this.#readyAt > STEADY_MS) this.#failures = 0;
    this.#failed(`\`${this.entry.name}\` is not running: ${reason}`);
  }

  #failed(problem: string): void {
    if (this.#closing.signal.aborted) return;
    this.state = 'failed';
    this.problem = problem;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#log(`${problem}; next try in ${wait / 1000} s`);
    this.#retry = after(wait, () => {
      this.#attempt = this.#try();
    });
  }

  /** A server that missed a deadline and answers nothing else either hangs: it is started anew. So is a broken connection. */
  async #check(link: Link, kind: 'timeout' | 'died'): Promise<void> {
    const alive = kind === 'timeout' && (await link.isAlive(ALIVE_TIMEOUT_MS));
    if (alive || this.#link !== link) return;
    if (kind === 'timeout') this.#lost(link, 'it did not answer any more');
    await link.close();
  }

  async #startedWithin({ timeout, signal }: ForwardOptions): Promise<void> {
    if (this.state !== 'stopped' && this.state !== 'starting') return;
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = after(timeout, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.start(), late]);
    timer?.cancel();
  }

  #notStarted(): DownstreamError {
    const why = this.problem ?? `\`${this.entry.name}\` is ${this.state === 'starting' ? 'still starting' : 'not running'}`;
    return new DownstreamError('not_started', false, this.state === 'failed' ? `${why}; it is tried again by itself` : why);
  }

  #log(line: string): void {
    this.#options.log(`[${this.entry.name}] ${line}`);
  }
}
