// A small server with a rule that asks: what most tests of the console need.
import type { WorldOptions } from '../../world.ts';

const RULES = `  - id: notes-write
    why: notes are shared with the team
    effect: ask
    scope: [write:notes, read:notes]
    limits: { for: 30m, uses: 2 }`;
const BINDINGS = `server: notes
tools:
  put: { does: write:notes, resource: { text: name }, ignore: [text] }
  get: { does: read:notes, resource: { text: name } }`;

/** A world in which writing or reading a note asks, and nobody waits for the answer. */
export const NOTES: WorldOptions = { rules: RULES, bindings: BINDINGS, servers: { notes: { put: {}, get: {} } }, wait_ms: 1 };
