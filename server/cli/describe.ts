// Requests and permissions as a human reads them in a terminal: who, what, how much is left. Nothing in them can act on the screen.
import { formatDuration } from '../../policies/durations.ts';
import { visible } from '../../policies/values/visible.ts';
import { shellWord } from '../channels/terminal.ts';
import { epoch } from '../clock.ts';
import { wrapped } from '../wrapped.ts';
import { paint } from './output.ts';

export type Request = {
  request_id: string;
  shown: string;
  message: string;
  impact: { measured: number | null };
  created_at: string;
  expires_at: string;
  proof: string;
  state: string;
  reason?: string;
  agent: string;
  calls: number;
  minutes: number;
  budget: Record<string, number>;
  scope: string[];
  approvals: number;
  approved_by: { approver: string }[];
};
export type Grant = {
  grant_id: string;
  state: string;
  scope: string[];
  expires_at: string;
  remaining: Record<string, number>;
  exact: boolean;
};

const MAX_LINE = 2_000;
const PROOFS: Record<string, string> = { typed: 'you type the number that matters', passphrase: 'you give your passphrase' };

/** One waiting request, and the two commands that answer it. `config` is how the command line named mcp.json; `width` the terminal's. */
export function describeRequest(request: Request, now: number, config: string, width: number | undefined): string {
  const { request_id, created_at, expires_at, proof } = request;
  const notes = [PROOFS[proof], peopleLeft(request)].filter((note) => note !== undefined);
  return [
    `${paint.bold(request_id)}  ${paint.dim(`asked ${ago(created_at, now)}, ${left(expires_at, now)} left to answer`)}`,
    ...request.message.split('\n').map((line) => wrapped(visible(line, MAX_LINE), width, 2)),
    ...notes.map((note) => paint.yellow(`  To approve: ${note}.`)),
    '',
    `  yes   ${paint.green(commandFor('approve', request_id, config))}`,
    `  no    ${paint.red(commandFor('deny', request_id, config))}`,
  ].join('\n');
}

/** The command that answers a request, for the shell it was asked in. */
export function commandFor(verb: 'approve' | 'deny', id: string, config: string): string {
  return `perimeter ${verb} ${id}${config === './mcp.json' ? '' : ` --config ${shellWord(config)}`}`;
}

/** Who said yes already, where more than one person must. */
export function peopleLeft({ approvals, approved_by }: Pick<Request, 'approvals' | 'approved_by'>): string | undefined {
  if (approvals <= 1) return undefined;
  const names = approved_by.map(({ approver }) => visible(approver, 128)).join(', ');
  return names === ''
    ? `${approvals} different people say yes`
    : `${names} said yes, ${approvals - approved_by.length} of ${approvals} people still to come`;
}

/** What one permission still gives. */
export function describeGrant(grant: Grant, now: number): string {
  const { uses = 0, ...counts } = grant.remaining;
  const given = [
    `${uses} use${uses === 1 ? '' : 's'}`,
    ...Object.entries(counts).map(([name, count]) => `${count} ${name}`),
  ].join(', ');
  const open = grant.state === 'active';
  const rest = open ? `${given} left, ends in ${left(grant.expires_at, now)}` : `${grant.state}, ${given} were left`;
  return [
    `${paint.bold(grant.grant_id)}  ${open ? paint.green(rest) : paint.dim(rest)}`,
    ...grant.scope.map((scope) => `  ${visible(scope, 200)}`),
    ...(grant.exact ? [paint.dim('  only exactly the calls that were shown')] : []),
    ...(open ? [paint.dim(`  perimeter revoke ${grant.grant_id}`)] : []),
  ].join('\n');
}

const MINUTE_MS = 60_000;

function left(until: string, now: number): string {
  const rest = epoch(until) - now;
  return rest < MINUTE_MS ? 'less than a minute' : formatDuration(Math.ceil(rest / MINUTE_MS) * MINUTE_MS);
}

function ago(at: string, now: number): string {
  const past = now - epoch(at);
  return past < MINUTE_MS ? 'just now' : `${formatDuration(Math.floor(past / MINUTE_MS) * MINUTE_MS)} ago`;
}
