// Tool definitions, pinned at first sight. A changed one is held back until a person takes it.
import { definitionDigest } from './catalog.ts';
import { iso } from './clock.ts';
import type { AuditLog, Clock, Store, ToolDefinition } from './ports.ts';

/** As many items as a list in the audit holds. */
const MAX_TOOLS_AN_EVENT = 100;

/** For so long a tool counts as changed. */
const CHANGED_MS = 24 * 60 * 60_000;

export type Pins = {
  /** Pins what is new, holds what changed. */
  see(server: string, tools: readonly ToolDefinition[]): Promise<void>;
  /** Why a tool is held back, if it is: asked of the definition that would be used, not of what was last seen. */
  held(server: string, definition: ToolDefinition): string | undefined;
  list(): { tool: string; digest: string; held: boolean }[];
  /** Whether a person took another definition of it in the last day. */
  changed(server: string, tool: string): boolean;
  /** Takes held definitions of a server, or of one of its tools; says which. */
  accept(server: string, tool: string | undefined, by: string): Promise<string[]>;
};

type Parts = {
  store: Store;
  audit: Pick<AuditLog, 'append'>;
  clock: Clock /** Called when another set of tools is held back. */;
  changed: () => void;
};

export function createPins({ store, audit, clock, changed: told }: Parts): Pins {
  const key = (server: string, tool: string) => `${server}/${tool}`;
  /** One list of tools after another, so that none is pinned twice. */
  let turn: Promise<unknown> = Promise.resolve();

  async function look(server: string, tools: readonly ToolDefinition[]): Promise<void> {
    const fresh: [string, string][] = [];
    const changed: [string, string][] = [];
    for (const tool of tools) {
      const id = key(server, tool.name);
      const digest = definitionDigest(tool);
      const pin = Object.hasOwn(store.data.pins, id) ? store.data.pins[id] : undefined;
      if (!pin) fresh.push([id, digest]);
      else if (pin.digest !== digest && pin.held !== digest) changed.push([id, digest]);
      else if (pin.digest === digest && pin.held !== undefined) fresh.push([id, digest]);
    }
    if (fresh.length === 0 && changed.length === 0) return;
    for (let at = 0; at < fresh.length; at += MAX_TOOLS_AN_EVENT) {
      const some = fresh.slice(at, at + MAX_TOOLS_AN_EVENT);
      await audit.append({
        type: 'tool.pinned',
        server,
        tools: some.map(([id]) => id.slice(server.length + 1)),
        digests: some.map(([, digest]) => digest),
      });
    }
    for (const [id, digest] of changed)
      await audit.append({ type: 'tool.changed', server, tool: id.slice(server.length + 1), digests: [digest], outcome: 'held' });
    const now = iso(clock.now());
    await store.update((data) => {
      for (const [id, digest] of fresh) data.pins[id] = { digest, accepted_at: now };
      for (const [id, digest] of changed)
        data.pins[id] = { ...(data.pins[id] ?? { digest: '', accepted_at: now }), held: digest };
    });
    told();
  }

  return {
    see(server, tools) {
      const next = turn.then(() => look(server, tools));
      turn = next.catch(() => undefined);
      return next;
    },
    held(server, definition) {
      const id = key(server, definition.name);
      const pin = Object.hasOwn(store.data.pins, id) ? store.data.pins[id] : undefined;
      if (pin && pin.held === undefined && pin.digest === definitionDigest(definition)) return undefined;
      return pin
        ? `its definition changed since it was accepted; a person can look at it and run \`perimeter pins accept ${id}\``
        : 'its definition was not seen yet; try again in a moment';
    },
    changed(server, tool) {
      const id = key(server, tool);
      const at = Object.hasOwn(store.data.pins, id) ? store.data.pins[id]?.changed_at : undefined;
      return at !== undefined && clock.now() - Date.parse(at) < CHANGED_MS;
    },
    list: () =>
      Object.entries(store.data.pins).map(([tool, pin]) => ({
        tool,
        digest: pin.held ?? pin.digest,
        held: pin.held !== undefined,
      })),
    async accept(server, tool, by) {
      const ids = Object.keys(store.data.pins).filter(
        (id) =>
          id.startsWith(`${server}/`) &&
          (tool === undefined || id === key(server, tool)) &&
          store.data.pins[id]?.held !== undefined,
      );
      if (ids.length === 0) return [];
      for (const id of ids)
        await audit.append({
          type: 'tool.pinned',
          server,
          tool: id.slice(server.length + 1),
          digests: [store.data.pins[id]?.held ?? ''],
          approver: by,
          granted_by: 'human',
        });
      await store.update((data) => {
        for (const id of ids) {
          const pin = data.pins[id];
          if (pin?.held !== undefined)
            data.pins[id] = { digest: pin.held, accepted_at: iso(clock.now()), changed_at: iso(clock.now()) };
        }
      });
      told();
      return ids;
    },
  };
}
