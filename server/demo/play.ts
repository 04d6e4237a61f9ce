// One play of the story: tells each step, makes the call, and holds the guard's own record of it against what should come of it.
import type { ToolResult } from '../ports.ts';
import type { Agent } from './client.ts';
import { newestVerdict } from './evidence.ts';
import type { Narrator, Verdict } from './narrator.ts';
import type { Workspace } from './workspace.ts';

export type Stage = {
  workspace: Workspace;
  agent: Agent;
  narrator: Narrator;
  /** Runs `perimeter audit verify` on the workspace: its exit code and what it said. */
  verify(): Promise<{ code: number | null; said: string }>;
};
type Seen = { result: ToolResult; verdict: Verdict | undefined };
type Expected = { decision: 'allow' | 'ask' | 'deny'; rule: string; risk?: string };

/** Counts the steps, and keeps what failed in words. */
export class Play {
  readonly stage: Stage;
  readonly failed: string[] = [];
  steps = 0;
  #seq = 0;
  #title = '';

  constructor(stage: Stage) {
    this.stage = stage;
  }

  step(title: string): void {
    this.steps += 1;
    this.#title = title;
    this.stage.narrator.step(title);
  }

  /** Like `check`, but speaks only when it fails. */
  expect(ok: boolean, expected: string, got?: string): void {
    if (!ok) this.check(ok, expected, got);
  }

  check(ok: boolean, expected: string, got?: string): void {
    if (!ok) this.failed.push(`${this.#title}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`);
    this.stage.narrator.check(ok, expected, got);
  }

  /** The agent makes a call; the guard's verdict is told and held against what should come of it. */
  async call(tool: string, args: Record<string, unknown>, expected: Expected): Promise<Seen> {
    const { agent, narrator, workspace } = this.stage;
    narrator.tries(tool, args);
    const result = await agent.call(tool, args);
    const found = newestVerdict(workspace, this.#seq);
    this.#seq = found?.seq ?? this.#seq;
    if (found) narrator.verdict(found);
    const refused = result.isError === true;
    const got = found ? `${found.decision} by ${found.rule}, risk ${found.risk}` : textOf(result);
    const fits =
      found?.decision === expected.decision &&
      found.rule === expected.rule &&
      (expected.risk === undefined || found.risk === expected.risk);
    if (!fits)
      this.check(
        false,
        `${expected.decision} by ${expected.rule}${expected.risk === undefined ? '' : `, risk ${expected.risk}`}`,
        got,
      );
    if (refused !== (expected.decision !== 'allow'))
      this.check(false, expected.decision === 'allow' ? 'an answer' : 'an error for the agent', textOf(result));
    return { result, verdict: found };
  }
}

export function textOf(result: ToolResult): string {
  return result.content.map((item) => (typeof item.text === 'string' ? item.text : '')).join('\n');
}

export function metaOf(result: ToolResult): Record<string, unknown> {
  return (result._meta?.['perimeter/decision'] ?? {}) as Record<string, unknown>;
}

export function listOf(result: ToolResult, name: string): Record<string, unknown>[] {
  const list = result.structuredContent?.[name];
  return Array.isArray(list) ? (list as Record<string, unknown>[]) : [];
}
