// The activity: what agents did and what became of it, the chain behind any of it, and the check of the whole record.
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { visible } from '../../policies/values/visible.ts';
import { readQuestion } from '../audit/filter.ts';
import { BadQuestion } from '../audit/when.ts';
import type { AuditEvent } from '../ports.ts';
import { chainPage, unknownPage } from './activity-chain.ts';
import type { Counted } from './activity-counts.ts';
import { activityPage, type Shown, stoppedPage } from './activity-page.ts';
import type { Record as LogRecord } from './activity-record.ts';
import { IN_OTHERS } from './activity-rows.ts';
import { createChecking } from './activity-verify.ts';
import { type App, type Asked, type Console, type Known, sessionOf } from './context.ts';
import { said } from './html.ts';
import { sentence } from './parts.ts';

const PER_PAGE = 50;
const MAX_QUERY = 1_000;
const MAX_ID = 200;
/** Pages that are open at once and whose reading is recorded; the oldest is forgotten first, and recorded again. */
const MAX_VIEWS = 200;

export function activityRoutes(console: Console): App {
  const { perimeter, live, counting } = console;
  const { audit } = perimeter;
  const checking = createChecking(perimeter, () => live.tell(['activity']));
  const views = new Map<string, string>();
  const app = new Hono<Known>();

  // what is read must be recorded
  app.use('/activity/*', async (asked, next) => {
    if (!audit.failed) return next();
    return asked.html(String(stoppedPage(console, sessionOf(asked), await record(undefined))), 503);
  });
  app.get('/activity', async (asked) => {
    // as the log holds texts: with nothing in it that can't be seen
    const query = visible((asked.req.query('q') ?? '').trim(), 2 * MAX_QUERY);
    const cursor = asked.req.query('cursor');
    const found = await search(query, cursor);
    const view = await recorded(asked, query);
    const events = 'problem' in found ? [] : found.events;
    const endings = await audit.endings(events.filter(({ type }) => type === 'call.intent'));
    // the first count keeps the loop busy: what the page reads from the disk comes before it
    const counted = await counting.soon();
    const shown: Shown = {
      session: sessionOf(asked),
      ...{ view, query, cursor, found, endings, counted },
      held: asked.req.query('hold') !== undefined,
      record: await record(counted),
    };
    return asked.html(String(activityPage(console, shown)), 'problem' in found ? 400 : 200);
  });
  app.get('/activity/:id', async (asked) => {
    const id = asked.req.param('id').slice(0, MAX_ID);
    const found = await audit.why(id);
    await audit.append({ type: 'audit.read', channel: 'console', request: id });
    const session = sessionOf(asked);
    if (!found) return asked.html(String(unknownPage(console, session, id)), 404);
    return asked.html(String(chainPage(console, session, id, found.chain)));
  });
  app.post('/activity/verify', (asked) => {
    checking.start();
    return asked.redirect('/activity#record', 303);
  });
  return app;

  /** The events that fit, or what is wrong with the question, in words. */
  async function search(query: string, cursor: string | undefined): Promise<Shown['found']> {
    try {
      if (query.length > MAX_QUERY) throw new BadQuestion(`this is longer than ${MAX_QUERY} characters`);
      const filter = query === '' ? {} : readQuestion([query]);
      const hidden = filter.type === undefined ? IN_OTHERS : undefined;
      return await audit.query({ limit: PER_PAGE, ...(cursor === undefined ? {} : { cursor }), ...filter }, undefined, hidden);
    } catch (error) {
      if (error instanceof BadQuestion) return { problem: said(sentence(error.message), 600) };
      throw error;
    }
  }

  /** Reading the audit is an event, once for each page that is opened: an open page that looks again is the same reading. */
  async function recorded(asked: Asked, query: string): Promise<string> {
    const known = asked.req.header('x-perimeter-view') ?? '';
    if (views.get(known) === asked.req.url) return known;
    await audit.append({ type: 'audit.read', channel: 'console', ...(query === '' ? {} : { filter: query }) });
    const view = randomUUID();
    views.set(view, asked.req.url);
    for (const oldest of views.keys()) if (views.size > MAX_VIEWS) views.delete(oldest);
    return view;
  }

  async function record(counted: Counted | undefined): Promise<LogRecord> {
    const signed = counted?.newest('audit.checkpoint');
    const verified = counted?.newest('audit.verified');
    return {
      seq: audit.seq,
      signed: signed && { size: signed.seq - 1, time: signed.time },
      check: checking.check,
      verified: verified && (await firstFrom(verified.seq)),
    };
  }

  async function firstFrom(seq: number): Promise<AuditEvent | undefined> {
    for await (const event of audit.events(seq)) return event;
    return undefined;
  }
}
