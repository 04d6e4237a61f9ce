// What every client's story is made of: the dormant customers, asking for them, and what must hold once a human said yes.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ScriptedModel } from './model.ts';
import { approveOnPage, openPage } from './page.ts';
import type { Session } from './session.ts';

/** The number that matters has to be typed: 23, as the guard counted. */
export const TYPED =
  '  - { id: the-number, why: the number matters, effect: ask, scope: write:database:customers, proof: typed, limits: { for: 30m } }';

/** Only the passphrase will do, which no form carries. */
export const PASSPHRASE = {
  passphrase: 'correct horse battery',
  rules:
    '  - { id: surely, why: be sure, effect: ask, scope: write:database:customers, proof: passphrase, limits: { for: 30m } }',
};

export const UPDATE = { sql: "UPDATE customers SET note = 'win-back' WHERE status = 'dormant'" };

export const ASKING = {
  justification: 'Mia wants the dormant customers marked for the win-back before Thursday.',
  calls: [{ tool: 'database__execute', arguments: UPDATE }],
  minutes: 30,
  uses: 1,
  claimed_records: 20,
};

/** Nobody reads a form and answers it in half a second: an answer that fast counts as the client's own. */
export const humanReads = () => sleep(2_000);

/** The request's id, out of whatever a client makes of a result. */
export function requestId(said: string): string {
  const id = /req_[\w-]{12}/.exec(said)?.[0];
  if (id === undefined) throw new Error(`no request id in: ${said}`);
  return id;
}

/** The agent goes on waiting for a request it asked before. */
export const waitsOn = (model: ScriptedModel, request_id: string) =>
  model.calls('request_elevation', { justification: '', request_id });

/** The call is refused, and the model reads how to ask. */
export async function isRefused(model: ScriptedModel): Promise<void> {
  const refused = await model.calls('database__execute', UPDATE);
  expect(refused).toContain('customer-writes');
  expect(refused).toContain('request_elevation');
}

/** The grant holds for the one call that was asked for, then it is spent; the audit names the channel and the agent. */
export async function usesGrantOnce({ model, company }: Session, channel: 'form' | 'terminal' | 'console'): Promise<void> {
  expect(await model.calls('database__execute', UPDATE)).toMatch(/records\W+23/);
  await isRefused(model);
  const events = await model.calls('audit_query', { action: 'write:database:customers', type: 'request.approved' });
  expect(events).toMatch(new RegExp(`channel\\W+${channel}`));
  expect(events).toContain('felix-prod');
  await model.says('Done.');
  expect(company.command('grants')).toEqual([]);
  const once = { 'request.created': 1, 'request.approved': 1, 'grant.issued': 1, 'grant.exhausted': 1, 'call.outcome': 1 };
  expect(company.audited()).toMatchObject(once);
}

/** How often a form was put to the client, in either era. */
export function formsShown({ company }: Pick<Session, 'company'>): number {
  const isForm = (result?: Record<string, unknown>) => result?.resultType === 'input_required';
  return company.wire('out').filter(({ method, result }) => method === 'elicitation/create' || isForm(result)).length;
}

/** The address of the page that the guard put to the client; fails when it did not. */
export function linkShown({ company }: Pick<Session, 'company'>): string {
  const shown = /http:\/\/localhost:\d+\/requests\/req_[\w-]{12}/.exec(JSON.stringify(company.wire('out')));
  return shown?.[0] ?? expect.fail(`no link was put to the client: ${company.log()}`);
}

/** The link leads to a page that says nothing before somebody signs in; the yes is given there. */
export async function answersOnPage(session: Session): Promise<void> {
  const url = linkShown(session);
  expect(session.company.opened()).toEqual([url]);
  expect(await openPage(url)).not.toContain('customers');
  expect(await approveOnPage(url, PASSPHRASE.passphrase)).toContain('UPDATE customers');
}

/** A client that shows no forms: `pending` before its limit, a terminal wakes the call that waits again, and nothing is asked twice. */
export async function fallsBackToTerminal(session: Session): Promise<void> {
  const { model, company } = session;
  await isRefused(model);
  const asked = performance.now();
  const pending = await model.calls('request_elevation', ASKING);
  expect((performance.now() - asked) / 1_000).toBeLessThan(60);
  const id = requestId(pending);
  expect(pending).toContain('pending');
  expect(pending).toContain(`perimeter approve ${id}`);
  session.capture('hello', JSON.stringify(company.wire('in')[0], null, 2));
  session.capture('pending', pending);
  const waiting = waitsOn(model, id);
  await sleep(1_000);
  expect(await company.approve(id)).toContain('approved');
  const approved = performance.now();
  expect(await waiting).toContain('granted');
  expect(performance.now() - approved).toBeLessThan(5_000);
  expect(formsShown(session)).toBe(0);
  await usesGrantOnce(session, 'terminal');
}
