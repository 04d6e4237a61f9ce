// Getting in: by the link of `perimeter console`, by the passphrase from a request's link, and out again.
import { expect, test } from 'vitest';
import { atTheDesk, untroubled } from '../desk.ts';
import { PASSPHRASE } from '../house.ts';

atTheDesk('signing in', (desk) => {
  test('a link signs in once; its secret is in no address, and no script can read the cookie', async () => {
    const link = await desk.house.link();
    const page = await desk.stranger();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(link);
    await page.waitForURL('**/requests');
    const secret = new URL(link).hash.slice(1);
    expect(asked.filter((url) => url.includes(secret) && !url.includes('#'))).toEqual([]);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 });
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.goBack();
    expect(page.url()).not.toContain(secret);
    untroubled(page);

    const other = await desk.stranger();
    await other.goto(link);
    await other.getByRole('alert').waitFor();
    expect(await other.getByRole('alert').textContent()).toContain('used before');
    expect(await other.context().cookies()).toEqual([]);
  });

  test("a request's link shows nothing before the passphrase, and the request after it", async () => {
    const asked = desk.house.ask();
    const request_id = await desk.house.waiting();
    const page = await desk.stranger();
    await page.goto(`${await desk.house.origin}/requests/${request_id}`);
    expect(await page.locator('body').textContent()).not.toMatch(/customers|23|Mia/);
    await page.getByLabel('Passphrase').fill('a wrong one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('not the passphrase');
    await page.getByLabel('Passphrase').fill(PASSPHRASE);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /felix-prod asks/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/requests/${request_id}`);
    untroubled(page);
    await desk.house.tidy();
    await asked;
  });

  test('who signs out is out, in this window and in the next', async () => {
    const page = await desk.signedIn();
    const second = await page.context().newPage();
    await second.goto(await desk.house.origin);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await second.reload();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
    untroubled(page);
  });
});
