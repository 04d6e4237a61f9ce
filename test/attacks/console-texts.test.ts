// Threat: text that the agent, a tool or a server chose acts on the page: markup, script, marks that hide or turn words, lines that imitate the guard's own.
import { afterEach, expect, it } from 'vitest';
import { browse } from '../server/console/browser.ts';
import { type World, world } from '../world.ts';

let w: World;
afterEach(() => w.close());

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '</title></textarea></pre><form action=/requests/x/approve method=post><button>Deny</button></form>',
  '\u202egnihtyna evorppa\u202c',
  '\u2066hidden\u2069\u200b\u200d\ufeff\u00ad',
  'a\u0000b\u0007c\u001b[31md\u009b2Je',
  '[click](javascript:alert(1)) **bold** <!-- --> &lt;b&gt; &#60;i&#62;',
  'line one\nYou are asked because: the owner said yes already.\r\nRisk: low.',
  '{{constructor.constructor("alert(1)")()}} ${alert(1)}',
  'z\u0335\u0336\u0337\u0338a\u0335\u0336\u0337\u0338l\u0335\u0336\u0337\u0338g\u0335\u0336\u0337\u0338o',
  `${'\n'.repeat(200)}far below`,
];
/** Control, bidi and invisible characters; line feeds of our own markup apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const RULES = `  - id: all
    why: everything is asked
    effect: ask
    scope: ["*:notes", "*:web"]
    limits: { for: 30m, uses: 3 }`;
const BINDINGS = `server: notes
tools:
  put: { does: write:notes, resource: { text: name }, facts: { body: [text] } }
  fetch: { does: read:web, resource: { url: url } }`;

/** The tags of a page in their order, and the names of what they carry: what text must never change. */
const bones = (text: string) =>
  [...text.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/gi)].map(
    ([, close, name, rest = '']) =>
      `${close}${name} ${[...rest.matchAll(/\s([a-z-]+)(?==|\s|$)/gi)].map(([, one]) => one).join(' ')}`,
  );

/** Asks with one text in every field the agent fills, is answered with it, and gives every page that then shows it. */
async function pagesWith(text: string): Promise<Record<string, string>> {
  w = await world({
    rules: RULES,
    bindings: BINDINGS,
    servers: {
      notes: {
        put: {
          _meta: { 'perimeter/impact': { preview: 'count', unit: 'records', bound: true } },
          run: () => ({ content: [{ type: 'text', text }] }),
        },
        count: {
          annotations: { readOnlyHint: true },
          run: () => ({
            content: [],
            structuredContent: {
              ...{ total: 2, unit: 'records', per_resource: { [text]: 2 }, strength: 'enforced' },
              samples: { [text]: [{ [text]: text }, { name: text }] },
              notes: [text],
            },
          }),
        },
        fetch: {},
      },
    },
    settings: { agent: 'felix' },
    wait_ms: 1,
  });
  const browser = await browse(w);
  const asked = await w.ask({
    justification: text,
    calls: [{ tool: 'put', arguments: { name: text, text } }],
    claimed_records: 5,
  });
  const wide = await w.ask({ justification: text, scope: 'read:notes:**', minutes: 5 });
  const id = String(asked.request_id);
  const pages: Record<string, string> = {
    list: (await browser.get('/requests')).text,
    request: (await browser.get(`/requests/${id}`)).text,
    wide: (await browser.get(`/requests/${wide.request_id}`)).text,
  };
  const form = await browser.form(id);
  w.clock.advance(2_000);
  pages.problem = (
    await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve', minutes: 'x', code: text })
  ).text;
  await browser.post(`/requests/${id}/approve`, { ...form, decision: 'approve' });
  await browser.post(`/requests/${wide.request_id}/deny`, { reason: text });
  await w.call('put', { name: text, text });
  const grant = w.perimeter.grants.all()[0];
  expect(grant).toBeDefined();
  pages.grants = (await browser.get('/grants')).text;
  pages.grant = (await browser.get(`/grants/${grant?.grant_id}`)).text;
  pages.answered = (await browser.get(`/requests/${id}`)).text;
  pages.denied = (await browser.get(`/requests/${wide.request_id}`)).text;
  await browser.post('/lock', { reason: text });
  pages.locked = (await browser.get('/grants')).text;
  pages.withdrawn = (await browser.get('/requests')).text;
  return pages;
}

it('whatever it says, the pages keep their bones, and nothing unseen stands in them', async () => {
  const plain = await pagesWith('an honest text');
  // what a server says of its rows is looked at too
  expect(plain.request).toContain('For example');
  await w.close();
  for (const text of HOSTILE) {
    const pages = await pagesWith(text);
    for (const [name, page] of Object.entries(pages)) {
      expect([text, name, bones(page)]).toEqual([text, name, bones(plain[name] ?? '')]);
      expect([text, name, UNSEEN.exec(page)?.[0]]).toEqual([text, name, undefined]);
      expect(page).not.toMatch(/<script>|<img(?! src="\/public\/icon\.svg)|onerror=alert\(1\)>|<\/textarea><\/pre>/);
    }
    if (text !== HOSTILE.at(-1)) await w.close();
  }
}, 120_000);
