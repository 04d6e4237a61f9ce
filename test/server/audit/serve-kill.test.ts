// `perimeter serve` under load, killed with SIGKILL again and again on one state directory: whatever a client was told happened is on record.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../../server/audit/verify.ts';
import { linesOf } from './world.ts';

const ROUNDS = Number(process.env.PERIMETER_SERVE_KILLS ?? 3);
const MAIN = fileURLToPath(new URL('../../../dist/server/cli/main.js', import.meta.url));
const IN_FLIGHT = 8;
const RULES =
  'version: 1\nrisk: { responses: { medium: watch, high: watch, critical: watch } }\nrules:\n  - { id: notes, why: the test writes notes, effect: allow, scope: "*:files:**" }\n';

const folder = mkdtempSync(join(tmpdir(), 'perimeter-serve-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

function setUp(): void {
  mkdirSync(join(folder, 'files'));
  mkdirSync(join(folder, 'policies', 'rules'), { recursive: true });
  writeFileSync(join(folder, 'policies', 'rules', 'notes.yaml'), RULES);
  const mcpServers = { files: { command: 'perimeter', args: ['tool', 'files', '--root', './files'] } };
  const settings = { user: { name: 'john' }, policies: './policies', state: './state', timezone: 'UTC' };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers, perimeter: settings }));
}

/** Serves, has notes written, and kills it `ms` after the first was; answers the notes that the client was told are written. */
function round(number: number, ms: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const guard = spawn(process.execPath, [MAIN, 'serve', '--config', join(folder, 'mcp.json')], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const told: string[] = [];
    const asked = new Map<number, string>();
    let complaint = '';
    let timer: NodeJS.Timeout | undefined;
    const send = (message: Record<string, unknown>) => guard.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const write = () => {
      const id = asked.size + 2;
      const path = `note-${number}-${id}.txt`;
      asked.set(id, path);
      send({ id, method: 'tools/call', params: { name: 'write', arguments: { path, content: 'a note' } } });
    };
    guard.stdin.on('error', () => undefined);
    guard.stderr.on('data', (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    createInterface({ input: guard.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { id?: number; result?: { isError?: boolean } };
      if (message.id === 1) {
        send({ method: 'notifications/initialized' });
        for (let at = 0; at < IN_FLIGHT; at += 1) write();
      }
      const path = asked.get(message.id ?? 0);
      if (path === undefined) return;
      if (message.result && message.result.isError !== true) told.push(path);
      timer ??= setTimeout(() => guard.kill('SIGKILL'), ms);
      write();
    });
    guard.on('close', () => clearTimeout(timer));
    guard.on('close', (_code, signal) =>
      signal === 'SIGKILL' ? resolve(told) : reject(new Error(`serve ended by itself: ${complaint}`)),
    );
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'kill', version: '1' } },
    });
  });
}

describe('serve, killed under load', () => {
  it(`has every acknowledged call on record after ${ROUNDS} kills, and no effect without an intent`, {
    timeout: 60_000 + ROUNDS * 20_000,
  }, async () => {
    setUp();
    const told: string[] = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      told.push(...(await round(number, 20 + Math.random() * 300)));
      const verdict = await verifyAudit(join(folder, 'state', 'audit'));
      expect({ number, problems: verdict.problems }).toEqual({ number, problems: [] });
    }
    const intents = new Map<string, string>();
    const ended = new Set<string>();
    for (const line of await linesOf(join(folder, 'state', 'audit'))) {
      if (!line.endsWith('}')) continue;
      const event = JSON.parse(line) as { type: string; call_id?: string; resource?: string; outcome?: string };
      if (event.type === 'call.intent') intents.set(event.resource ?? '', event.call_id ?? '');
      if (event.type === 'call.outcome' && event.outcome === 'ok') ended.add(event.call_id ?? '');
    }
    const lost = told.filter((path) => !ended.has(intents.get(path) ?? 'none'));
    const silent = readdirSync(join(folder, 'files')).filter(
      (name) => name.startsWith('note-') && !name.endsWith('.tmp') && !intents.has(name),
    );
    console.log(
      `${ROUNDS} kills, ${told.length} acknowledged calls: ${lost.length} lost, ${silent.length} effects without an intent, ${intents.size - ended.size} outcomes unknown`,
    );
    expect(lost).toEqual([]);
    expect(silent).toEqual([]);
    expect(told.length).toBeGreaterThan(ROUNDS);
    expect(existsSync(join(folder, 'state', 'state.json'))).toBe(true);
  });
});
