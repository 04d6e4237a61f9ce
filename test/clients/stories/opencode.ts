// opencode: shows no forms, and cuts a call that stays silent for 60 s.
import { test } from 'vitest';
import { describeClient } from '../describe.ts';
import { fallsBackToTerminal } from '../handoff.ts';
import { opencode } from '../programs/opencode.ts';

describeClient(opencode, (start) => {
  test('without forms: `pending` in time, `perimeter approve` wakes the waiting call, then one call goes through', async () => {
    const session = await start();
    await fallsBackToTerminal(session);
    session.capture('done');
  });
});
