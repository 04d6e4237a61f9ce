// Codex: a form in its terminal interface, answered by keys.
import { expect, test } from 'vitest';
import { describeClient } from '../describe.ts';
import {
  ASKING,
  formsShown,
  humanReads,
  isRefused,
  linkShown,
  PASSPHRASE,
  requestId,
  TYPED,
  usesGrantOnce,
  waitsOn,
} from '../handoff.ts';
import { codex } from '../programs/codex.ts';
import type { Session } from '../session.ts';

const FORM = /Field 1\/1/;

/** Resolves once the form is on the screen, with the call that waits for its answer. */
async function asks({ model, screen }: Session): Promise<{ answer: Promise<string> }> {
  await isRefused(model);
  const answer = model.calls('request_elevation', ASKING);
  await screen.shows(FORM);
  return { answer };
}

describeClient(codex, (start) => {
  test('draws the whole form with Deny first, and an approval by keys gives exactly one call', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const form = session.screen.text();
    session.capture('form', form);
    expect(form).toContain('This will affect 23 records in customers');
    expect(form).toContain('The agent claimed 20.');
    expect(form).toMatch(/› 1\. Deny\n\s+2\. Approve once: exactly this call\n\s+3\. Approve for 30 minutes, one use/);
    await humanReads();
    await session.screen.keys('Down', 'Enter');
    expect(await answer).toContain('"status":"granted"');
    await usesGrantOnce(session, 'form');
    session.capture('done');
  });

  test('a denial by keys is heard, and the same is not asked again', async () => {
    const session = await start();
    const { answer } = await asks(session);
    await humanReads();
    await session.screen.keys('Enter');
    expect(await answer).toContain('"status":"denied"');
    expect(await session.model.calls('request_elevation', ASKING)).toContain('"status":"denied"');
    expect(formsShown(session)).toBe(1);
    session.capture('denied');
  });

  test('Escape is a no', async () => {
    const session = await start();
    const { answer } = await asks(session);
    await humanReads();
    await session.screen.keys('Escape');
    expect(await answer).toContain('"status":"denied"');
  });

  test('a terminal answers while the form is up: the call wakes; closing the form that stays takes nothing away, and is on record', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    session.capture('approve-in-terminal', await session.company.approve(waiting?.request_id ?? ''));
    expect(await answer).toContain('"status":"granted"');
    // this client leaves a form up that was taken back, and would send nothing of what is said in it
    expect(session.company.wire('out').filter(({ method }) => method === 'notifications/cancelled')).toEqual([]);
    session.capture('taken-back');
    await session.screen.keys('Escape');
    await session.screen.hides(FORM);
    await expect.poll(() => session.company.audited()['request.late'], { timeout: 10_000 }).toBe(1);
    await usesGrantOnce(session, 'terminal');
  });

  test('a no in the form that stays up after a yes in a terminal ends what was given', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    await session.company.approve(waiting?.request_id ?? '');
    expect(await answer).toContain('"status":"granted"');
    await session.screen.keys('Enter');
    await session.screen.hides(FORM);
    await expect.poll(() => session.company.audited()['grant.revoked'], { timeout: 10_000 }).toBe(1);
    expect(session.company.command('grants')).toEqual([]);
  });

  test.each([
    ['the passphrase', PASSPHRASE],
    ['a number, which it does not draw', { rules: TYPED }],
  ])(
    'declines a link by itself where only %s will do: the terminal is named at once, and it gets no other link',
    async (_proof, special) => {
      const session = await start(special);
      await isRefused(session.model);
      const pending = session.model.calls('request_elevation', ASKING);
      await expect.poll(() => session.company.audited()['request.unanswered'], { timeout: 30_000 }).toBe(1);
      expect(linkShown(session)).toContain('/requests/req_');
      expect(session.company.audited()['request.offered']).toBe(1);
      session.capture('link-unseen');
      expect(await pending).toContain('perimeter approve req_');
      const links = session.company.wire('out').filter(({ method }) => method === 'elicitation/create');
      expect(links).toHaveLength(1);
      expect(session.company.command('grants')).toEqual([]);
    },
  );

  test('nobody answers: `pending` before 60 s; a late answer lands on the stored request, which is asked once', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const asked = performance.now();
    const pending = await answer;
    expect((performance.now() - asked) / 1_000).toBeLessThan(60);
    expect(pending).toContain('"status":"pending"');
    session.capture('pending');
    const waiting = waitsOn(session.model, requestId(pending));
    session.capture('waiting-again');
    await session.screen.keys('Down', 'Enter');
    expect(await waiting).toContain('"status":"granted"');
    expect(formsShown(session)).toBe(1);
    await usesGrantOnce(session, 'form');
  });
});
