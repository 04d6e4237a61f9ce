// What was given: it runs down as the agent uses it, is taken back with one button, and everything can be locked.
import { beforeEach, expect, test } from 'vitest';
import { approve, atTheDesk, openRequest, untroubled } from '../desk.ts';
import { DORMANT, IN_BERLIN, PASSPHRASE } from '../house.ts';

atTheDesk('a permission', (desk) => {
  beforeEach(() => desk.house.tidy());

  test('runs down before your eyes, and ends at a press of a button', async () => {
    const page = await desk.signedIn();
    const asked = desk.house.ask();
    await openRequest(page);
    await approve(page, /^Approve for/);
    await asked;
    await page.getByRole('link', { name: /See the permission/ }).click();
    await page.getByText('2 of 2 uses left').waitFor();
    await page.getByText('23 of 23 records left').waitFor();
    const part = await desk.house.call('database__execute', IN_BERLIN);
    const { records } = part.structuredContent as { records: number };
    await page.getByText('1 of 2 uses left').waitFor();
    await page.getByText(`${23 - records} of 23 records left`).waitFor();
    await page.getByText(`${records} touched`).waitFor();
    await page.getByRole('button', { name: /Revoke/ }).click();
    await page
      .getByText(/taken back/)
      .first()
      .waitFor();
    expect((await desk.house.call('database__execute', DORMANT)).isError).toBe(true);
    expect((await desk.house.call('list_permissions')).structuredContent).toMatchObject({ grants: [] });
    untroubled(page);
  });

  test('the lock stops everything on the spot; unlocking takes the proof', async () => {
    const page = await desk.signedIn();
    await page.goto(`${await desk.house.origin}/grants`);
    await page.getByLabel(/Why/).fill('lunch');
    await page.getByRole('button', { name: 'Lock' }).click();
    await page.getByText(/Locked since/).waitFor();
    expect(await page.locator('#lock-note').textContent()).toContain('lunch');
    expect((await desk.house.call('calendar__list')).isError).toBe(true);
    await page.getByLabel('Your passphrase').fill('a wrong one');
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('alert').filter({ hasText: 'not the passphrase' }).waitFor();
    expect((await desk.house.call('calendar__list')).isError).toBe(true);
    await page.getByLabel('Your passphrase').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByRole('button', { name: 'Lock' }).waitFor();
    expect((await desk.house.call('calendar__list')).isError ?? false).toBe(false);
    untroubled(page);
  });
});
