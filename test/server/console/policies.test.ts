// The page of the rules: what each says, where it stands, how often it mattered, what lint says; and nothing on it changes anything.
import { afterEach, expect, test } from 'vitest';
import { type World, world } from '../../world.ts';
import { browse } from './browser.ts';

let w: World;
afterEach(() => w.close());

const RULES = `  - id: notes-write
    why: notes are shared <b>with</b> the team
    effect: ask
    scope: write:notes
    while: { user_present: true, hours: "Mon-Fri 09:00-18:00" }
    when: { args.name: { in: [a, b] }, recent: { of: "write:notes", at_most: 3, in: 1h } }
    unless: { items: { above: 5 } }
    otherwise: deny
    limits: { for: 30m, uses: 2, exact: true }
    proof: typed
  - { id: everything, why: for the test, effect: allow, scope: "write:drafts" }`;
const BINDINGS = `server: notes
tools:
  put: { does: write:notes, resource: { text: name }, ignore: [text] }`;

const plain = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/\s+/g, ' ');
const article = (html: string, id: string) =>
  plain(new RegExp(`<article class="card rule" aria-labelledby="rule-${id}">(.*?)</article>`, 's').exec(html)?.[1] ?? '');

async function open(extra: Parameters<typeof world>[0] = {}) {
  w = await world({ rules: RULES, bindings: BINDINGS, servers: { notes: { put: {}, wipe: {} } }, wait_ms: 1, ...extra });
  return browse(w);
}

test('each rule is said in plain words, with its file and line, and how often it mattered', async () => {
  const browser = await open();
  await w.perimeter.guard.listTools();
  await w.call('put', { name: 'c', text: 'x' });
  await w.ask({ calls: [{ tool: 'put', arguments: { name: 'a', text: 'x' } }] });
  await w.command('deny', { id: w.perimeter.elevations.pending()[0]?.request_id });
  const { status, text } = await browser.get('/policies');
  const rule = article(text, 'notes-write');
  expect(status).toBe(200);
  for (const said of [
    '? asks a person notes-write notes are shared <b>with</b> the team',
    'What write:notes',
    'Only while you are present and it is Mon-Fri 09:00-18:00',
    'args.name is one of a , b',
    'within 1 hour, the number of write:notes is at most 3',
    'Unless all of this holds items is above 5',
    'Otherwise it denies',
    'A yes gives 30 minutes, 2 uses, only exactly the calls that were shown',
    'Proof you type the number that matters',
    'Calls had a say in 1 call',
    'asked once: 0 approved, 1 denied, 0 not answered',
    'Stands in policies/rules/test.yaml:3',
  ])
    expect(rule).toContain(said);
  expect(text).not.toContain('<b>with');
  expect(article(text, 'everything')).toMatch(/✓ allows everything .* Calls none yet/);
});

test('lint is said at the rule and at the end, tools of running servers included', async () => {
  const browser = await open();
  await w.perimeter.guard.listTools();
  const { text } = await browser.get('/policies');
  expect(article(text, 'everything')).toContain('Lint: everything allows write:drafts : everything below it can be changed');
  const all = plain(text.slice(text.indexOf('What looks like a mistake')));
  expect(all).toContain('policies/rules/test.yaml:13 : everything allows');
  expect(all).toContain('notes has a tool wipe that no binding describes');
});

test('changed rules that could not be taken are told of, until they can', async () => {
  const browser = await open();
  w.rules('  - { id: broken, effect: allow }');
  expect(plain((await browser.get('/policies')).text)).toMatch(/Changed rules were not taken.*policies\/rules\/test\.yaml:3/);
  w.rules(RULES);
  expect((await browser.get('/policies')).text).not.toContain('Changed rules were not taken');
});

test('the bundled rules are marked, and what risk is made of is shown', async () => {
  const browser = await open({ settings: { policies: undefined } });
  const { text } = await browser.get('/policies');
  expect(plain(text)).toContain('read from the rules that come with Perimeter');
  expect(article(text, 'calendar-look')).toContain('(comes with Perimeter)');
  expect(plain(text)).toMatch(/high from 50 points a person is asked/);
  expect(plain(text)).toContain('external storage 90');
});

test('there is nothing on it to press but signing out', async () => {
  const browser = await open();
  const { text } = await browser.get('/policies');
  expect([...text.matchAll(/<form[^>]*action="([^"]*)"/g)].map((match) => match[1])).toEqual(['/sign-out']);
  expect((await browser.post('/policies')).status).toBe(404);
});
