// The activity page: what it shows of what happened, what it says of a wrong filter, and that looking at it is one event and no more.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { AuditInput } from '../../../server/ports.ts';
import { type World, world } from '../../world.ts';
import { type Browser, browse } from './browser.ts';

const RULES = `  - { id: look, why: looking changes nothing, effect: allow, scope: "read:crm" }
  - { id: never, why: nobody deletes customers, effect: deny, scope: "delete:crm" }`;
const BINDINGS = `server: crm
tools:
  look: { does: read:crm, resource: { text: id } }
  drop: { does: delete:crm, resource: { text: id } }
  send: { does: send:crm, resource: { text: id } }
`;
const tool = { inputSchema: { type: 'object', properties: { id: { type: 'string' } } } };

let made: World;
afterEach(() => made.close());

async function open(): Promise<Browser> {
  made = await world({ rules: RULES, bindings: BINDINGS, servers: { crm: { look: tool, drop: tool, send: tool } } });
  return browse(made);
}

const call = (name: string, id = 'c1') => made.call(name, { id });
const append = (event: AuditInput) => made.perimeter.audit.append(event);
function logFile(): string {
  const folder = join(made.perimeter.config.state, 'audit');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? 'none');
}
const tamper = () =>
  writeFileSync(logFile(), readFileSync(logFile(), 'utf8').replace('nobody deletes customers', 'nobody deletes customerz'));
const reads = async () => (await made.events('audit.read')).length;
/** What a reader of the page's text hears: no markup, one space between words. */
const plain = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
const part = (html: string, id: string) => new RegExp(`<section id="${id}"[^>]*>(.*?)</section>`, 's').exec(html)?.[1] ?? '';

describe('the stream', () => {
  test('says in words and shapes what was decided, how risky it was, and how it ended', async () => {
    const page = await open();
    await call('look');
    await call('drop');
    await call('send');
    const { status, text } = await page.get('/activity');
    const lines = plain(part(text, 'stream'));
    expect(status).toBe(200);
    expect(lines).toMatch(
      /\? needs a person .*? felix: send crm:c1 .*?✕ denied .*? felix: delete crm:c1 .*?✓ allowed .*? felix: read crm:c1/,
    );
    expect(lines).toMatch(/(?:low|medium) risk/);
    expect(lines).toMatch(/felix: read crm:c1 .*?crm\/look · rule look · done in \d+ ms/);
    expect(lines).not.toContain('call.outcome');
  });

  test('pages by cursor, each event once and newest first, also while new ones come', async () => {
    const page = await open();
    for (let at = 0; at < 130; at += 1)
      await append({ type: 'call.refused', agent_id: 'felix', decision: 'deny', action: `read:crm:n${at}` });
    const seen: number[] = [];
    for (let path: string | undefined = '/activity?q=type:call.refused'; path; ) {
      const { text } = await page.get(path);
      seen.push(...[...text.matchAll(/felix: read crm:n(\d+)</g)].map((match) => Number(match[1])));
      await append({ type: 'call.refused', agent_id: 'felix', decision: 'deny', action: 'read:crm:later' });
      path = /<a rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(seen).toEqual(Array.from({ length: 130 }, (_, at) => 129 - at));
  });

  test('a call whose page begins before its end still says how it ended', async () => {
    const page = await open();
    for (let at = 0; at < 60; at += 1) await call('look', `c${at}`);
    const { text } = await page.get('/activity');
    const next = /<a rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const earlier = plain(part((await page.get(next)).text, 'stream'));
    expect(earlier.match(/✓ allowed/g)?.length).toBeGreaterThan(5);
    expect(earlier).not.toContain('no end recorded');
  });

  test('text that an agent made up stays text', async () => {
    const page = await open();
    const nasty = '<img src=x onerror=alert(1)>\u202e"\'`\u200b**bold**';
    await append({
      type: 'call.refused',
      agent_id: nasty,
      server: nasty,
      tool: nasty,
      action: `read:crm:${nasty}`,
      decision: nasty as 'deny',
      rule: nasty,
      risk: { level: nasty as 'low', score: 1, factors: [{ name: nasty, points: 1 }] },
      why: nasty,
    });
    await append({ type: nasty, agent_id: nasty, why: nasty, message: nasty });
    await append({
      type: 'request.created',
      agent_id: nasty,
      scope: [`write:crm:${nasty}`],
      justification: nasty,
      request_id: 'req_nasty',
    });
    const first = (await made.events('call.refused'))[0]!;
    for (const path of [
      '/activity',
      `/activity/${first.id}`,
      '/activity/req_nasty',
      `/activity/${encodeURIComponent(nasty)}`,
      `/activity?q=${encodeURIComponent(nasty)}`,
    ]) {
      const { text } = await page.get(path);
      expect(text, path).not.toMatch(/<img src=x|\u202e|\u200b/);
      expect(text, path).toContain('&lt;img');
      expect(text, path).not.toMatch(/ style=|<script(?! src="\/public)|javascript:/);
    }
  });
});

describe('filters', () => {
  test('are those of the command line', async () => {
    const page = await open();
    await call('look');
    await call('drop');
    const { text } = await page.get(`/activity?q=${encodeURIComponent('decision:deny verb:delete')}`);
    const lines = plain(part(text, 'stream'));
    expect(lines).toContain('felix: delete crm:c1');
    expect(lines).not.toContain('read crm:c1');
    expect(text).toContain('value="decision:deny verb:delete"');
  });

  test.each([
    ['rsk:high', 'did you mean risk: '],
    ['risk:huge', 'say one of low, medium, high, critical'],
    ['when:"the day after"', 'is not a time that can be read'],
    ['who:', 'has no value'],
    [`text:${'x'.repeat(1_500)}`, 'longer than'],
  ])('%s is told to be wrong beside the field', async (query, why) => {
    const page = await open();
    const { status, text } = await page.get(`/activity?q=${encodeURIComponent(query)}`);
    expect(status).toBe(400);
    expect(plain(text)).toContain(why);
    expect(text).toMatch(/<input id="q"[^>]* aria-describedby="q-problem q-how" aria-invalid="true">/);
    expect(text).toMatch(/<p id="q-problem"[^>]* role="alert">/);
  });

  test('a page that begins nowhere is told to be wrong too', async () => {
    const page = await open();
    expect((await page.get('/activity?cursor=-1')).status).toBe(400);
  });

  test('nothing found says what to do', async () => {
    const page = await open();
    expect(plain((await page.get('/activity?q=agent:nobody')).text)).toContain('No event fits. Leave a filter off');
  });
});

describe('the last day', () => {
  test('is a picture with words and a table that say the same', async () => {
    const page = await open();
    await call('look');
    await call('look', 'c2');
    await call('drop');
    const day = part((await page.get('/activity')).text, 'day');
    expect(day).toMatch(/<svg class="plot"[^>]* role="img" aria-labelledby="plot-title plot-words">/);
    expect(day).toMatch(/<desc id="plot-words">3 calls: .*Most in the hour from 12:00, 3\.<\/desc>/);
    expect(day).toContain('<caption>Calls of the last 24 hours (UTC); the newest hour is not over</caption>');
    const [row] = [...day.matchAll(/<tr><th scope="row">.*?<\/tr>/gs)].map(([one]) => plain(one));
    expect(row).toMatch(/^ 2026-11-23 12:00 3 .* 2 0 1 $/);
    expect(day.match(/<tr><th scope="row">/g)).toHaveLength(24);
  });

  test('counts who and what', async () => {
    const page = await open();
    await call('look');
    await call('drop');
    const tallies = plain(part((await page.get('/activity')).text, 'tallies'));
    expect(tallies).toMatch(/Calls by agent Agent Calls Refused High or critical risk felix 2 1 \d/);
    expect(tallies).toMatch(/crm\/drop 1 1 \d/);
  });

  test('without calls says what will be here', async () => {
    const page = await open();
    expect(plain((await page.get('/activity')).text)).toContain('No calls in the last 24 hours');
  });
});

describe('the chain behind an event', () => {
  test('is the story that `audit why` tells, step by step, and the records', async () => {
    const page = await open();
    await call('drop');
    const [event] = await made.events('call.refused');
    const { status, text } = await page.get(`/activity/${event!.id}`);
    const told = (await made.command('audit.why', { id: event!.id })).story as string;
    expect(status).toBe(200);
    const [when = '', ...what] = told.split(/: (?=felix)/);
    const bare = (words: string) => words.replace(/[`\s]/g, '');
    expect(bare(plain(text))).toContain(bare(`${when} ${what.join(': ')}`));
    expect(text).toContain(`&quot;hash&quot;: &quot;${event!.hash}&quot;`);
  });

  test('an id that nothing has says so', async () => {
    const page = await open();
    const { status, text } = await page.get('/activity/call_unknown');
    expect(status).toBe(404);
    expect(plain(text)).toContain('Nothing in the log has this id');
  });

  test('a record that was changed is not told as if it were true', async () => {
    const page = await open();
    await call('drop');
    const id = /"id":"([^"]+)"[^\n]*"type":"call.refused"/.exec(readFileSync(logFile(), 'utf8'))?.[1];
    tamper();
    const text = plain((await page.get(`/activity/${id}`)).text);
    expect(text).toContain('A record of this story was changed after being written.');
    expect(text).toContain('so don’t believe what follows');
  });
});

describe('reading is an event', () => {
  test('once for each page that is opened, and never again because that page looks again', async () => {
    const page = await open();
    const told: string[] = [];
    page.console.live.listen((parts) => told.push(...parts));
    const { text } = await page.get('/activity?q=agent:felix');
    const view = /data-view="([^"]+)"/.exec(text)?.[1] ?? '';
    expect(await reads()).toBe(1);
    expect((await made.events('audit.read'))[0]).toMatchObject({ channel: 'console', filter: 'agent:felix' });
    for (let at = 0; at < 5; at += 1) {
      const again = await page.get('/activity?q=agent:felix', { 'x-perimeter-view': view });
      expect(again.text).toContain(`data-view="${view}"`);
    }
    expect(await reads()).toBe(1);
    // the page of another filter is another reading, whatever it says
    await page.get('/activity?q=agent:anna', { 'x-perimeter-view': view });
    expect(await reads()).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(told).not.toContain('activity');
    await call('look');
    await expect.poll(() => told, { timeout: 5_000 }).toContain('activity');
  });

  test('the chain and the command line count too', async () => {
    const page = await open();
    await call('drop');
    const [event] = await made.events('call.refused');
    await page.get(`/activity/${event!.id}`);
    expect((await made.events('audit.read'))[0]).toMatchObject({ channel: 'console', request: event!.id });
  });

  test('where it cannot be recorded nothing is read', async () => {
    const page = await open();
    await call('look');
    appendFileSync(logFile(), 'x');
    await call('look').catch(() => undefined);
    const { status, text } = await page.get('/activity');
    expect(status).toBe(503);
    expect(plain(text)).toContain('Nothing can be recorded, so nothing is forwarded');
    expect(plain(text)).not.toContain('felix: read crm');
  });
});

describe('the check of the record', () => {
  const settled = async (page: Browser) => {
    await expect.poll(async () => plain((await page.get('/activity')).text), { timeout: 10_000 }).not.toContain('Checking…');
    return plain((await page.get('/activity')).text);
  };

  test('runs when asked by a form of the page, says what it found, and is itself recorded', async () => {
    const page = await open();
    await call('look');
    expect(plain((await page.get('/activity')).text)).toContain('Nobody has had every record checked here yet');
    const { status, headers } = await page.post('/activity/verify');
    expect([status, headers.get('location')]).toEqual([303, '/activity#record']);
    expect(await settled(page)).toMatch(/✓ Intact : \d+ records, every one in its place/);
    const [event] = await made.events('audit.verified');
    expect(event).toMatchObject({ outcome: 'intact', channel: 'console' });
    // another guard on the same log knows of it
    const again = await browse(made);
    expect(plain((await again.get('/activity')).text)).toMatch(/✓ Intact when \d+ records were checked on/);
  });

  test('names what was tampered with', async () => {
    const page = await open();
    await call('drop');
    tamper();
    await page.post('/activity/verify');
    expect(await settled(page)).toMatch(/✕ Tampered with , first at record \d+/);
    const [event] = await made.events('audit.verified');
    expect(event).toMatchObject({ outcome: 'tampered' });
  });

  test('begins by no link and by no other site', async () => {
    const page = await open();
    expect((await page.get('/activity/verify')).status).toBe(404);
    expect((await page.post('/activity/verify', {}, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await page.post('/activity/verify', { csrf: 'wrong' })).status).toBe(403);
    expect(await made.events('audit.verified')).toEqual([]);
  });
});
