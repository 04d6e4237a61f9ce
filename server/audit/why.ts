// From one id to the whole chain behind it: call, decision, grant, request, answer, and what was touched.
import type { AuditEvent } from '../ports.ts';
import { tell } from './story.ts';

/** Finds the events of one event or call id, of a grant, or of a request, oldest first. */
export type Lookup = (link: { kind: 'id' | 'grant' | 'request'; id: string }) => Promise<AuditEvent[]>;

/** The first start of the guard after a record, if there was one. */
export type NextStart = (seq: number) => Promise<AuditEvent | undefined>;

/** A chain is never longer; a grant with more uses than this is told by its first events. */
const MAX_CHAIN = 500;

/**
 * Walks from an event, call, grant or request id to everything that explains it. A grant or request brings all its calls;
 * a call brings the grants it drew on and the requests they came from. Undefined when the log knows no such id.
 */
export async function explain(
  id: string,
  lookup: Lookup,
  nextStart: NextStart,
  zone: string,
): Promise<{ story: string; chain: AuditEvent[] } | undefined> {
  const walk = new Walk(lookup);
  await walk.from(id);
  if (walk.events.size === 0) return undefined;
  await walk.starts(nextStart);
  const chain = [...walk.events.values()].sort((a, b) => a.seq - b.seq);
  return { story: tell(chain, zone), chain };
}

class Walk {
  readonly events = new Map<number, AuditEvent>();
  readonly #lookup: Lookup;
  readonly #seen = new Set<string>();

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  async from(id: string): Promise<void> {
    await this.#request(id, true);
    await this.#grant(id, true);
    for (const event of await this.#lookup({ kind: 'id', id })) await this.#event(event);
  }

  /** A call without an end and a guard that was started afterwards: it had stopped in between. */
  async starts(nextStart: NextStart): Promise<void> {
    const all = [...this.events.values()];
    const ended = new Set(all.filter((event) => event.type === 'call.outcome').map((event) => event.call_id));
    for (const event of all) {
      const start = event.type === 'call.intent' && !ended.has(event.call_id) ? await nextStart(event.seq) : undefined;
      if (start) this.#keep([start]);
    }
  }

  async #event(event: AuditEvent): Promise<void> {
    this.#keep([event]);
    if (event.call_id !== undefined) return this.#call(event.call_id);
    const isWhole = event.type.startsWith('grant.') || event.type.startsWith('request.');
    for (const grant of grantsOf(event)) await this.#grant(grant, isWhole);
    if (event.request_id !== undefined) await this.#request(event.request_id, isWhole);
  }

  async #call(id: string): Promise<void> {
    if (!this.#first(`call ${id}`)) return;
    const events = (await this.#lookup({ kind: 'id', id })).filter((event) => event.call_id === id);
    this.#keep(events);
    for (const event of events) {
      for (const grant of grantsOf(event)) await this.#grant(grant, false);
      if (event.request_id !== undefined) await this.#request(event.request_id, false);
    }
  }

  /** All of a grant's life with `whole`; else only how it came to be. */
  async #grant(id: string, whole: boolean): Promise<void> {
    if (!this.#first(`grant ${id} ${whole}`)) return;
    const events = await this.#lookup({ kind: 'grant', id });
    const kept = whole ? events : events.filter((event) => event.type === 'grant.issued');
    this.#keep(kept);
    for (const event of kept) {
      if (event.request_id !== undefined) await this.#request(event.request_id, false);
      if (whole && event.call_id !== undefined) await this.#call(event.call_id);
    }
  }

  async #request(id: string, whole: boolean): Promise<void> {
    if (!this.#first(`request ${id} ${whole}`)) return;
    const events = await this.#lookup({ kind: 'request', id });
    this.#keep(events.filter((event) => whole || event.call_id === undefined));
    if (whole) for (const event of events) for (const grant of grantsOf(event)) await this.#grant(grant, true);
  }

  #first(what: string): boolean {
    if (this.#seen.has(what)) return false;
    this.#seen.add(what);
    return true;
  }

  #keep(events: readonly AuditEvent[]): void {
    for (const event of events) if (this.events.size < MAX_CHAIN) this.events.set(event.seq, event);
  }
}

function grantsOf(event: AuditEvent): string[] {
  const judged = Array.isArray(event.actions) ? event.actions.map((action) => action.grant_id) : [];
  return [...new Set([event.grant_id, ...judged].filter((id) => id !== undefined))];
}
