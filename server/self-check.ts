// As soon as a server is connected: whether its SQL tools can be counted and held by rewriting. Nobody waits for it but the call that needs it.

import type { BoundServer } from '../policies/classify.ts';
import type { Binding } from '../policies/types.ts';
import type { AuditLog, Downstream, Downstreams } from './ports.ts';
import type { Form, Rewriting } from './rewriting.ts';
import { rewritable } from './rewriting.ts';

/** How long a server may take to answer. */
const CHECK_MS = 8_000;

export type Checked = { tool: string; forms: Form[]; problem?: string };
type Parts = {
  rewriting: Pick<Rewriting, 'forms' | 'forget'>;
  /** Why a tool may not be called, if so. */
  held(server: string, tool: string): boolean;
};

/** What each tool of a server that its binding says may be rewritten answered; tools that are held back are left alone. Never throws. */
export async function checkRewriting(
  downstream: Downstream,
  binding: Binding | undefined,
  { rewriting, held }: Parts,
  signal: AbortSignal,
): Promise<Checked[]> {
  const server = downstream.entry.name;
  const tools = downstream.tools().flatMap((definition) => {
    const rewrite = rewritable(binding?.tools[definition.name]);
    const names = [definition.name, ...(rewrite?.counts ? [rewrite.counts.tool] : [])];
    return rewrite && !names.some((name) => held(server, name)) ? [{ definition, rewrite }] : [];
  });
  const checked: Checked[] = [];
  for (const { definition, rewrite } of tools) {
    const tool = definition.name;
    try {
      const forms = await rewriting.forms({ downstream, definition, rewrite }, { meta: {}, signal, timeout: CHECK_MS });
      checked.push({ tool, forms });
    } catch (error) {
      checked.push({ tool, forms: [], problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return checked;
}

export type SelfChecks = {
  /** It was started anew, or offers other tools. */
  changed(server: string): void;
  /** Tries it, once until it changes; call when its tools are pinned. */
  run(server: string): Promise<void>;
};

/** Checks the servers of a running guard, and puts on record what came of it. */
export function createSelfChecks({
  downstreams,
  bound,
  audit,
  signal,
  ...parts
}: Parts & {
  downstreams: Pick<Downstreams, 'get'>;
  bound(server: string): Pick<BoundServer, 'binding'>;
  audit: Pick<AuditLog, 'append'>;
  signal: AbortSignal;
}): SelfChecks {
  const running = new Map<string, Promise<void>>();

  async function check(server: string): Promise<void> {
    const one = downstreams.get(server);
    for (const { tool, forms, problem } of one ? await checkRewriting(one, bound(server).binding, parts, signal) : [])
      await audit.append({
        type: 'tool.checked',
        server,
        tool,
        outcome: problem !== undefined ? 'failed' : forms.join(' ') || 'none',
        ...(problem !== undefined
          ? { why: problem.slice(0, 200) }
          : forms.length > 0
            ? {}
            : { why: 'it hands back no numbers, so what it would change stays unknown' }),
      });
  }

  return {
    changed(server) {
      running.delete(server);
      const one = downstreams.get(server);
      if (one) parts.rewriting.forget(one);
    },
    run(server) {
      const known = running.get(server) ?? check(server).catch(() => undefined);
      running.set(server, known);
      return known;
    },
  };
}
