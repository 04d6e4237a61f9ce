// Passkeys in a real browser with a virtual authenticator: added, then asked for at every approval, at the sign-in, and nothing else counts.
import { expect, test } from 'vitest';
import { virtualKey } from '../browser.ts';
import { atTheDesk, openRequest, untroubled } from '../desk.ts';
import { PASSPHRASE } from '../house.ts';

atTheDesk('a passkey', (desk) => {
  test('is added with the passphrase, then approves by a touch, and the record says so', async () => {
    const page = await desk.signedIn();
    const key = await virtualKey(page);
    await page.getByRole('link', { name: 'Passkeys' }).click();
    await page.getByLabel(/A name for it/).fill('laptop');
    await page.getByLabel('Your passphrase').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('heading', { name: 'laptop' }).waitFor();
    expect(await page.getByLabel('Your passphrase').count()).toBe(0);

    const asked = desk.house.ask();
    await page.getByRole('link', { name: /Requests/ }).click();
    await openRequest(page);
    await page.getByRole('button', { name: /^Approve for/ }).click();
    await page.getByText(/^Approved/).waitFor();
    expect((await asked).structuredContent).toMatchObject({ status: 'granted' });
    expect(desk.house.trail().findLast(({ type }) => type === 'request.approved')).toMatchObject({
      proof: 'passkey',
      passkey: 'laptop',
    });
    untroubled(page);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'With your passkey' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Requests', level: 1 }).waitFor();

    // a person who says no, or whose key is elsewhere, sends nothing
    await key.remove();
    await desk.house.tidy();
    const second = desk.house.ask();
    await openRequest(page);
    await virtualKey(page);
    await page.getByRole('button', { name: /^Approve for/ }).click();
    await page.getByText(/No passkey was given/).waitFor();
    expect(await desk.house.pending()).toHaveLength(1);
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText(/^Denied/).waitFor();
    await second;
  });
});
