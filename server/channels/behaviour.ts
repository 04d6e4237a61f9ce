// What clients do with the forms and links they are sent, remembered by the name and version they give themselves. It chooses where a human is asked, never whether.
import { epoch, iso } from '../clock.ts';
import type { ClientHandle, ClientRecord, Clock, Shown, Store } from '../ports.ts';

/** Most clients cut a call at 60 s; while a form is up the ones that draw it hold longer (docs/clients.md). */
const WAIT_MS = 45_000;
const WAIT_WITH_FORM_MS = 120_000;
/** A client that was seen twice to cut a call after the same time gets its answer this much before. */
const MARGIN_MS = 5_000;
const SAME_CUT_MS = 2_000;
const MIN_CUT_MS = 15_000;
const MIN_WAIT_MS = 10_000;
/** None for this long after the first failure to show one, and after those that follow: a headless run says nothing of tomorrow's. */
const SKIP_MS = 60 * 60_000;
const SKIP_LONG_MS = 24 * 60 * 60_000;
/** Those left open while the human answered elsewhere: by then they were not on any screen. */
const MAX_SILENT = 2;
const MAX_CLIENTS = 50;
const MAX_CUTS = 4;
const NOTHING: Shown = { drew: 0, alone: 0, silent: 0 };

/**
 * Clients that draw a number field so well that a human can type the number that matters into a form, by the name in clientInfo.
 * Evidence first: a capture in docs/clients.md.
 */
export const DRAWS_NUMBERS: readonly string[] = ['claude-code', 'copilot-cli'];

/**
 * Clients that leave a form on the screen when it is taken back, and then send nothing of what a person says in it: these are not told
 * that it was, so that a no still arrives. By the name in clientInfo; a capture in docs/clients.md.
 */
export const KEEPS_FORMS: readonly string[] = ['codex-mcp-client'];

/** What a question is put by, in the client. */
export type Way = 'form' | 'link';

export type Behaviours = {
  /** Whether this client declared it, and it is worth putting to it. */
  shows(client: ClientHandle, way: Way): boolean;
  /** Milliseconds a call of this client may wait, `form` while its form is up. */
  patience(client: ClientHandle, form: boolean): number;
  /** A human answered in it; it answered by itself; what it was sent was never seen; it cut a call that had waited `ms`. */
  drew(client: ClientHandle, way: Way): void;
  alone(client: ClientHandle, way: Way): void;
  silent(client: ClientHandle, way: Way): void;
  cut(client: ClientHandle, ms: number): void;
};

export function createBehaviours({ store, clock }: { store: Store; clock: Clock }): Behaviours {
  /** A connection that answered by itself stays what it is, whatever its name does elsewhere. */
  const headless = new Set<string>();
  const label = ({ name, version }: ClientHandle) => `${name} ${version}`.slice(0, 200);
  const known = (client: ClientHandle): ClientRecord | undefined => {
    const clients = store.data.clients;
    return clients && Object.hasOwn(clients, label(client)) ? clients[label(client)] : undefined;
  };

  /** Losing what was seen costs a prompt in the wrong place: no reason to fail anything. */
  function note(client: ClientHandle, change: (record: ClientRecord) => void): void {
    const now = iso(clock.now());
    store
      .update((data) => {
        data.clients ??= {};
        const clients = data.clients;
        const name = label(client);
        const record = Object.hasOwn(clients, name) ? clients[name]! : { ...NOTHING, cuts: [], seen: now };
        change(record);
        clients[name] = { ...record, seen: now };
        const oldest = Object.keys(clients).sort((a, b) => (clients[a]!.seen < clients[b]!.seen ? -1 : 1));
        for (const gone of oldest.slice(0, Math.max(0, oldest.length - MAX_CLIENTS))) delete clients[gone];
      })
      .catch(() => undefined);
  }

  const noteShown = (client: ClientHandle, way: Way, change: (shown: Shown) => void) =>
    note(client, (record) => {
      if (way === 'form') return change(record);
      record.link ??= { ...NOTHING };
      change(record.link);
    });
  const skip = (shown: Shown, times: number) => {
    shown.drew = 0;
    shown.skip_until = iso(clock.now() + (times > 1 ? SKIP_LONG_MS : SKIP_MS));
  };

  return {
    shows(client, way) {
      if (!(way === 'form' ? client.forms : client.links) || headless.has(`${way} ${client.connection_id}`)) return false;
      const record = known(client);
      const until = (way === 'form' ? record : record?.link)?.skip_until;
      return until === undefined || epoch(until) <= clock.now();
    },
    patience(client, form) {
      const record = known(client);
      const wait = form && record !== undefined && record.drew > 0 ? WAIT_WITH_FORM_MS : WAIT_MS;
      const limit = limitOf(record?.cuts ?? []);
      return limit === undefined ? wait : Math.max(MIN_WAIT_MS, Math.min(wait, limit - MARGIN_MS));
    },
    drew: (client, way) =>
      noteShown(client, way, (shown) => {
        shown.drew += 1;
        shown.alone = 0;
        shown.silent = 0;
        delete shown.skip_until;
      }),
    alone(client, way) {
      headless.add(`${way} ${client.connection_id}`);
      const [oldest] = headless;
      if (headless.size > 1_000 && oldest !== undefined) headless.delete(oldest);
      noteShown(client, way, (shown) => {
        shown.alone += 1;
        skip(shown, shown.alone);
      });
    },
    silent: (client, way) =>
      noteShown(client, way, (shown) => {
        shown.silent += 1;
        if (shown.silent >= MAX_SILENT) skip(shown, shown.silent - MAX_SILENT + 1);
      }),
    cut(client, ms) {
      // shorter ones are somebody pressing Esc
      if (ms >= MIN_CUT_MS)
        note(client, (record) => {
          record.cuts = [...record.cuts, Math.round(ms)].slice(-MAX_CUTS);
        });
    },
  };
}

/** The shortest time after which two calls were cut alike: one cut alone may have been a human. */
function limitOf(cuts: readonly number[]): number | undefined {
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.find((cut, index) => (sorted[index + 1] ?? Number.POSITIVE_INFINITY) - cut <= SAME_CUT_MS);
}
