// Claude Code: finds the guard by server/discover, and carries the whole approval as 2026-07-28 has it, nothing held open.
import { expect, test } from 'vitest';
import { describeClient } from '../describe.ts';
import { ASKING, formsShown, humanReads, isRefused, usesGrantOnce } from '../handoff.ts';
import { claudeCode } from '../programs/claude-code.ts';
import type { Session } from '../session.ts';

const FORM = /requests your input/;

async function asks({ model, screen }: Session): Promise<{ answer: Promise<string> }> {
  await isRefused(model);
  const answer = model.calls('request_elevation', ASKING);
  await screen.shows(FORM);
  await humanReads();
  return { answer };
}

describeClient(claudeCode, (start) => {
  test('discovers, is given the question as `input_required`, and draws it; an approval gives exactly one call', async () => {
    const session = await start();
    const { company, screen } = session;
    const { answer } = await asks(session);
    session.capture('form');
    await screen.keys('Right');
    const opened = await screen.shows(/Approve for 30 minutes, one use/);
    session.capture('form-open', opened);
    expect(opened).toContain('This will affect 23 records in customers');
    expect(opened).toMatch(/❯ ◯ Deny\n\s+◯ Approve once: exactly this call\n/);
    await screen.keys('Down', 'Enter');
    await screen.shows(/❯ Accept/);
    await screen.keys('Enter');
    expect(await answer).toContain('"status":"granted"');
    const methods = company.wire('in').map(({ method }) => method);
    expect(methods).toContain('server/discover');
    expect(methods).not.toContain('initialize');
    expect(formsShown(session)).toBe(1);
    await usesGrantOnce(session, 'form');
    session.capture('done');
  });

  test('its Decline button is a no, and the same is not asked again', async () => {
    const session = await start();
    const { answer } = await asks(session);
    await session.screen.keys('Down', 'Right', 'Enter');
    expect(await answer).toContain('"status":"denied"');
    expect(await session.model.calls('request_elevation', ASKING)).toContain('"status":"denied"');
    expect(formsShown(session)).toBe(1);
  });

  test('a terminal answers while the form is up: closing the form then brings the stored answer', async () => {
    const session = await start();
    const { answer } = await asks(session);
    const [waiting] = session.company.command('pending') as { request_id: string }[];
    expect(await session.company.approve(waiting?.request_id ?? '')).toContain('approved');
    session.capture('answered-elsewhere');
    await session.screen.keys('Escape');
    expect(await answer).toContain('"status":"granted"');
    await usesGrantOnce(session, 'terminal');
  });
});
