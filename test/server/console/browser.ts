// The console without a port or a browser: a world's pages, asked for as a browser would, with its cookie and its headers.

import { openAccess } from '../../../server/console/access.ts';
import type { Console } from '../../../server/console/context.ts';
import { createConsole } from '../../../server/console/index.ts';
import type { World } from '../../world.ts';

export const ORIGIN = 'http://localhost:7373';

export type Page = { status: number; text: string; headers: Headers };
export type Browser = {
  console: Console;
  /** As the address bar does; `headers` replace those a browser would send, undefined leaves one out. */
  get(path: string, headers?: Record<string, string | undefined>): Promise<Page>;
  /** As a form of the page does, its session's mark included unless `fields` says otherwise. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string | undefined>): Promise<Page>;
  /** The fields that the form of a request's page holds: the digest, the mark and the code to type. */
  form(id: string): Promise<Record<string, string>>;
  /** Any method, with these headers alone. */
  send(method: string, path: string, headers: Record<string, string | undefined>): Promise<Page>;
  /** Every route there is. */
  routes: readonly { method: string; path: string }[];
  cookie: string | undefined;
  csrf(): string;
};

/** A browser in front of a world's console, signed in by a link unless told otherwise. */
export async function browse(world: World, { signedIn = true }: { signedIn?: boolean } = {}): Promise<Browser> {
  const access = await openAccess(world.perimeter.config.state, world.clock);
  const log: string[] = [];
  const { console, app } = createConsole(world.perimeter, access, ORIGIN, (line) => log.push(line));
  const send = async (
    method: string,
    path: string,
    headers: Record<string, string | undefined>,
    body?: string,
  ): Promise<Page> => {
    const sent = Object.entries({ host: 'localhost:7373', ...(browser.cookie ? { cookie: browser.cookie } : {}), ...headers });
    const response = await app.request(`${ORIGIN}${path}`, {
      method,
      headers: Object.fromEntries(sent.filter((one): one is [string, string] => one[1] !== undefined)),
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const browser: Browser = {
    console,
    cookie: undefined,
    routes: app.routes,
    send,
    get: (path, headers = {}) => send('GET', path, { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', ...headers }),
    post: (path, fields = {}, headers = {}) =>
      send(
        'POST',
        path,
        { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded', ...headers },
        new URLSearchParams({ ...(browser.cookie ? { csrf: browser.csrf() } : {}), ...fields }).toString(),
      ),
    csrf: () => access.session(browser.cookie?.split('=')[1])?.csrf ?? '',
    async form(id) {
      const { text } = await browser.get(`/requests/${id}`);
      const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1];
      const code = /class="code">([A-Z2-9]{4})</.exec(text)?.[1];
      const found = { shown: field('shown'), mark: field('mark'), code };
      return Object.fromEntries(Object.entries(found).filter((one): one is [string, string] => one[1] !== undefined));
    },
  };
  if (signedIn) browser.cookie = cookieOf(await browser.post('/enter', { link: access.link() }));
  return browser;
}

/** The cookie an answer sets, as it is sent back. */
export const cookieOf = (page: Page): string | undefined => page.headers.get('set-cookie')?.split(';')[0];
