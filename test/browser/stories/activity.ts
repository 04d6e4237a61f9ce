// What happened and why: found by somebody who was not told how, filtered, paged, and read against the rules.
import { expect, test } from 'vitest';
import { approve, atTheDesk, openRequest, untroubled } from '../desk.ts';
import { IN_BERLIN } from '../house.ts';

atTheDesk('the activity', (desk) => {
  test('the reason of a change is found by clicking, and says who asked, who approved, with which proof, and what came of it', async () => {
    const page = await desk.signedIn();
    const asked = desk.house.ask();
    await openRequest(page);
    await approve(page, /^Approve for/);
    await asked;
    await desk.house.call('database__execute', IN_BERLIN);
    await page.getByRole('link', { name: 'Activity' }).click();
    await page
      .locator('#stream')
      .getByRole('link', { name: /felix-prod: write database/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'How it came about' }).waitFor();
    const story = await page.locator('main').textContent();
    for (const words of [
      'asked for permission',
      'Mia wants them marked',
      'nobody checked',
      'counted 23 records',
      'john@acme.example approved it',
      'passphrase',
      'customer-writes',
      'customers.yaml:',
    ])
      expect(story).toContain(words);
    untroubled(page);
  });

  test('an open page shows the next call by itself', async () => {
    const page = await desk.signedIn();
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await desk.house.call('files__read', { path: 'hr/salaries.csv' });
    await page.locator('#stream').getByText('hr/salaries.csv').first().waitFor();
    untroubled(page);
  });

  test('it is filtered as in the terminal, a wrong filter says what is wrong, and it is paged', async () => {
    const page = await desk.signedIn();
    for (let n = 0; n < 60; n += 1) await desk.house.call('calendar__list');
    await page.goto(`${await desk.house.origin}/activity`);
    await page.getByLabel('Find events').fill('decision:deny');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What was found' }).waitFor();
    expect(await page.locator('#stream').textContent()).toContain('hr/salaries.csv');
    expect(await page.locator('#stream').textContent()).not.toContain('list calendar');
    await page.getByLabel('Find events').fill('risk:enormous');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.getByRole('link', { name: 'Everything', exact: true }).click();
    const first = await page.locator('#stream a').first().textContent();
    await page.getByRole('link', { name: 'Earlier events' }).click();
    await page.getByRole('heading', { name: 'What happened earlier' }).waitFor();
    expect(await page.locator('#stream li, #stream tr').count()).toBeGreaterThan(5);
    await page.getByRole('link', { name: 'Newest' }).click();
    await page.getByRole('heading', { name: 'What happened', exact: true }).waitFor();
    expect(first).toBeTruthy();
    untroubled(page);
  });

  test('every record is checked from the page, and it says that none was changed', async () => {
    const page = await desk.signedIn();
    await page.goto(`${await desk.house.origin}/activity`);
    await page.getByRole('button', { name: 'Check every record now' }).click();
    await page
      .locator('#record')
      .getByText(/intact|unchanged|nothing was changed/i)
      .first()
      .waitFor();
    untroubled(page);
  });

  test('the rules say where they stand, how often each mattered, and what lint says', async () => {
    const page = await desk.signedIn();
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('heading', { name: 'Rules', level: 1 }).waitFor();
    const text = await page.locator('main').textContent();
    for (const words of [
      'customer-writes',
      'customers are real people',
      'policies/rules/customers.yaml:',
      'approved',
      'What looks like a mistake',
    ])
      expect(text).toContain(words);
    expect(await page.locator('main button, main input').count()).toBe(0);
    untroubled(page);
  });
});
