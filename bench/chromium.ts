// What the console is like in a real Chromium: when a page paints, how soon a request is seen, and what a page that only stands open costs.
import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { CHROMIUM, launch } from '../test/browser/browser.ts';

const RUNS = 7;
const ASKED = 5;
const IDLE_MS = 15_000;
const TURNS = 3;

export type Guard = {
  origin: string;
  /** A link that signs in, once. */
  link: string;
  /** Makes a request; when, in milliseconds since 1970. */
  ask(): Promise<{ at: number }>;
  /** Milliseconds of processor the guard has used so far. */
  spent(): Promise<number>;
};
type Line = (what: string, number: string, wanted?: { text: string; good: boolean }) => void;

const ms = (value: number) => `${value.toFixed(1)} ms`;
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Prints what it measured, or that there is no browser. */
export async function inChromium(guard: Guard, line: Line): Promise<void> {
  if (!existsSync(CHROMIUM)) return line(`no Chromium at ${CHROMIUM}: first paint was not measured`, '-');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(guard.link);
    await page.waitForURL('**/requests');
    await paints(page, guard, line);
    await seen(page, guard, line);
    await idle(page, guard, line);
  } finally {
    await browser.close();
  }
}

/** Asked from outside: the page's own policy runs no text as a script. */
async function until(page: Page, holds: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await page.evaluate(holds)) return;
    await page.waitForTimeout(20);
  }
  throw new Error(`never: ${holds}`);
}

async function paints(page: Page, { origin }: Guard, line: Line): Promise<void> {
  for (const path of ['/requests', '/grants', '/activity', '/policies']) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      await page.goto(origin + path);
      await until(page, `performance.getEntriesByName('first-contentful-paint').length > 0`);
      times.push((await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`)) as number);
    }
    const value = median(times);
    line(`${path}: first contentful paint in Chromium, median of ${RUNS}`, ms(value), {
      text: 'below 300 ms',
      good: value < 300,
    });
  }
}

async function seen(page: Page, { origin, ask }: Guard, line: Line): Promise<void> {
  await page.goto(`${origin}/requests`);
  await page.waitForTimeout(1_000);
  await page.evaluate(`
    window.seen = [];
    let known = document.querySelectorAll('#waiting .request').length;
    new MutationObserver(() => {
      const now = document.querySelectorAll('#waiting .request').length;
      if (now > known) requestAnimationFrame(() => window.seen.push(Date.now()));
      known = now;
    }).observe(document.body, { childList: true, subtree: true });`);
  const times: number[] = [];
  for (let run = 0; run < ASKED; run += 1) {
    const { at } = await ask();
    await until(page, `window.seen.length > ${run}`);
    times.push(((await page.evaluate(`window.seen[${run}]`)) as number) - at);
  }
  const value = median(times);
  line(`from a request being made to its card in the page, median of ${ASKED}`, ms(value), {
    text: 'below 200 ms',
    good: value < 200,
  });
}

/** In turns, and the least of each: what the guard does besides only ever adds. */
async function idle(page: Page, { origin, spent }: Guard, line: Line): Promise<void> {
  const least = { withPage: Number.POSITIVE_INFINITY, without: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const [which, address] of [
      ['without', 'about:blank'],
      ['withPage', `${origin}/requests`],
    ] as const) {
      await page.goto(address);
      await page.waitForTimeout(3_000);
      const before = await spent();
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      least[which] = Math.min(least[which], (await spent()) - before);
    }
  const seconds = IDLE_MS / 1_000;
  line(`processor of the guard in ${seconds} s without a page in Chromium, least of ${TURNS}`, ms(least.without));
  const more = least.withPage - least.without;
  line('  with one: so much more', ms(more), { text: 'below 0.5 %', good: more < IDLE_MS / 200 });
}
