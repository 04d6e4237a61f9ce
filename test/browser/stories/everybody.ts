// The pages for everybody: axe's word on each in light, dark and on a phone, by keyboard alone, at twice the size, and without scripts.
import { expect, test } from 'vitest';
import { violations } from '../browser.ts';
import { approve, atTheDesk, untroubled } from '../desk.ts';
import { IN_BERLIN, PASSPHRASE } from '../house.ts';

const LOOKS = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ['twice the size', { viewport: { width: 640, height: 512 }, deviceScaleFactor: 2, colorScheme: 'dark' }],
] as const;

atTheDesk('every page', (desk) => {
  /** Every page there is, with something on it. */
  async function addresses(): Promise<string[]> {
    const [grant] = (await desk.house.command('grants', { all: true })) as { grant_id: string }[];
    const [request] = await desk.house.pending();
    const outcome = desk.house.trail().findLast(({ type }) => type === 'call.outcome');
    return [
      '/requests',
      `/requests/${request?.request_id}`,
      '/requests/unknown',
      '/grants',
      '/grants?show=ended',
      `/grants/${grant?.grant_id}`,
      '/activity',
      '/activity?q=risk%3Anonsense',
      '/activity?q=nothing%20fits%20this',
      `/activity/${outcome?.id}`,
      '/policies',
      '/passkeys',
      '/nowhere',
    ];
  }

  test.each(LOOKS)('in %s: axe finds nothing, nothing scrolls sideways, and everything has a name', async (_look, options) => {
    const page = await desk.signedIn(options);
    if ((await desk.house.pending()).length === 0) {
      const asked = desk.house.ask();
      await page.locator('#waiting .request a').click();
      await approve(page, /^Approve for/);
      await asked;
      await desk.house.call('database__execute', IN_BERLIN);
      const calls = [{ tool: 'files__write', arguments: { path: 'marketing/flyer.md', content: 'Spring is here.' } }];
      desk.house.call('request_elevation', { justification: 'The flyer needs a text.', calls }).catch(() => undefined);
      await desk.house.waiting();
    }
    const found: string[] = [];
    for (const address of await addresses()) {
      await page.goto((await desk.house.origin) + address);
      found.push(...(await violations(page)).map((one) => `${address}: ${one}`));
      const [inner, outer] = (await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')) as [
        number,
        number,
      ];
      if (inner > outer) found.push(`${address} is ${inner} wide in a window of ${outer}`);
      const nameless = (await page.evaluate(
        `[...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea')].filter((one) => !(one.textContent.trim() || one.labels?.length || one.getAttribute('aria-label'))).map((one) => one.outerHTML)`,
      )) as string[];
      found.push(...nameless.map((one) => `${address}: ${one} has no name`));
    }
    const stranger = await desk.stranger(options);
    for (const address of ['/requests', '/enter']) {
      await stranger.goto((await desk.house.origin) + address);
      found.push(...(await violations(stranger)).map((one) => `${address}, signed out: ${one}`));
    }
    expect(found).toEqual([]);
  });

  test('a request is found, read and approved by keyboard alone, and the focus is always seen', async () => {
    await desk.house.tidy();
    const page = await desk.signedIn();
    const asked = desk.house.ask();
    await page.locator('#waiting .request').waitFor();
    const focused = () => page.evaluate('document.activeElement.innerText || document.activeElement.name || ""');
    /** Tabs on until the focus stands on something that is called so; each stop shows where it is. */
    const tabTo = async (name: RegExp) => {
      for (let stops = 0; stops < 60; stops += 1) {
        await page.keyboard.press('Tab');
        const ring = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
        expect(ring).not.toBe('none');
        if (name.test(String(await focused()))) return;
      }
      throw new Error(`nothing called ${name} can be reached`);
    };
    await tabTo(/Skip to the content/);
    await page.keyboard.press('Enter');
    await tabTo(/felix-prod asks/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your answer' }).waitFor();
    await tabTo(/^passphrase$/);
    await page.keyboard.type(PASSPHRASE);
    await tabTo(/^Approve once/);
    await page.keyboard.press('Enter');
    await page.getByText(/^Approved/).waitFor();
    expect((await asked).structuredContent).toMatchObject({ status: 'granted' });
    untroubled(page);
  });

  test('without scripts every form works: sign in, approve, revoke, lock, unlock, find', async () => {
    await desk.house.tidy();
    const page = await desk.stranger({ javaScriptEnabled: false });
    const origin = await desk.house.origin;
    await page.goto(origin);
    await page.getByLabel('Passphrase').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const asked = desk.house.ask();
    await desk.house.waiting();
    await page.reload();
    await page.locator('#waiting .request a').click();
    await page.waitForTimeout(600);
    await approve(page, /^Approve for/);
    expect((await asked).structuredContent).toMatchObject({ status: 'granted' });
    await page.getByRole('link', { name: /See the permission/ }).click();
    await page.getByRole('button', { name: /Revoke/ }).click();
    await page
      .getByText(/taken back/)
      .first()
      .waitFor();
    await page.goto(`${origin}/grants`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await page.getByLabel('Your passphrase').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('button', { name: 'Lock' }).waitFor();
    await page.goto(`${origin}/activity`);
    await page.getByLabel('Find events').fill('type:grant.revoked');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { name: 'What was found' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
  });
});
