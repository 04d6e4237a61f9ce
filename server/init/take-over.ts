// Taking over a client's servers: its settings get one server, the guard, and the guard's mcp.json gets theirs. With a backup, and a way back.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { applyEdits, modify, type ParseError, parse } from 'jsonc-parser';
import type { Client } from './clients.ts';

/** What can't be taken over; the message says what to do. */
export class InitError extends Error {}

export type Plan = {
  client: string;
  /** The client's settings file. */
  file: string;
  /** The guard's own mcp.json that gets the servers. */
  guardFile: string;
  servers: string[];
  /** New texts by path; nothing is written until `carryOut`. */
  writes: { path: string; text: string }[];
};

/** What was there before, beside the guard's mcp.json: the undo reads it. */
const UNDO = 'init-undo.json';
type Undo = { files: { path: string; text: string | null }[] };

/** Plans taking over one settings file. `serve` is the command line the client will start. */
export function plan(
  client: Client,
  file: string,
  folder: string,
  user: string,
  serve: (guardFile: string) => { command: string; args: string[] },
): Plan {
  const text = readFileSync(file, 'utf8');
  const errors: ParseError[] = [];
  const settings = parse(text, errors, { allowTrailingComma: true }) as Record<string, unknown> | undefined;
  if (errors.length > 0 || typeof settings !== 'object')
    throw new InitError(`\`${file}\` is not JSON; repair it first, then run this again`);
  const servers = settings[client.key];
  if (typeof servers !== 'object' || servers === null || Object.keys(servers).length === 0)
    throw new InitError(
      `\`${file}\` names no servers under \`${client.key}\`, so there is nothing to guard; add one, or write mcp.json yourself`,
    );
  if (Object.hasOwn(servers, 'perimeter'))
    throw new InitError(`\`${file}\` has a server \`perimeter\` already; \`perimeter init --undo\` puts it back as it was`);
  const guardFile = join(folder, client.name, 'mcp.json');
  if (existsSync(guardFile))
    throw new InitError(`\`${guardFile}\` exists already; run \`perimeter init --undo\` first, or move it away`);
  const guard = { mcpServers: servers, perimeter: { agent: client.name, user: { name: user, role: 'owner' }, state: './state' } };
  const edits = modify(
    text,
    [client.key],
    { perimeter: serve(guardFile) },
    { formattingOptions: { insertSpaces: true, tabSize: 2 } },
  );
  return {
    client: client.title,
    file,
    guardFile,
    servers: Object.keys(servers),
    writes: [
      { path: guardFile, text: `${JSON.stringify(guard, null, 2)}\n` },
      { path: file, text: applyEdits(text, edits) },
    ],
  };
}

/** Writes a plan, the way back first, so that an interruption can always be undone. */
export function carryOut(one: Plan): void {
  const folder = dirname(one.guardFile);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const undo: Undo = {
    files: one.writes.map(({ path }) => ({ path, text: existsSync(path) ? readFileSync(path, 'utf8') : null })),
  };
  replace(join(folder, UNDO), JSON.stringify(undo), 0o600);
  for (const { path, text } of one.writes) replace(path, text, 0o600);
}

/** Puts every file back as it was. Says which. */
export function undo(folder: string, client: Client): string[] {
  const record = join(folder, client.name, UNDO);
  if (!existsSync(record)) return [];
  const { files } = JSON.parse(readFileSync(record, 'utf8')) as Undo;
  for (const { path, text } of files) {
    if (text === null) rmSync(path, { force: true });
    else replace(path, text);
  }
  rmSync(record);
  return files.map(({ path }) => path);
}

/** Whole or not at all. */
function replace(path: string, text: string, mode?: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, mode === undefined ? {} : { mode });
  renameSync(temporary, path);
}
