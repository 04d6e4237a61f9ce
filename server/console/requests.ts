// The requests: what waits, one of them with all that is known, and the answers to it. Answers go the way of the terminal's commands.
import { Hono } from 'hono';
import { CommandError } from '../owner/protocol.ts';
import { type Answering, readAnswer, readDenial } from './answer.ts';
import { type App, type Asked, type Console, type Known, sessionOf } from './context.ts';
import { sentence } from './parts.ts';
import { signedBy } from './passkey-proof.ts';
import { requestListPage, requestPage, unknownRequestPage } from './request-page.ts';

export function requestRoutes(console: Console): App {
  const { perimeter, command } = console;
  const app = new Hono<Known>();
  app.get('/requests', async (asked) => asked.html(String(requestListPage(console, sessionOf(asked)))));
  app.get('/requests/:id', (asked) => show(asked, asked.req.param('id')));
  app.post('/requests/:id/approve', (asked) => answer(asked, 'approve', (answering) => readAnswer(console, answering)));
  app.post('/requests/:id/deny', (asked) => answer(asked, 'deny', readDenial));
  return app;

  /** `problem` is what stood against the last answer, and `given` what was filled in with it. */
  async function show(asked: Asked, id: string, problem?: string): Promise<Response> {
    const session = sessionOf(asked);
    const request = perimeter.elevations.get(id);
    if (!request) return asked.html(String(unknownRequestPage(console, session)), 404);
    const given = asked.get('body');
    return asked.html(
      String(await requestPage(console, { session, request, problem, given })),
      problem === undefined ? 200 : 409,
    );
  }

  async function answer(
    asked: Asked,
    name: 'approve' | 'deny',
    read: (answering: Answering) => Record<string, unknown>,
  ): Promise<Response> {
    const id = asked.req.param('id') ?? '';
    const request = perimeter.elevations.get(id);
    // one that was decided meanwhile shows what became of it: nothing is left to answer
    if (request?.state !== 'pending') return show(asked, id);
    try {
      const params = read({ request, body: asked.get('body'), session: sessionOf(asked) });
      await command(name, params, await signedBy(console, asked));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return show(asked, id, sentence(error.message));
    }
    return asked.redirect(`/requests/${id}`, 303);
  }
}
