// Answers a client's `server/discover` in the guard's place; all other lines pass through. `no`: there is no such method, as before 2026-07-28.
// `yes`: what the guard says, at once. Claude Code takes the older way when that comes late, which on a busy machine it does.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const YES = {
  result: {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true } },
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'perimeter', version: '0.1.0' } },
  },
};
const NO = { error: { code: -32601, message: 'method not found' } };

const [word, command, ...args] = process.argv.slice(2);
const guard = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
guard.stdout.pipe(process.stdout);
guard.once('exit', (code) => process.exit(code ?? 1));
const lines = createInterface({ input: process.stdin });
lines.once('close', () => guard.stdin.end());
lines.on('line', (line) => {
  if (!line.includes('"server/discover"')) return guard.stdin.write(`${line}\n`);
  const { id } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...(word === 'yes' ? YES : NO) })}\n`);
});
