// The permissions that are open, what is left of each and what it was used for; taking them back, and locking everything.
import { Hono } from 'hono';
import { CommandError } from '../owner/protocol.ts';
import { type App, type Asked, type Console, type Known, sessionOf } from './context.ts';
import { type GrantList, grantListPage, grantPage, UNLOCKING, unknownGrantPage } from './grants-page.ts';
import { sentence } from './parts.ts';
import { signedBy } from './passkey-proof.ts';
import { typedProof } from './proof.ts';

export function grantRoutes(console: Console): App {
  const { perimeter, command } = console;
  const app = new Hono<Known>();
  app.get('/grants', (asked) => list(asked));
  app.get('/grants/:id', async (asked) => {
    const grant = perimeter.grants.get(asked.req.param('id'));
    if (!grant) return asked.html(String(unknownGrantPage(console, sessionOf(asked))), 404);
    // an open page that looks again is the same reading
    if (asked.req.header('x-perimeter-view') === undefined)
      await perimeter.audit.append({ type: 'audit.read', channel: 'console', request: grant.grant_id });
    return asked.html(String(await grantPage(console, sessionOf(asked), grant)));
  });
  app.post('/grants/:id/revoke', (asked) =>
    act(asked, 'revoke', () => ({ id: asked.req.param('id') }), `/grants/${asked.req.param('id')}`),
  );
  app.post('/revoke-all', (asked) => act(asked, 'revoke', () => ({ all: true }), '/grants'));
  app.post('/lock', (asked) =>
    act(asked, 'lock', ({ reason = '' }) => (reason.trim() === '' ? {} : { reason: reason.trim() }), '/grants#lock'),
  );
  app.post('/unlock', (asked) => act(asked, 'unlock', (body) => typedProof(sessionOf(asked), UNLOCKING, body), '/grants#lock'));
  return app;

  async function list(asked: Asked, problem?: string): Promise<Response> {
    const page = Number(asked.req.query('page') ?? '1');
    const which: GrantList = {
      ended: asked.req.query('show') === 'ended',
      page: Number.isInteger(page) && page > 0 && page < 1_000 ? page : 1,
      problem,
    };
    return asked.html(String(await grantListPage(console, sessionOf(asked), which)), problem === undefined ? 200 : 409);
  }

  async function act(
    asked: Asked,
    name: string,
    params: (body: Readonly<Record<string, string>>) => Record<string, unknown>,
    next: string,
  ): Promise<Response> {
    try {
      await command(name, params(asked.get('body')), await signedBy(console, asked));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return list(asked, sentence(error.message));
    }
    return asked.redirect(next, 303);
  }
}
