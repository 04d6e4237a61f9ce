// Gemini CLI: shows no forms.
import { test } from 'vitest';
import { describeClient } from '../describe.ts';
import { fallsBackToTerminal } from '../handoff.ts';
import { gemini } from '../programs/gemini.ts';

describeClient(gemini, (start) => {
  test('without forms: `pending` in time, `perimeter approve` wakes the waiting call, then one call goes through', async () => {
    const session = await start();
    await fallsBackToTerminal(session);
    session.capture('done');
  });
});
