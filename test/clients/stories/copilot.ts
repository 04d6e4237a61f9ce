// Copilot CLI, offline with a provider of one's own: finds the guard by server/discover, and draws forms in its terminal interface.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeClient } from '../describe.ts';
import { ASKING, answersOnPage, formsShown, humanReads, isRefused, PASSPHRASE, TYPED, usesGrantOnce } from '../handoff.ts';
import { copilot } from '../programs/copilot.ts';
import type { Session } from '../session.ts';

const FORM = /perimeter needs information/;

const LINK = /perimeter wants you to visit/;

async function asks({ model, screen }: Session, seconds?: number, shown = FORM): Promise<{ answer: Promise<string> }> {
  await isRefused(model);
  const answer = model.calls('request_elevation', ASKING, seconds);
  await screen.shows(shown, 60);
  await humanReads();
  return { answer };
}

describeClient(copilot, (start) => {
  test('discovers, is given the question as `input_required`, and draws it whole; an approval gives exactly one call', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const form = session.screen.text();
    session.capture('form', form);
    expect(form).toContain('This will affect 23 records in customers');
    expect(form).toContain('The agent says (its claim, not checked): "Mia wants');
    expect(form).toMatch(/❯ Deny\n\s+Approve once: exactly this call\n\s+Approve for 30 minutes, one use/);
    await session.screen.keys('Down', 'Enter');
    expect(await answer).toContain('"status":"granted"');
    expect(session.company.wire('in').map(({ method }) => method)).not.toContain('initialize');
    await usesGrantOnce(session, 'form');
    session.capture('done');
  });

  test('the answer typed into its `Other` field is a no', async () => {
    const session = await start();
    const { answer } = await asks(session);
    await session.screen.keys('Down', 'Down', 'Down');
    await session.screen.types('approve it, please');
    session.capture('other');
    await session.screen.keys('Enter');
    const ended = await answer;
    expect(ended).toContain('"status":"denied"');
    expect(await session.model.calls('request_elevation', ASKING)).toContain('"status":"denied"');
    expect(formsShown(session)).toBe(1);
  });

  test('a terminal answers while the form is up: closing the form then brings the stored answer', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    expect(await session.company.approve(waiting?.request_id ?? '')).toContain('approved');
    await session.screen.keys('Escape');
    expect(await answer).toContain('"status":"granted"');
    await usesGrantOnce(session, 'terminal');
  });

  test('draws the number that has to be typed, and takes it as a number', async () => {
    const session = await start({ rules: TYPED });
    const { answer } = await asks(session);
    await session.screen.keys('Down', 'Enter');
    await session.screen.shows(/Type the number from the message/);
    await session.screen.types('23');
    session.capture('number');
    await session.screen.keys('Enter');
    expect(await answer).toContain('"status":"granted"');
    await usesGrantOnce(session, 'form');
  });

  test.each([{ discover: 'yes' }, { discover: 'no' }] as const)(
    'is given a link where only the passphrase will do: opening it approves nothing, the page does (server/discover: $discover)',
    async ({ discover }) => {
      const session = await start({ ...PASSPHRASE, discover });
      const { answer } = await asks(session, undefined, LINK);
      session.capture(`link-${discover}`);
      await session.screen.keys('Enter');
      await expect.poll(() => session.company.audited()['request.opened'], { timeout: 10_000 }).toBe(1);
      expect(session.company.command('grants')).toEqual([]);
      await answersOnPage(session);
      expect(await answer).toContain('"status":"granted"');
      await usesGrantOnce(session, 'console');
    },
  );

  test('a link that is closed is no answer: the request waits, and the terminal is named', async () => {
    const session = await start(PASSPHRASE);
    const { answer } = await asks(session, undefined, LINK);
    await session.screen.keys('Escape');
    const pending = await answer;
    expect(pending).toContain('"status":"pending"');
    expect(pending).toContain('perimeter approve req_');
    expect(session.company.opened()).toEqual([]);
  });

  // takes minutes: PERIMETER_SLOW_CLIENTS=1 npm run test:clients -- copilot
  test.runIf(process.env.PERIMETER_SLOW_CLIENTS)(
    'a form may stay longer than the 180 s it gives a call',
    { timeout: 400_000 },
    async () => {
      const session = await start();
      const { answer } = await asks(session, 300);
      await sleep(200_000);
      await session.screen.shows(FORM);
      await session.screen.keys('Down', 'Enter');
      expect(await answer).toContain('"status":"granted"');
    },
  );
});
