// What every story begins with: the company with a passphrase, its guard, a browser, and somebody signed in.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject } from 'vitest';
import { freshPage, launch } from './browser.ts';
import { House, PASSPHRASE } from './house.ts';

export type Desk = {
  readonly house: House;
  readonly browser: Browser;
  /** A page of somebody who is not signed in. */
  stranger(options?: BrowserContextOptions): Promise<Page & { troubles: string[] }>;
  /** A page of somebody who opened the link of `perimeter console`. */
  signedIn(options?: BrowserContextOptions): Promise<Page & { troubles: string[] }>;
};

/** A group of stories on one company. `prepare` changes it before its guard starts. */
export function atTheDesk(name: string, tell: (desk: Desk) => void, prepare: (house: House) => void = () => undefined): void {
  describe.skipIf(inject('chromium') === '')(name, () => {
    let house: House;
    let browser: Browser;
    beforeAll(async () => {
      house = await House.make();
      prepare(house);
      await house.setPassphrase();
      await house.start();
      browser = await launch();
    });
    afterAll(async () => {
      await browser?.close();
      await house?.remove();
    });
    tell({
      get house() {
        return house;
      },
      get browser() {
        return browser;
      },
      stranger: (options) => freshPage(browser, options),
      async signedIn(options) {
        const page = await freshPage(browser, options);
        await page.goto(await house.link());
        if (options?.javaScriptEnabled !== false) await page.waitForURL('**/requests');
        return page;
      },
    });
  });
}

/** A page is read before it is answered: nobody is faster than `channels.min_answer`. */
export const reading = (page: Page): Promise<void> => page.waitForTimeout(600);

/** Opens the request that waits. */
export async function openRequest(page: Page): Promise<void> {
  await page.locator('#waiting .request a').first().click();
  await page.getByRole('heading', { name: 'Your answer' }).waitFor();
  await reading(page);
}

/** Gives the passphrase and presses a button of the answer. */
export async function approve(page: Page, button: RegExp): Promise<void> {
  await reading(page);
  await page.getByLabel('Your passphrase').fill(PASSPHRASE);
  await page.getByRole('button', { name: button }).click();
  await page.getByText(/^Approved/).waitFor();
}

/** Fails with what went wrong in the page, if anything. */
export const untroubled = (page: { troubles: string[] }): void => expect(page.troubles).toEqual([]);
