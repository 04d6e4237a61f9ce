// What a log must say of itself: every forwarded call has a rule or a grant that was alive, and how it ended.
import type { AuditEvent } from '../ports.ts';

/** A grant is checked, then the call is recorded: so much later the record may be. Milliseconds. */
const RECORDING_SLACK_MS = 2000;
const MAX_REMEMBERED_DRAWS = 10_000;

type KnownGrant = { alive_until: number; spent: boolean };
type Report = (event: AuditEvent, problem: string) => void;

/** Sees a log's events in order, remembers what is open, and reports a call that nothing in the log permits. */
export class Witness {
  readonly #report: Report;
  readonly #grants = new Map<string, KnownGrant>();
  /** Draws on a grant that were found good, as `<grant> <call>`: the use and the call are two records, in either order. */
  readonly #drawn = new Set<string>();
  readonly #open = new Set<string>();
  #late = false;
  #unproven = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Uses of grants that may have been given in records that are no longer there. */
  get unproven(): number {
    return this.#unproven;
  }

  /** The log's first records were deleted by retention. */
  beginsLate(): void {
    this.#late = true;
  }

  see(event: AuditEvent): void {
    if (event.type === 'call.intent') this.#intent(event);
    else if (event.type === 'call.outcome' && event.outcome !== 'unknown') this.#open.delete(nameOf(event));
    else if (event.grant_id !== undefined && event.type.startsWith('grant.')) this.#grant(event, event.grant_id);
  }

  /** Calls whose intent is recorded and whose outcome isn't, or is recorded as unknown. */
  unknownOutcomes(): string[] {
    return [...this.#open];
  }

  #grant(event: AuditEvent, id: string): void {
    if (event.type === 'grant.issued') {
      // A grant without a readable end is never alive: none is permanent.
      this.#grants.set(id, { alive_until: Date.parse(event.expires_at ?? ''), spent: false });
    } else if (event.type === 'grant.used') this.#draw(event, id);
    else {
      const grant = this.#grants.get(id);
      if (grant && event.type === 'grant.exhausted') grant.spent = true;
      else if (grant) grant.alive_until = Math.min(grant.alive_until, Date.parse(event.timestamp));
    }
  }

  #intent(event: AuditEvent): void {
    this.#open.add(nameOf(event));
    if (event.decision !== undefined && event.decision !== 'allow') {
      this.#report(event, `record ${event.seq} is a call that was forwarded although the decision was \`${event.decision}\``);
    }
    const actions = Array.isArray(event.actions) ? event.actions : [];
    const ids = new Set([event.grant_id, ...actions.map((action) => action.grant_id)].filter((id) => id !== undefined));
    for (const id of ids) this.#draw(event, id);
    const hasRule = Boolean(event.rule) || (actions.length > 0 && actions.every((action) => action.rule));
    if (ids.size === 0 && !hasRule) this.#report(event, `record ${event.seq} is a call that no rule and no grant allowed`);
  }

  /** The first record of a draw must find the grant alive; the second only has to belong to it. */
  #draw(event: AuditEvent, id: string): void {
    const name = `${id} ${event.call_id}`;
    if (event.call_id !== undefined && this.#drawn.delete(name)) return;
    const problem = this.#notAlive(event, id);
    if (problem) this.#report(event, problem);
    this.#drawn.add(name);
    const oldest = this.#drawn.values().next().value;
    if (this.#drawn.size > MAX_REMEMBERED_DRAWS && oldest !== undefined) this.#drawn.delete(oldest);
  }

  #notAlive(event: AuditEvent, id: string): string | undefined {
    const grant = this.#grants.get(id);
    if (!grant && this.#late) {
      this.#unproven += 1;
      return undefined;
    }
    if (!grant) return `record ${event.seq} draws on grant ${id}, which was never given`;
    if (grant.spent) return `record ${event.seq} draws on grant ${id}, which had nothing left`;
    const isAlive = Date.parse(event.timestamp) <= grant.alive_until + RECORDING_SLACK_MS;
    return isAlive ? undefined : `record ${event.seq} draws on grant ${id}, which was over`;
  }
}

function nameOf(event: AuditEvent): string {
  return event.call_id ?? event.id;
}
