// `audit export` as a shell uses it: every event once, in each format, also where the reader is slow or stops reading.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHashKey } from '../../../server/audit/key.ts';
import { openAudit } from '../../../server/audit/log.ts';
import { systemClock } from '../../../server/clock.ts';
import { ROOT } from '../../tree.ts';

const PROGRAM = join(ROOT, 'dist', 'server', 'cli', 'main.js');
/** More than a pipe holds. */
const CALLS = 1500;
const FORMATS = ['jsonl', 'ocsf', 'otel'];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perimeter-export-'));
  writeFileSync(join(folder, 'mcp.json'), '{ "mcpServers": {} }');
  const state = join(folder, '.perimeter');
  mkdirSync(state, { mode: 0o700 });
  const log = await openAudit({ dir: join(state, 'audit'), clock: systemClock, key: await openHashKey(state), zone: 'UTC' });
  const of = (at: number) => ({ call_id: `call_${at}`, server: 'files', tool: 'read', user: 'john@acme.example' });
  const calls = Array.from({ length: CALLS }, (_, at) => [
    log.append({ ...of(at), type: 'call.intent', decision: 'allow' }),
    log.append({ ...of(at), type: 'call.outcome', outcome: 'ok', duration_us: 1200 }),
  ]);
  await Promise.all(calls.flat());
  await log.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function exporting(format: string): ChildProcessByStdio<null, Readable, Readable> {
  const args = [PROGRAM, 'audit', 'export', '--format', format, '--config', join(folder, 'mcp.json')];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

describe('audit export', () => {
  it.each(FORMATS)('--format %s tells every call once, however slowly it is read', async (format) => {
    const child = exporting(format);
    const end = ended(child);
    let text = '';
    for await (const chunk of child.stdout) {
      if (text.length < 200_000) await pause(20);
      text += chunk;
    }
    expect(await end).toEqual({ code: 0, stderr: '' });
    const lines = text.trimEnd().split('\n');
    for (const line of lines) JSON.parse(line);
    if (format === 'otel') expect(text.match(/"name":"tools\/call read"/g)).toHaveLength(CALLS);
    else expect(text.match(/call\.outcome/g)!.length).toBeGreaterThanOrEqual(CALLS);
    if (format === 'jsonl') expect(new Set(lines.map((line) => JSON.parse(line).seq)).size).toBe(lines.length);
  });

  it('ends where nobody reads on', async () => {
    const child = exporting('otel');
    const end = ended(child);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await end).toEqual({ code: 0, stderr: '' });
  });
});
