// The console as one program: the gate, then the pages, each in a file of its own. Driven by tests without a port.
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { activityRoutes } from './activity.ts';
import type { App, Console, Known } from './context.ts';
import { forbidding, gate, smallBody } from './gate.ts';
import { grantRoutes } from './grants.ts';
import { html } from './html.ts';
import { bare } from './layout.ts';
import { liveRoute } from './live-route.ts';
import { passkeyRoutes } from './passkeys-page.ts';
import { policiesRoutes } from './policies.ts';
import { publicFile } from './public-files.ts';
import { requestRoutes } from './requests.ts';
import { signInRoutes } from './sign-in.ts';

/** The pages, each with its own routes. A new page is a file and a line here. */
const PAGES: readonly ((console: Console) => App)[] = [
  signInRoutes,
  passkeyRoutes,
  requestRoutes,
  grantRoutes,
  activityRoutes,
  policiesRoutes,
  liveRoute,
];

export function createApp(console: Console, log: (line: string) => void): App {
  const app = new Hono<Known>();
  app.use(compress({ encoding: 'gzip' }));
  app.use(forbidding);
  app.use(smallBody);
  app.use(gate(console));
  app.get('/', (asked) => asked.redirect('/requests', 302));
  app.get('/public/:name', (asked) => {
    const file = publicFile(asked.req.param('name'));
    if (!file) return asked.notFound();
    return asked.body(file.body, 200, { 'Content-Type': file.type, 'Cache-Control': 'private, max-age=86400' });
  });
  for (const routes of PAGES) app.route('/', routes(console));
  app.notFound((asked) =>
    asked.html(
      String(
        bare({
          title: 'Nothing is here',
          body: html`<p>This page does not exist. <a href="/requests">See what waits for you</a>.</p>`,
        }),
      ),
      404,
    ),
  );
  app.onError((error, asked) => {
    log(`the console could not answer: ${error instanceof Error ? error.message : 'unknown error'}`);
    return asked.html(
      String(
        bare({
          title: 'That did not work',
          body: html`<p>Nothing was changed. The log of the guard says why. <a href="/requests">Back to what waits for you</a>.</p>`,
        }),
      ),
      500,
    );
  });
  return app;
}
