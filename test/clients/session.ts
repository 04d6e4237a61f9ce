// One client at work: the real program in a terminal, a model that the test plays, and the real guard before the sample company.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from './captures.ts';
import { Company, type Special } from './company.ts';
import { ScriptedModel } from './model.ts';
import type { ClientProgram } from './programs/program.ts';
import { Screen } from './screen.ts';

/** After a client heard what tools there are, it still takes a moment. */
const SETTLE_MS = 1_000;
const TOOLS_WITHIN_MS = 90_000;

export class Session {
  readonly company: Company;
  readonly model: ScriptedModel;
  readonly screen: Screen;
  readonly #name: string;
  readonly #home: string;

  private constructor(name: string, company: Company, model: ScriptedModel, screen: Screen, home: string) {
    this.#name = name;
    this.company = company;
    this.model = model;
    this.screen = screen;
    this.#home = home;
  }

  static async start(program: ClientProgram, bin: string, special?: Special): Promise<Session> {
    const company = await Company.make(special);
    const model = await ScriptedModel.start();
    const [home, project] = [join(company.folder, 'home'), join(company.folder, 'project')] as const;
    for (const folder of [home, project]) mkdirSync(folder);
    const browser = join(company.folder, 'browser');
    writeFileSync(browser, `#!/bin/sh\necho "$@" >> '${company.folder}/opened'\n`, { mode: 0o755 });
    const prompt = 'Mark the dormant customers.';
    const { args, env } = program.prepare({ home, project, model: model.url, guard: company.guard }, prompt);
    // nothing of the person who runs this: no account, no key, no configuration
    const given = { PATH: process.env.PATH ?? '', HOME: home, NO_PROXY: '127.0.0.1,localhost', BROWSER: browser, ...env };
    const screen = new Screen({ command: [bin, ...args], env: given, folder: project });
    const session = new Session(program.name, company, model, screen, home);
    if (program.ready) await session.#types(prompt, program.ready);
    return session;
  }

  /** Keeps what a screen shows, for docs/clients.md. */
  capture(name: string, text = this.screen.text()): void {
    capture(`${this.#name}-${name}`, text);
  }

  /** The screen and the guard's own words, for a story that failed. */
  evidence(): string {
    return `--- screen of ${this.#name}\n${this.screen.text()}\n--- the guard's log\n${this.company.log()}---`;
  }

  async #types(prompt: string, ready: RegExp): Promise<void> {
    try {
      await this.screen.shows(ready, 60);
      await toolsListed(this.company);
      await this.screen.types(prompt);
      await this.screen.keys('Enter');
    } catch (error) {
      process.stderr.write(`${this.evidence()}\n`);
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.screen.close();
    await endAllWithHome(this.#home);
    await this.model.close();
    this.company.remove();
  }
}

async function toolsListed(company: Company): Promise<void> {
  const end = performance.now() + TOOLS_WITHIN_MS;
  while (!company.wire('out').some(({ result }) => result?.tools !== undefined)) {
    if (performance.now() > end) throw new Error(`the guard listed no tools in time: ${company.log()}`);
    await sleep(200);
  }
  await sleep(SETTLE_MS);
}

/** Some clients leave a daemon behind. Whatever has this run's home in its environment was started by this run. */
async function endAllWithHome(home: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && hasHome(name, home));
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(Number(pid), signal);
      } catch {
        // it ended by itself meanwhile
      }
    }
    await sleep(1_000);
  }
}

function hasHome(pid: string, home: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`HOME=${home}`);
  } catch {
    return false;
  }
}
