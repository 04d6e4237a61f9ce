// Threat: the guard is killed, or stopped, at the worst moment.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, type Site, site } from './process.ts';

/** Notes each call in a file as it arrives, and then never answers `slow`. */
const SERVER = `
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const tools = ['slow', 'quick'].map((name) => ({ name, inputSchema: { type: 'object' } }));
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } });
  if (method === 'tools/list') send({ id, result: { tools } });
  if (method !== 'tools/call') return;
  appendFileSync('arrived', params.name + '\\n');
  if (params.name === 'quick') send({ id, result: { content: [] } });
});
`;
const RULES =
  '  - { id: looks, why: a look is fine, effect: allow, scope: "*:s", tool: quick }\n  - { id: slow, why: slow is fine, effect: allow, scope: "*:s", tool: slow }\nrisk: { points: { outside_hours: 0, night: 0 } } # the same at any hour';

describe('a guard that is killed with a call under way', () => {
  let place: Site;
  let first: Serving;
  beforeAll(async () => {
    place = site({ s: { command: process.execPath, args: ['server.mjs'] } }, { rules: RULES });
    writeFileSync(join(place.folder, 'server.mjs'), SERVER);
    first = await place.serve();
    await first.call('quick', {});
    void first.call('request_elevation', { justification: 'x', scope: 'write:files:a' });
    void first.call('slow', {});
    while (!existsSync(join(place.folder, 'arrived')) || !readFileSync(join(place.folder, 'arrived'), 'utf8').includes('slow'))
      await new Promise((done) => setTimeout(done, 50));
    await first.kill('SIGKILL');
  }, 60_000);
  afterAll(() => place.remove());

  it('had the call on record before it arrived, verifies, starts again, and says that its outcome is unknown', async () => {
    const intents = place.events().filter((event) => event.type === 'call.intent' && event.tool === 'slow');
    expect(intents).toHaveLength(1);
    expect((await place.perimeter(['audit', 'verify'])).status).toBe(0);
    const second = await place.serve();
    expect((await second.call('quick', {})).result).toBeDefined();
    const told = await place.perimeter(['audit', 'why', String(intents[0]?.call_id)]);
    expect(told.stdout).toContain('unknown');
    // what was open is closed: nobody waits for it, and nothing was given
    expect(JSON.parse((await place.perimeter(['pending', '--json'])).stdout)).toEqual([]);
    expect(JSON.parse((await place.perimeter(['grants', '--json'])).stdout)).toEqual([]);
    expect(place.events().map((event) => event.type)).toContain('request.cancelled');
    await second.leave();
    expect((await place.perimeter(['audit', 'verify'])).status).toBe(0);
    // the slow call ran once, and was not made again
    expect(readFileSync(join(place.folder, 'arrived'), 'utf8').match(/slow/g)).toHaveLength(1);
  }, 60_000);
});
