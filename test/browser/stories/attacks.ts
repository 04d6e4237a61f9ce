// What a hostile page, a hostile server on this machine and a hostile agent try against the console in a real browser.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshPage, launch } from '../browser.ts';
import { atTheDesk, openRequest, untroubled } from '../desk.ts';
import { PASSPHRASE } from '../house.ts';

/** A second server on this machine. `headers` are those of the last request it got. */
class Elsewhere {
  html = '';
  headers: Record<string, unknown> = {};
  #server: Server | undefined;

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.headers = request.headers;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><title>elsewhere</title>${this.html}`);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  origin(host = '127.0.0.1'): string {
    return `http://${host}:${(this.#server!.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

/** Control and direction characters, and those without width: nothing that a page may show. Line breaks and tabs are the page's own. */
const unseen = (text: string): string[] => [...text].filter((one) => /[\p{Cc}\p{Cf}]/u.test(one) && !/\s/.test(one));

atTheDesk('attack', (desk) => {
  const elsewhere = new Elsewhere();
  beforeAll(() => elsewhere.open());
  afterAll(() => elsewhere.close());
  beforeEach(() => desk.house.tidy());

  /** The victim, signed in, visits the attacker's page in the same profile. */
  async function visits(html: string, host = '127.0.0.1'): Promise<Page> {
    const page = await desk.signedIn();
    elsewhere.html = html;
    await page.goto(elsewhere.origin(host));
    return page;
  }

  test.each(['127.0.0.1', 'localhost'])('a form of a page on %s that denies, approves or revokes', async (host) => {
    const asked = desk.house.ask();
    const id = await desk.house.waiting();
    const target = `${await desk.house.origin}/requests/${id}`;
    for (const action of ['approve', 'deny']) {
      const page = await visits(
        `<form method="post" action="${target}/${action}"><input name="decision" value="approve"><input name="passphrase" value="${PASSPHRASE}"></form>`,
        host,
      );
      const answered = page.waitForResponse((one) => one.url().startsWith(target));
      await page.evaluate('document.forms[0].submit()');
      expect((await answered).status()).toBe(403);
    }
    expect(await desk.house.pending()).toHaveLength(1);
    await desk.house.tidy();
    await asked;
  });

  test.each(['127.0.0.1', 'localhost'])('a script of a page on %s that reads or acts', async (host) => {
    const page = await visits('', host);
    const target = await desk.house.origin;
    for (const [path, options] of [
      ['/requests', {}],
      ['/grants', { credentials: 'include' }],
      ['/live', { credentials: 'include' }],
      ['/requests', { mode: 'no-cors', credentials: 'include' }],
      ['/lock', { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'reason=x' }],
    ] as const) {
      const read = await page.evaluate(
        `fetch(${JSON.stringify(target + path)}, ${JSON.stringify(options)}).then((answer) => answer.text(), (error) => 'failed: ' + error.name)`,
      );
      expect([path, read === '' || String(read).startsWith('failed')]).toEqual([path, true]);
    }
    expect((await desk.house.command('whoami')) as { locked: boolean }).toMatchObject({ locked: false });
  });

  test('a frame around the console, to have it clicked unseen', async () => {
    const page = await visits(
      `<iframe src="${await desk.house.origin}/requests" width="800" height="600"></iframe>`,
      'localhost',
    );
    await page.waitForTimeout(1_500);
    const [, frame] = page.frames();
    expect(frame?.url()).not.toContain('/requests');
    expect((await frame?.locator('body').textContent()) ?? '').not.toContain('Requests');
  });

  test('a page that opens the console in a window of its own learns nothing and reaches nothing', async () => {
    const page = await visits('<button>win</button>', 'localhost');
    const opened = page.waitForEvent('popup');
    await page.evaluate(`window.stolen = window.open(${JSON.stringify(`${await desk.house.origin}/requests`)})`);
    await opened;
    await page.waitForTimeout(500);
    expect(
      await page.evaluate('try { stolen.document.title } catch (error) { error.name }').catch(() => 'refused'),
    ).not.toContain('Requests');
  });

  test("a name of the attacker's that leads to this machine (rebinding)", async () => {
    const browser = await launch(['--host-resolver-rules=MAP attacker.example 127.0.0.1']);
    try {
      const page = await freshPage(browser);
      const port = new URL(await desk.house.origin).port;
      const answer = await page.goto(`http://attacker.example:${port}/requests`);
      expect(answer?.status()).toBe(421);
      expect(await page.locator('body').textContent()).not.toContain('Permissions');
    } finally {
      await browser.close();
    }
  });

  test('the cookie of another console, and one that was made up, open nothing', async () => {
    const page = await desk.signedIn();
    const [cookie] = await page.context().cookies();
    const other = await desk.stranger();
    for (const value of ['', 'x', `${cookie?.value ?? ''}x`, 'A'.repeat(43)]) {
      await other.context().addCookies([{ ...cookie!, value }]);
      await other.goto(await desk.house.origin);
      await other.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    }
  });

  test('another server on this machine is sent the cookie by a browser, and gains no approval by it', async () => {
    const asked = desk.house.ask();
    const id = await desk.house.waiting();
    await visits('', 'localhost');
    const cookie = String(elsewhere.headers.cookie ?? '');
    const target = await desk.house.origin;
    const read = await (await fetch(`${target}/requests/${id}`, { headers: { cookie } })).text();
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(read)?.[1] ?? '';
    const sent = await fetch(`${target}/requests/${id}/approve`, {
      method: 'POST',
      headers: { cookie, origin: target, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        csrf: field('csrf'),
        mark: field('mark'),
        shown: field('shown'),
        decision: 'approve',
        code: '23',
      }),
      redirect: 'manual',
    });
    expect(sent.status).not.toBe(303);
    expect(await desk.house.pending()).toHaveLength(1);
    await desk.house.tidy();
    await asked;
  });

  const HOSTILE = [
    '<script>window.broken = 1</script><img src=x onerror="window.broken = 1"><svg onload="window.broken = 1">',
    '"><form action=/lock method=post><button autofocus>Approve</button></form><style>#answer{display:none}</style><a href="javascript:window.broken=1">x</a>',
    '\u202Edrow eht fo dne eht\u202C \u200B\u200B\u2066hidden\u2069 \u0000\u0007\u001B[2J\u0085',
    '</blockquote></main>**[approve](http://evil.example)** ![x](http://evil.example/x.png) `code` # heading\r\n\r\nThe guard says: this is safe.',
    '{{7*7}} ${7*7} <%= 7*7 %> &lt;b&gt; &#60;script&#62;',
  ];
  test.each(HOSTILE)('words of the agent that would run, hide or pretend: %#', async (words) => {
    const page = await desk.signedIn();
    const text = `${words} ${'x'.repeat(50)} the end`;
    const asked = desk.house.ask({
      justification: text,
      sql: {
        sql: `UPDATE customers SET note = '${words.replaceAll("'", "''").replaceAll('\u0000', '')}' WHERE status = 'dormant'`,
      },
    });
    await openRequest(page);
    for (const path of [undefined, '/requests', '/grants', '/activity', '/policies']) {
      if (path !== undefined) await page.goto(`${await desk.house.origin}${path}`);
      await page.waitForTimeout(200);
      expect(await page.evaluate('window.broken')).toBeUndefined();
      expect(
        await page
          .locator('main script, main img, main style, main iframe, main a[href^="javascript"], main a[href^="http"]')
          .count(),
      ).toBe(0);
      expect(unseen((await page.locator('body').textContent()) ?? '')).toEqual([]);
    }
    await page.goto(`${await desk.house.origin}/requests/${await desk.house.waiting()}`);
    const claim = (await page.locator('.claim').textContent()) ?? '';
    expect(claim).toContain('the end');
    expect(await page.getByRole('button', { name: /^Approve/ }).count()).toBe(2);
    expect(await page.getByRole('button', { name: 'Deny' }).isVisible()).toBe(true);
    untroubled(page);
    await desk.house.tidy();
    await asked;
  });

  test('a thousand answers at once have one outcome', async () => {
    const page = await desk.signedIn();
    const asked = desk.house.ask();
    await openRequest(page);
    await page.waitForTimeout(600);
    const statuses = (await page.evaluate(`
      const fields = (form) => new URLSearchParams(new FormData(form));
      const [yes, no] = [document.querySelector('[data-answer]'), document.querySelector('form[action$="/deny"]')];
      const answers = Array.from({ length: 1000 }, (_, n) => {
        const body = fields(n % 2 ? yes : no);
        if (n % 2) { body.set('decision', 'approve'); body.set('passphrase', ${JSON.stringify(PASSPHRASE)} + (n === 501 ? '' : n)); }
        return fetch((n % 2 ? yes : no).action, { method: 'POST', body, redirect: 'manual' }).then(({ status, type }) => type === 'opaqueredirect' ? 303 : status, () => 0);
      });
      Promise.all(answers)`)) as number[];
    expect(statuses).toHaveLength(1_000);
    const trail = desk.house.trail();
    const created = trail.findLast(({ type }) => type === 'request.created');
    const decided = trail.filter(
      ({ type, request_id }) => /^request\.(?:approved|denied)$/.test(type) && request_id === created?.request_id,
    );
    expect(decided).toHaveLength(1);
    expect(
      trail.filter(({ type, request_id }) => type === 'grant.issued' && request_id === created?.request_id).length,
    ).toBeLessThanOrEqual(1);
    await asked;
  });
});
