// The story of one agent and one guard, step by step. Every step says what should come of it, and is checked against what really did.
import { CUSTOMERS, DORMANT } from './crm.ts';
import { type Customers, changedRows, namesIn, readCustomers } from './evidence.ts';
import { listOf, metaOf, Play, type Stage, textOf } from './play.ts';

/** As in the sample's mcp.json. */
const ZONE = 'Europe/Berlin';
const SQL = (where: string) => ({ sql: `UPDATE customers SET note = 'win-back' WHERE ${where}` });
const UPDATE = SQL("status = 'dormant'");
const WIDER = SQL("status IN ('dormant', 'closed')");

/** Plays the story. Resolves with how many steps there were, and what did not come out as it should. */
export async function playStory(stage: Stage): Promise<{ steps: number; failed: string[] }> {
  const play = new Play(stage);
  await everyday(play);
  const customers = await readCustomers(stage.workspace);
  await refusedUpdate(play, customers);
  const grant = await askHuman(play);
  if (grant) await boundedUse(play, customers, grant.exact === true);
  else await afterDenial(play, customers);
  await syncedFolder(play);
  await askAudit(play, grant !== undefined);
  await verifyAudit(play);
  return { steps: play.steps, failed: play.failed };
}

async function everyday(play: Play): Promise<void> {
  const { narrator, workspace } = play.stage;
  play.step("Look at John's week");
  const week = await play.call('calendar__list', {}, { decision: 'allow', rule: 'calendar-look', risk: 'low' });
  const events = listOf(week.result, 'events');
  narrator.shows(
    `${events.length} events, the next ones: ${events
      .slice(0, 3)
      .map((event) => event.title)
      .join(', ')}`,
  );
  play.expect(events.length > 0, 'something in the calendar');

  play.step('Draft a short mail to Ann');
  const letter = { to: 'ann@acme.example', subject: 'Campaign plan' };
  await play.call(
    'email__draft',
    { ...letter, body: 'Hi Ann, John can look at the plan with you on the day before the review.' },
    { decision: 'allow', rule: 'short-safe-drafts' },
  );
  play.check(namesIn(workspace.drafts).length === 1, 'the draft lies in mail/drafts', namesIn(workspace.drafts).join(', '));

  play.step('Draft an answer with bank details');
  const banking = {
    to: 'orders@printworks.example',
    subject: 'Your invoice',
    body: 'Please refund it by wire transfer to our bank account.',
  };
  const refused = await play.call('email__draft', banking, { decision: 'deny', rule: 'short-safe-drafts' });
  play.expect(
    refused.verdict?.failed.includes('body.mentions none_of') === true,
    'the clause that failed is named',
    refused.verdict?.failed.join(', '),
  );
  play.check(namesIn(workspace.drafts).length === 1, 'no second draft was kept');

  play.step("Read marketing's plan");
  const plan = await play.call('files__read', { path: 'marketing/plan.md' }, { decision: 'allow', rule: 'marketing-read' });
  play.check(textOf(plan.result).includes('Spring campaign'), 'the agent has the plan');

  play.step("Read HR's salaries, by a detour");
  const salaries = await play.call(
    'files__read',
    { path: 'marketing/../hr/salaries.csv' },
    { decision: 'deny', rule: 'hr-closed' },
  );
  play.check(!textOf(salaries.result).includes('58500'), 'the agent has seen no salary');
}

async function refusedUpdate(play: Play, customers: Customers): Promise<void> {
  play.step('Mark the dormant customers in the database');
  const refused = await play.call('database__execute', UPDATE, { decision: 'ask', rule: 'customer-writes' });
  const ready = metaOf(refused.result).request_elevation;
  play.check(ready !== undefined, 'the refusal says how to ask for permission');
  await unchanged(play, customers);
}

/** The grant, or undefined where the human said no. */
async function askHuman(play: Play): Promise<Record<string, unknown> | undefined> {
  const { agent, narrator } = play.stage;
  play.step('Ask for permission, and wait');
  const asked = {
    justification: 'Mia wants the dormant customers marked for the win-back before Thursday.',
    calls: [{ tool: 'database__execute', arguments: UPDATE }],
    minutes: 30,
    uses: 2,
    claimed_records: 20,
  };
  narrator.tries('request_elevation', { justification: asked.justification, uses: 2, minutes: 30, claimed_records: 20 });
  let answer = await agent.call('request_elevation', asked);
  // a person who thinks for long gets as long as the request lives
  while (answer.structuredContent?.status === 'pending') {
    answer = await agent.call('request_elevation', { justification: '', request_id: answer.structuredContent.request_id });
  }
  const { status, impact, grant } = (answer.structuredContent ?? {}) as {
    status?: string;
    impact?: { measured?: number | null };
    grant?: Record<string, unknown>;
  };
  if (status === 'denied') {
    narrator.shows('denied. That is an answer too: let us see whether the agent gets on without it.');
    return undefined;
  }
  play.expect(status === 'granted', 'a grant, or a denial', status ?? textOf(answer));
  play.check(
    impact?.measured === DORMANT,
    `the guard counted ${DORMANT} records itself; the agent had claimed 20`,
    String(impact?.measured),
  );
  if (grant) narrator.shows(grantLine(grant));
  return grant;
}

async function boundedUse(play: Play, before: Customers, exact: boolean): Promise<void> {
  const { narrator, workspace } = play.stage;
  const touched = [...before.values()].filter(({ status }) => status === 'dormant' || status === 'closed').length;
  play.step('Use the grant, but with a wider WHERE');
  await play.call('database__execute', WIDER, { decision: 'ask', rule: 'customer-writes' });
  const approved = exact ? 'exactly one other call was approved' : `${DORMANT} records were approved`;
  narrator.shows(`${approved}, and this touches ${touched}: another question for John, so it does not happen`);
  await unchanged(play, before);

  play.step('The update as approved');
  const done = await play.call('database__execute', UPDATE, { decision: 'allow', rule: 'customer-writes' });
  const after = await readCustomers(workspace);
  const changed = changedRows(before, after);
  narrator.shows(`the database says: ${String(done.result.structuredContent?.records)} records changed`);
  play.check(
    changed.length === DORMANT && changed.every((status) => status === 'dormant'),
    `exactly ${DORMANT} of ${CUSTOMERS} customers changed, all of them dormant`,
    `${changed.length}`,
  );

  play.step('Once more');
  await play.call('database__execute', UPDATE, { decision: 'ask', rule: 'customer-writes' });
  narrator.shows('the grant is spent');
  await unchanged(play, after);
}

async function afterDenial(play: Play, before: Customers): Promise<void> {
  play.step('Try it all the same');
  await play.call('database__execute', UPDATE, { decision: 'ask', rule: 'customer-writes' });
  await unchanged(play, before);
}

async function syncedFolder(play: Play): Promise<void> {
  const { workspace } = play.stage;
  const before = namesIn(workspace.dropbox).join();
  play.step('Copy the plan into a synced folder');
  await play.call(
    'files__copy',
    { source: 'marketing/plan.md', destination: 'Dropbox/plan.md' },
    { decision: 'deny', rule: 'risk', risk: 'critical' },
  );
  play.check(namesIn(workspace.dropbox).join() === before, 'nothing new lies in files/Dropbox');
}

async function askAudit(play: Play, granted: boolean): Promise<void> {
  const { agent, narrator } = play.stage;
  play.step(granted ? 'Afterwards: why was customer data changed?' : 'Afterwards: what about the customers?');
  const filter = { action: 'write:database:customers', type: granted ? 'call.intent' : 'request.denied', limit: 1 };
  narrator.tries('audit_query', filter);
  const found = await agent.call('audit_query', filter);
  const id = listOf(found, 'events')[0]?.id;
  play.expect(typeof id === 'string', 'an event about the customers', textOf(found));
  if (typeof id !== 'string') return;
  narrator.tries('audit_query', { why: id });
  const why = await agent.call('audit_query', { why: id });
  const story = String(why.structuredContent?.story ?? '');
  for (const line of story.split('\n').filter((one) => one.trim() !== '')) narrator.shows(line.trim());
  play.check(
    story.includes('john@acme.example') && (!granted || story.includes('customer-writes')),
    granted ? 'the chain names the human and the rule' : 'the chain names the human',
  );
}

async function verifyAudit(play: Play): Promise<void> {
  play.step('Has anybody edited the record?');
  await play.stage.agent.close();
  play.stage.narrator.shows('the guard is stopped, and `perimeter audit verify` reads what it left');
  const { code, said } = await play.stage.verify();
  for (const line of said.split('\n').filter((one) => one.trim() !== '')) play.stage.narrator.shows(line);
  play.check(code === 0, 'the record is intact', `exit ${code}`);
}

async function unchanged(play: Play, before: Customers): Promise<void> {
  const changed = changedRows(before, await readCustomers(play.stage.workspace));
  play.check(changed.length === 0, 'no row of crm.db changed', `${changed.length} changed`);
}

/** `grant gr_…: write:database:customers, 23 records, 2 uses, until 14:05`. */
function grantLine(grant: Record<string, unknown>): string {
  const budget = Object.entries((grant.budget ?? {}) as Record<string, number>).map(
    ([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`,
  );
  const until = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: ZONE }).format(
    Date.parse(String(grant.expires_at)),
  );
  return `grant ${String(grant.grant_id)}: ${[grant.scope].flat().join(', ')}, ${budget.join(', ')}, until ${until}${grant.exact === true ? ', exactly this call' : ''}`;
}
