// The rules: one page to look at, and nothing on it changes anything.
import { Hono } from 'hono';
import { type App, type Console, type Known, sessionOf } from './context.ts';
import { policiesPage } from './policies-page.ts';

export function policiesRoutes(console: Console): App {
  const app = new Hono<Known>();
  app.get('/policies', async (asked) =>
    asked.html(String(policiesPage(console, sessionOf(asked), await console.counting.soon()))),
  );
  return app;
}
