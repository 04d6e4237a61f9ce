// Whether the record is intact: what was signed last, the check of every record, and what it found.
import type { AuditEvent } from '../ports.ts';
import type { Session } from './access.ts';
import type { Check } from './activity-verify.ts';
import type { Console } from './context.ts';
import { type Content, counted, html, said } from './html.ts';
import { csrf } from './layout.ts';
import { note } from './parts.ts';

/** What is known of the log as a whole. */
export type Record = {
  seq: number;
  /** The newest signed checkpoint: after so many records, at that time in milliseconds. Unknown while nothing was counted. */
  signed?: { size: number; time: number } | undefined;
  check: Check | undefined;
  /** The last check that was recorded, by this guard or one before it. */
  verified?: AuditEvent | undefined;
};

const SHOWN = 20;

export const isRunning = (check: Check | undefined): boolean => check !== undefined && check.ended === undefined;

export function recordPart({ perimeter }: Console, session: Session, record: Record): Content {
  const { audit, config } = perimeter;
  const when = (at: number) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: config.timezone, dateStyle: 'medium', timeStyle: 'medium' }).format(at);
  const running = isRunning(record.check);
  return html`<h2>Is the record intact?</h2>
${audit.failed ? note('bad', html`<p><strong>Nothing can be recorded, so nothing is forwarded.</strong> ${said(audit.failed.message, 500)}. Free the disk or bring it back, then start the guard again.</p>`) : ''}
${audit.copyProblem === undefined ? '' : note('bad', html`<p>The second place for checkpoints is behind: ${said(audit.copyProblem, 500)}.</p>`)}
<p>${counted(record.seq, 'record')}, each chained to the one before it. ${
    record.signed === undefined
      ? 'No checkpoint is signed yet; one is within a minute of the next event.'
      : html`The last checkpoint, signed on ${when(record.signed.time)}, vouches for ${record.signed.size === 1 ? 'the first of them' : `the first ${record.signed.size} of them`}.`
  }</p>
${outcome(record, when)}
<form method="post" action="/activity/verify">${csrf(session)}<button class="quiet"${running ? html` disabled` : ''}>${running ? 'Checking…' : 'Check every record now'}</button></form>`;
}

function outcome({ check, verified }: Record, when: (at: number) => string): Content {
  if (check && check.ended === undefined) {
    return html`<p role="status"><label for="checked">Checking, while calls go on:</label> ${check.done} of ${check.of} records</p>
<progress id="checked" max="${check.of}" value="${Math.min(check.done, check.of)}">${check.done} of ${check.of}</progress>`;
  }
  if (check?.verdict && check.ended !== undefined) return verdict(check.verdict, when(Date.parse(check.ended)));
  if (!verified)
    return html`<p>Nobody has had every record checked here yet. It takes some seconds for a million, and changes nothing.</p>`;
  const at = when(Date.parse(verified.timestamp));
  const link = html`<a href="/activity/${encodeURIComponent(verified.id)}">${at}</a>`;
  const count = typeof verified.count === 'number' ? counted(verified.count, 'record') : 'the records';
  if (verified.outcome === 'intact') return note('good', html`<p>✓ Intact when ${count} were checked on ${link}.</p>`);
  if (verified.outcome === 'tampered')
    return note('bad', html`<p><strong>✕ Tampered with</strong>, as ${link} found. Check again to see which records.</p>`);
  return note('plain', html`<p>– Could not be checked on ${link}. Check again.</p>`);
}

function verdict(found: NonNullable<Check['verdict']>, at: string): Content {
  const { code, events, problems, first_bad, unknown_outcomes, torn_tail, retired, warnings } = found;
  const head =
    code === 0
      ? note(
          'good',
          html`<p><strong>✓ Intact</strong>: ${counted(events, 'record')}, every one in its place, checked on ${at}.</p>`,
        )
      : code === 1
        ? note(
            'bad',
            html`<p><strong>✕ Tampered with</strong>${first_bad === undefined ? '' : `, first at record ${first_bad}`} (checked on ${at}). Keep a copy of the audit folder as it is before you do anything else.</p>`,
          )
        : note('bad', html`<p><strong>– Could not be checked</strong> on ${at}.</p>`);
  return html`${head}
${problems.length === 0 ? '' : html`<ul>${problems.slice(0, SHOWN).map((one) => html`<li>${said(one.segment, 100)}, line ${one.line}: ${said(one.problem, 500)}</li>`)}</ul>${rest(problems.length)}`}
${unknown_outcomes.length === 0 ? '' : html`<details id="unknown-ends"><summary>${counted(unknown_outcomes.length, 'call')} whose end nobody recorded</summary><ul>${unknown_outcomes.slice(0, SHOWN).map((id) => html`<li><a href="/activity/${encodeURIComponent(id)}">${said(id, 100)}</a></li>`)}</ul>${rest(unknown_outcomes.length)}</details>`}
${retired === undefined ? '' : html`<p class="small">Records 1 to ${retired} were deleted because their time was over; signed notes stand for them.</p>`}
${torn_tail === undefined ? '' : html`<p class="small">A record was just being written (${torn_tail} bytes).</p>`}
${warnings.map((one) => html`<p class="small">Note: ${said(one, 500)}</p>`)}`;
}

const rest = (count: number): Content =>
  count > SHOWN
    ? html`<p class="small">and ${count - SHOWN} more: <code>perimeter audit verify --json</code> names them all</p>`
    : '';
