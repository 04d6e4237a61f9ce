// A person's browser on the console's page of a request: signs in with the passphrase, reads, and answers. No script runs in it.
import { request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Nobody reads a page and answers it in half a second. */
const READS_MS = 1_500;

type Page = { status: number; text: string; cookie?: string };

/** What the page that a link leads to shows before anybody signed in. */
export async function openPage(url: string): Promise<string> {
  return (await visit(url)).text;
}

/** Signs in where the link leads, and gives a yes with the passphrase. Resolves with the page as it was read. */
export async function approveOnPage(url: string, passphrase: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const { cookie } = await visit(`${origin}/sign-in`, { form: { passphrase, next: pathname } });
  if (cookie === undefined) throw new Error('the page did not sign in');
  const { text } = await visit(url, { cookie });
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? '';
  await sleep(READS_MS);
  const form = { csrf: field('csrf'), shown: field('shown'), mark: field('mark'), passphrase, decision: 'approve' };
  const answered = await visit(`${url}/approve`, { cookie, form });
  if (answered.status !== 303) throw new Error(`the page answered ${answered.status}: ${answered.text.slice(0, 2_000)}`);
  return text;
}

function visit(url: string, { cookie, form }: { cookie?: string; form?: Record<string, string> } = {}): Promise<Page> {
  const { origin } = new URL(url);
  const headers = {
    ...(cookie === undefined ? {} : { cookie }),
    ...(form
      ? { origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
      : { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }),
  };
  return new Promise((resolve, reject) => {
    const asking = send(url, { method: form ? 'POST' : 'GET', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        const [set] = answer.headers['set-cookie'] ?? [];
        const given = set?.split(';')[0];
        resolve({ status: answer.statusCode ?? 0, text, ...(given === undefined ? {} : { cookie: given }) });
      });
    });
    asking.once('error', reject);
    asking.end(form ? new URLSearchParams(form).toString() : undefined);
  });
}
