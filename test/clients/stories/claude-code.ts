// Claude Code: finds the guard by server/discover and carries the whole approval as 2026-07-28 has it, nothing held open; and the way before it.
import { describe, expect, test } from 'vitest';
import type { Special } from '../company.ts';
import { describeClient } from '../describe.ts';
import { ASKING, answersOnPage, formsShown, humanReads, isRefused, PASSPHRASE, TYPED, usesGrantOnce } from '../handoff.ts';
import { claudeCode } from '../programs/claude-code.ts';
import type { Session } from '../session.ts';

const FORM = /requests your input/;
const LINK = /wants to open a URL/;

async function asks({ model, screen }: Session, shown = FORM): Promise<{ answer: Promise<string> }> {
  await isRefused(model);
  const answer = model.calls('request_elevation', ASKING);
  await screen.shows(shown, 60);
  await humanReads();
  return { answer };
}

/** Opens the choice, takes the second, and stands on what comes after it. */
async function approvesOnce({ screen }: Session): Promise<void> {
  await screen.keys('Right');
  await screen.shows(/Approve for 30 minutes, one use/);
  await screen.keys('Down', 'Enter');
}

const ERAS = [
  { era: '2026-07-28', discover: 'yes', opening: 'server/discover' },
  { era: '2025-11-25', discover: 'no', opening: 'initialize' },
] as const;

describeClient(claudeCode, (start) => {
  describe.each(ERAS)('$era', ({ era, discover, opening }) => {
    const begin = (special: Special = {}) => start({ ...special, discover });

    test('is given the question, and draws it; an approval gives exactly one call', async () => {
      const session = await begin();
      const { company, screen } = session;
      const { answer } = await asks(session);
      session.capture(`form-${era}`);
      await screen.keys('Right');
      const opened = await screen.shows(/Approve for 30 minutes, one use/);
      session.capture(`form-open-${era}`, opened);
      expect(opened).toContain('This will affect 23 records in customers');
      expect(opened).toMatch(/❯ ◯ Deny\n\s+◯ Approve once: exactly this call\n/);
      await screen.keys('Down', 'Enter');
      await screen.shows(/❯ Accept/);
      await screen.keys('Enter');
      expect(await answer).toContain('"status":"granted"');
      const methods = company.wire('in').map(({ method }) => method);
      expect(methods).toContain(opening);
      expect(methods.includes('initialize')).toBe(opening === 'initialize');
      expect(formsShown(session)).toBe(1);
      await usesGrantOnce(session, 'form');
    });

    test('its Decline button is a no, and the same is not asked again', async () => {
      const session = await begin();
      const { answer } = await asks(session);
      await session.screen.keys('Down', 'Right', 'Enter');
      expect(await answer).toContain('"status":"denied"');
      expect(await session.model.calls('request_elevation', ASKING)).toContain('"status":"denied"');
      expect(formsShown(session)).toBe(1);
    });

    test('draws the number that has to be typed, and takes it as a number', async () => {
      const session = await begin({ rules: TYPED });
      const { screen } = session;
      const { answer } = await asks(session);
      await approvesOnce(session);
      await screen.shows(/❯ \* Number: Type something/);
      await screen.types('23');
      session.capture(`number-${era}`);
      await screen.keys('Enter', 'Enter');
      expect(await answer).toContain('"status":"granted"');
      await usesGrantOnce(session, 'form');
    });

    test('is given a link where only the passphrase will do: opening it approves nothing, the page does', async () => {
      const session = await begin(PASSPHRASE);
      const { screen } = session;
      const { answer } = await asks(session, LINK);
      session.capture(`link-${era}`);
      await screen.keys('Enter');
      session.capture(`link-opened-${era}`, await screen.shows(/waiting for completion|Open again/));
      expect(session.company.command('grants')).toEqual([]);
      await answersOnPage(session);
      // the older way tells it that this is over; in the newer one a person says that they are done
      if (discover === 'yes') await screen.keys('Enter');
      expect(await answer).toContain('"status":"granted"');
      await screen.hides(LINK);
      await usesGrantOnce(session, 'console');
    });

    test('its Decline of a link is a no', async () => {
      const session = await begin(PASSPHRASE);
      const { answer } = await asks(session, LINK);
      await session.screen.keys(...(discover === 'yes' ? ['Right'] : []), 'Right', 'Enter');
      expect(await answer).toContain('"status":"denied"');
      expect(session.company.opened()).toEqual([]);
    });
  });

  test('a terminal answers while the form is up: closing the form then brings the stored answer', async () => {
    const session = await start({ discover: 'yes' });
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    expect(await session.company.approve(waiting?.request_id ?? '')).toContain('approved');
    session.capture('answered-elsewhere');
    await session.screen.keys('Escape');
    expect(await answer).toContain('"status":"granted"');
    await usesGrantOnce(session, 'terminal');
  });

  test('a terminal answers while a form of the older way is up: it is taken back, and the call wakes', async () => {
    const session = await start({ discover: 'no' });
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    expect(await session.company.approve(waiting?.request_id ?? '')).toContain('approved');
    expect(await answer).toContain('"status":"granted"');
    session.capture('taken-back');
    await usesGrantOnce(session, 'terminal');
  });
});
