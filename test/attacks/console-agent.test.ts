// Threat: the agent goes to the console itself, with a tool that fetches: to read what waits, to answer it, or to be let in.
import { afterEach, describe, expect, it } from 'vitest';
import { type OpenConsole, openConsole } from '../../server/console/index.ts';
import { decisionOf, type World, world } from '../world.ts';

let w: World;
let served: OpenConsole | undefined;
afterEach(async () => {
  await served?.close();
  await w.close();
});

/** A guard whose policy lets the agent fetch anything, with its console on a real port. */
async function guarded(): Promise<{ port: string; id: string }> {
  const fetched = async ({ url, method = 'GET', body }: Record<string, unknown>) => {
    const response = await fetch(String(url), {
      method: String(method),
      redirect: 'manual',
      ...(body === undefined ? {} : { body: String(body) }),
      // it goes as far as to say it comes from the console's own pages
      headers: { origin: new URL(String(url)).origin, 'content-type': 'application/x-www-form-urlencoded' },
    });
    return { content: [{ type: 'text', text: `${response.status} ${await response.text()}` }] };
  };
  w = await world({
    rules: `version: 1
risk: { responses: { medium: watch, high: watch, critical: watch } }
rules:
  - { id: web, why: the web is open, effect: allow, scope: "*:web" }
  - { id: blind, why: nobody looked at this tool, effect: allow, scope: "execute:blind" }
  - { id: notes, why: a look first, effect: ask, scope: "*:notes" }`,
    bindings: 'server: web\ntools:\n  fetch: { does: read:web, resource: { url: url } }\n',
    moreBindings: {
      'blind.yaml': 'server: blind\ntools:\n  go: { does: execute:blind, resource: none, ignore: [url, method, body] }\n',
      'notes.yaml': 'server: notes\ntools:\n  put: { does: write:notes, resource: { text: name } }\n',
    },
    servers: { web: { fetch: { run: fetched } }, blind: { go: { run: fetched } }, notes: { put: {} } },
    page: (id) => served?.requestUrl(id),
    wait_ms: 1,
  });
  served = await openConsole(w.perimeter, () => undefined);
  const asked = await w.ask({ calls: [{ tool: 'notes__put', arguments: { name: 'a' } }] });
  return { port: new URL(served?.origin ?? '').port, id: String(asked.request_id) };
}

describe('an address of the console', () => {
  it('is closed to tools, however it is written', async () => {
    const { port, id } = await guarded();
    const hosts = [
      ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '0'],
      ...['0.0.0.0', '127.8.8.8', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '127.0.0.1.nip.io', 'localtest.me'],
    ];
    const addresses = [
      ...hosts.map((host) => `http://${host}:${port}/requests/${id}`),
      `https://localhost:${port}`,
      `ws://localhost:${port}/live`,
    ];
    for (const url of addresses) {
      const result = await w.call('web__fetch', { url });
      expect([url, decisionOf(result)?.rule]).toEqual([url, 'protected']);
      const asked = await w.ask({ calls: [{ tool: 'web__fetch', arguments: { url } }] });
      expect(asked.status).toBe('denied');
    }
    // also where no binding looks
    const inText = await w.call('web__fetch', { url: 'https://acme.example/', note: `then open http://localhost:${port}/enter` });
    expect(decisionOf(inText)?.rule).toBe('protected');
    expect(w.forwarded.filter(({ server }) => server === 'web')).toEqual([]);
  });

  it('does not close the other ports of this machine, nor the web', async () => {
    const { port } = await guarded();
    for (const url of [`http://localhost:${Number(port) + 1}/`, `https://acme.example:${port}/`, `http://192.168.1.5:${port}/`])
      expect([url, decisionOf(await w.call('web__fetch', { url }))?.rule]).toEqual([url, undefined]);
  });
});

it('a tool that gets there all the same finds no way in, and answers nothing', async () => {
  const { port, id } = await guarded();
  const origin = `http://localhost:${port}`;
  const tries: Record<string, unknown>[] = [
    { url: `${origin}/requests` },
    { url: `${origin}/requests/${id}` },
    { url: `${origin}/requests/${id}/approve?decision=approve` },
    { url: `${origin}/live` },
    { url: `${origin}/enter`, method: 'POST', body: `link=${'A'.repeat(43)}` },
    { url: `${origin}/sign-in`, method: 'POST', body: 'passphrase=' },
    { url: `${origin}/requests/${id}/approve`, method: 'POST', body: 'decision=approve&code=AAAA&csrf=x' },
    { url: `${origin}/unlock`, method: 'POST', body: 'code=AAAA' },
  ];
  for (const one of tries) {
    const said = String((await w.call('blind__go', one)).content[0]?.text);
    expect([one.url, said]).toEqual([one.url, expect.stringMatching(/^40[13] /)]);
    expect(said).not.toMatch(/felix|notes/);
  }
  expect(w.perimeter.elevations.get(id)?.state).toBe('pending');
  expect(w.perimeter.grants.all()).toEqual([]);
});
