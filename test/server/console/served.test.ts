// The console on a real port: what it listens on, the address it keeps, the stream that tells of changes, and that nothing stops the guard.
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type OpenConsole, openConsole } from '../../../server/console/index.ts';
import { type World, world } from '../../world.ts';
import { NOTES } from './notes.ts';

let w: World;
const opened: OpenConsole[] = [];
const blockers: Server[] = [];
const log: string[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const one of blockers.splice(0)) one.close();
  log.length = 0;
  await w.close();
});

async function serve(): Promise<OpenConsole | undefined> {
  const served = await openConsole(w.perimeter, (line) => log.push(line));
  if (served) opened.push(served);
  return served;
}
const block = (port: number, host: string) =>
  new Promise<void>((resolve, reject) => {
    const server = createServer().once('error', reject);
    blockers.push(server);
    server.listen(port, host, resolve);
  });
const portOf = (served: OpenConsole | undefined) => Number(new URL(served?.origin ?? '').port);
/** Signs in as a browser does, and gives the cookie. */
async function signIn(served: OpenConsole): Promise<string> {
  const link = new URL(served.link());
  const entered = await fetch(`${served.origin}/enter`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: served.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ link: link.hash.slice(1) }),
  });
  return entered.headers.get('set-cookie')?.split(';')[0] ?? '';
}

test('it is reached by its name on this machine, and by no other address of it', async () => {
  w = await world({});
  const served = await serve();
  expect(served?.origin).toMatch(/^http:\/\/localhost:\d+$/);
  expect((await fetch(`${served?.origin}/requests`)).status).toBe(401);
  const { networkInterfaces } = await import('node:os');
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const { address } of others) await expect(fetch(`http://${address}:${portOf(served)}/`)).rejects.toThrow();
});

test('its address holds over restarts, and moves when somebody else took it', async () => {
  w = await world({});
  const first = await serve();
  await first?.close();
  const second = await serve();
  expect(second?.origin).toBe(first?.origin);
  await second?.close();
  await block(portOf(first), '127.0.0.1');
  const third = await serve();
  expect(third?.origin).not.toBe(first?.origin);
  expect((await fetch(`${third?.origin}/requests`)).status).toBe(401);
});

test('a set port that is taken means no console, one line in the log, and a guard all the same', async () => {
  w = await world({});
  const free = await serve();
  const port = portOf(free);
  await free?.close();
  await w.close();
  w = await world({ ...NOTES, settings: { console: { port } } });
  await block(port, '127.0.0.1');
  expect(await serve()).toBeUndefined();
  expect(log.join('\n')).toContain("its port can't be had (EADDRINUSE)");
  expect((await w.ask({ scope: 'read:notes:a' })).status).toBe('pending');
});

test('turned off, it is off', async () => {
  w = await world({ settings: { console: false } });
  expect(await serve()).toBeUndefined();
});

test('an open page is told of a request at once, of nothing while nothing happens, and the stream ends with the sign-in', async () => {
  w = await world(NOTES);
  const served = await serve();
  const cookie = await signIn(served!);
  expect((await fetch(`${served?.origin}/live`)).status).toBe(401);
  const stream = await fetch(`${served?.origin}/live`, { headers: { cookie } });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => (await reader.read()).value ?? 'ended';
  expect(await next()).toContain('event: open');
  const quiet = Promise.race([next(), new Promise<string>((resolve) => setTimeout(resolve, 300, 'nothing'))]);
  expect(await quiet).toBe('nothing');
  // the read that found nothing is still under way: it gets what comes now
  const { request_id } = await w.ask({ scope: 'read:notes:a' });
  const told: string[] = [];
  const until = async (part: string) => {
    while (!told.join().includes(part)) told.push(await next());
  };
  await w.command('approve', { id: request_id, typed: true });
  await until('grants');
  await w.command('lock');
  await until('lock');
  await served?.signOut();
  while (told.at(-1) !== 'ended') told.push(await next());
});

test('a page and all it loads weigh less than 60 kB as they travel', async () => {
  w = await world({});
  const served = await serve();
  const headers = { cookie: await signIn(served!), 'accept-encoding': 'gzip' };
  const page = await fetch(`${served?.origin}/grants`, { headers });
  const text = await page.text();
  expect(page.headers.get('content-encoding')).toBe('gzip');
  const assets = [...text.matchAll(/(?:src|href)="(\/public\/[^"]+)"/g)].map(([, address]) => address);
  expect(assets.length).toBeGreaterThan(2);
  const { gzipSync } = await import('node:zlib');
  let bytes = gzipSync(text).length;
  for (const address of assets) bytes += gzipSync(await (await fetch(`${served?.origin}${address}`, { headers })).text()).length;
  expect(bytes).toBeLessThan(60_000);
});
