// What a request would do and why it was asked, drawn from what the guard computed; the agent's own words come last, and marked.
import { type Asking, amount, atLeast, impactSentence, isGuess, promise, unit } from '../message.ts';
import type { RequestRecord } from '../ports.ts';
import { shownCall } from '../shown-call.ts';
import type { Console } from './context.ts';
import { type Content, html, said } from './html.ts';
import { risk } from './parts.ts';

const MAX_CALL = 4_000;
const MAX_QUOTE = 2_000;

/** "This will affect 23 records in customers (counted now…)." */
export const impactPart = ({ impact, scope }: RequestRecord): Content =>
  impact.measured === null && scope.every((one) => /^(?:read|list|search):/.test(one))
    ? 'It only reads.'
    : impactSentence(impact);

/** The same where there is room for it: the number first, then how sure it is, and what the agent made of it. */
export function impactLead(request: RequestRecord): Content {
  const { impact } = request;
  if (impact.measured === null) return html`<p class="lead">${impactPart(request)}</p>`;
  return html`<p class="lead">This will affect <strong>${atLeast(impact)}${amount(impact, impact.measured)}</strong>.</p>
<p class="small">${isGuess(impact) ? "The guard can't measure this tool, so this is a guess: " : ''}${promise(impact)}.</p>
${impact.claimed !== null && impact.claimed !== impact.measured ? html`<p class="note bad">The agent claimed ${impact.claimed}; the guard counted ${impact.measured}.</p>` : ''}`;
}

/** Numbers by place, how sure they are, the calls, a few examples, where it goes. */
export function whatHappens({ perimeter }: Console, request: RequestRecord): Content {
  const asking = perimeter.elevations.asking(request.request_id);
  return html`<h2>What will happen</h2>
${numbers(request)}
${asking ? calls(asking) : html`<pre class="wrap">${request.message.split('\n').map((line) => `${said(line, 2_000)}\n`)}</pre>`}
${asking && (asking.samples ?? []).length > 0 ? html`<h3>For example</h3><ul class="samples">${(asking.samples ?? []).map((one) => html`<li>${said(one, 300)}</li>`)}</ul><p class="small">Personal data and secrets are masked.</p>` : ''}
${
  asking && asking.outside.length > 0
    ? html`<p class="note bad"><strong>Leaves your own domains</strong>, to ${asking.outside
        .slice(0, 8)
        .map((one) => said(one))
        .join(', ')}${asking.outside.length > 8 ? ` and ${asking.outside.length - 8} more` : ''}.</p>`
    : ''
}`;
}

function numbers({ impact }: RequestRecord): Content {
  const places = Object.entries(impact.per_resource).slice(0, 20);
  // one place stands in the first line already
  if (impact.measured === null || places.length < 2) return '';
  return html`<table class="numbers"><caption>By place</caption>
<thead><tr><th scope="col">Where</th><th scope="col">How many</th></tr></thead>
<tbody>${places.map(([name, count]) => html`<tr><th scope="row">${said(name)}</th><td>${count} ${unit(impact.unit, count)}</td></tr>`)}</tbody></table>`;
}

const calls = (asking: Asking): Content =>
  asking.calls.length === 0
    ? html`<p>Any call within what is asked; the agent named none.</p>`
    : html`<h3>${asking.calls.length === 1 ? 'The call' : `The ${asking.calls.length} calls`}</h3>
<ol class="calls">${asking.calls.map(
        (call) =>
          html`<li><strong>${said(call.tool)}</strong><pre class="wrap"><code>${shownCall(call.arguments, MAX_CALL)}</code></pre></li>`,
      )}</ol>`;

/** The rules that asked, the risk and its factors. */
export function why({ perimeter }: Console, request: RequestRecord): Content {
  const asking = perimeter.elevations.asking(request.request_id);
  const rules = request.rules.map((id) => {
    const rule = perimeter.policies.current.rules.find((one) => one.id === id);
    const reason = rule?.why ?? RESERVED[id] ?? 'a rule that is no longer there';
    return html`<li><strong>${said(id)}</strong>: ${said(reason, 500)}${rule?.where === undefined ? '' : html` <code class="small">${said(rule.where, 300)}</code>`}</li>`;
  });
  return html`<h2>Why you are asked</h2>
<ul class="rules">${rules}</ul>
${asking ? factors(asking) : ''}`;
}

/** Rules that stand in no file. */
const RESERVED: Record<string, string> = {
  default: 'no rule covers this, so a person decides',
  risk: 'the risk is high enough that a person decides',
};

function factors({ risk: found }: Asking): Content {
  if (found.factors.length === 0) return html`<p>${risk(found.level)}: nothing unusual was found.</p>`;
  return html`<table class="numbers"><caption>${risk(found.level)}, ${found.score} points from these factors</caption>
<thead><tr><th scope="col">Factor</th><th scope="col">Points</th></tr></thead>
<tbody>${found.factors.map(({ name, points }) => html`<tr><th scope="row">${said(name.replaceAll('_', ' '))}</th><td>+${points}</td></tr>`)}</tbody></table>`;
}

/** What the agent says for itself, marked as such. */
export function claim({ perimeter }: Console, { request_id }: RequestRecord): Content {
  const asking = perimeter.elevations.asking(request_id);
  return asking ? words(asking) : '';
}

const words = ({ justification }: Asking): Content =>
  justification.trim() === ''
    ? html`<h2>What the agent says</h2><p>It gave no reason.</p>`
    : html`<h2>What the agent says</h2>
<p class="claim-mark">Its claim, not checked:</p>
<blockquote class="claim">${said(justification, MAX_QUOTE)}</blockquote>`;
