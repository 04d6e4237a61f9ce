// The rules, to look at: what each says in plain words, where it stands, how often it mattered, and what lint makes of it.
import { lintPolicy } from '../../policies/lint.ts';
import type { Problem } from '../../policies/source.ts';
import type { Effect, Policy, Rule } from '../../policies/types.ts';
import { describeRunning } from '../bindings.ts';
import { iso } from '../clock.ts';
import type { Perimeter } from '../perimeter.ts';
import type { RuleStats } from '../ports.ts';
import type { Session } from './access.ts';
import type { Counted } from './activity-counts.ts';
import { decided } from './activity-rows.ts';
import type { Console } from './context.ts';
import { type Content, counted, type Html, html, said } from './html.ts';
import { page } from './layout.ts';
import { empty, fact, found, note, ticked } from './parts.ts';
import { clauseWords, limitWords, PROOF_WORDS, STRENGTH_WORDS, whileWords, whoWords } from './rule-words.ts';

const EFFECTS: Record<Effect, string> = { allow: 'allows', ask: 'asks a person', deny: 'denies' };
/** What files that come with the package are called. */
const BUNDLED = 'mcp-perimeter/policies/';
/** Decisions that no rule of a file stands for. */
const BUILT_IN: readonly [id: string, what: string][] = [
  ['default', 'no rule covers the call, so a person is asked'],
  ['risk', 'the risk was higher than the rules allow for'],
  ['protected', "the guard's own files are for no tool"],
  ['schema', 'the arguments do not fit the tool'],
  ['session', 'nobody was signed in'],
  ['lock', 'everything was locked'],
  ['tool', 'the tool is unknown, or its definition changed'],
  ['over_limit', 'it would have touched more than a rule lets anybody approve'],
  ['error', 'the call could not be judged'],
];

type Known = { perimeter: Perimeter; lint: Problem[]; counts: Counted | undefined };

/** `counts` are undefined while the log is still being counted; the page then shows them when they are there. */
export function policiesPage(console: Console, session: Session, counts: Counted | undefined): Html {
  const { perimeter } = console;
  const { policies, config } = perimeter;
  const policy = policies.current;
  const lint = lintPolicy(policy, describeRunning(perimeter.downstreams, policy.bindings));
  const known = { perimeter, lint, counts };
  const own = policy.rules.some((rule) => !rule.where.startsWith(BUNDLED));
  const body = html`<h1>Rules</h1>
<p>What your agent may do, read from ${own ? html`<code>${said(config.policies ?? '', 300)}</code>` : 'the rules that come with Perimeter'}. ${
    own
      ? 'To change something, edit the files: a change holds as soon as it is saved, and a broken one is not taken.'
      : html`To make your own, set <code>policies</code> in mcp.json to a folder, copy the rules into it and change them there.`
  } Deny beats ask, ask beats allow; the order does not matter. Where no rule fits, you are asked.</p>
${policies.rejected.length === 0 ? '' : note('bad', html`<p><strong>Changed rules were not taken, so those below still hold:</strong></p><ul>${policies.rejected.slice(0, 20).map((one) => html`<li>${ticked(said(one, 500))}</li>`)}</ul>`)}
${policies.notes.map((one) => note('plain', html`<p>${ticked(said(one, 500))}</p>`))}
<section id="rules"${counts ? '' : html` data-live="activity"`}>
<h2>${counted(policy.rules.length, 'rule')}</h2>
<p class="small">${since(known)}</p>
${policy.rules.length === 0 ? empty(html`<p>There are no rules, so you are asked about everything.</p>`) : policy.rules.map((rule) => rulePart(known, rule))}
${builtIn(known)}
</section>
${lintPart(known)}
${riskPart(policy)}`;
  return page(console, { title: 'Rules', nav: 'policies', session, body, styles: ['activity.css'] });
}

function since({ perimeter, counts }: Known): Content {
  if (!counts) return 'How often each rule mattered is being counted; it shows by itself when it is done.';
  const day = new Intl.DateTimeFormat('en-GB', { timeZone: perimeter.config.timezone, dateStyle: 'long' });
  return `Calls are counted over the whole log that is kept, which begins on ${day.format(counts.since.time)}; questions since this guard's state was made.`;
}

function rulePart({ perimeter, lint, counts }: Known, rule: Rule): Html {
  const here = lint.filter((one) => `${one.file}:${one.line}` === rule.where);
  const asks = rule.effect === 'ask' || rule.otherwise === 'ask';
  return html`<article class="card rule" aria-labelledby="rule-${rule.id}">
<h3 id="rule-${rule.id}">${decided(rule.effect, EFFECTS[rule.effect])} ${rule.id}</h3>
<p>${said(rule.why, 500)}</p>
<dl class="facts">
${fact('What', html`<code>${rule.scope.map(({ text }) => said(text)).join(', ')}</code>`)}
${fact('For', whoWords(rule) ?? 'everybody')}
${rule.while === undefined ? '' : fact('Only while', whileWords(rule.while))}
${dates(rule)}
${clauses('When all of this holds', rule.when)}
${clauses('Unless all of this holds', rule.unless)}
${rule.otherwise === 'none' ? '' : fact('Otherwise', rule.otherwise === 'ask' ? 'it asks a person' : 'it denies')}
${asks && rule.effect === 'ask' ? asking(rule) : ''}
${rule.redact.length === 0 ? '' : fact('Taken out of results', html`<code>${rule.redact.map((path) => said(path)).join(', ')}</code>`)}
${fact('Calls', matched(counts, rule.id))}
${asks ? fact('Questions', answers(perimeter.store.data.rule_stats?.[rule.id])) : ''}
</dl>
<p class="small">Stands in <code>${said(rule.where, 300)}</code>${rule.where.startsWith(BUNDLED) ? ' (comes with Perimeter)' : ''}</p>
${here.map(({ message }) => html`<p class="note">Lint: ${ticked(said(message, 500))}</p>`)}
</article>`;
}

function asking(rule: Rule): Content {
  return html`${fact('A yes gives', limitWords(rule.limits) || 'what was asked for, within the usual limits')}
${fact('Proof', PROOF_WORDS[rule.proof])}
${rule.approvals === undefined ? '' : fact('How many must say yes', `${rule.approvals} different people`)}
${rule.strength === 'unknown' ? '' : fact('Counting', STRENGTH_WORDS[rule.strength])}
${rule.ask === 'inline' ? fact('Meanwhile', 'the call waits for the answer') : ''}`;
}

function clauses(term: string, all: Rule['when']): Content {
  return all.length === 0
    ? ''
    : fact(term, html`<ul class="plain">${all.map((clause) => html`<li>${clauseWords(clause)}</li>`)}</ul>`);
}

function dates({ from, until }: Rule): Content {
  const day = (at: number) => iso(at).slice(0, 16).replace('T', ' ');
  return html`${from === undefined ? '' : fact('From', `${day(from)} UTC`)}${until === undefined ? '' : fact('Until', `${day(until)} UTC`)}`;
}

function matched(counts: Counted | undefined, id: string): Content {
  if (!counts) return 'being counted';
  const count = counts.matched(id);
  if (count === 0) return 'none yet';
  return html`<a href="${found(`rule:"${id}"`)}">had a say in ${counted(count, 'call')}</a>`;
}

function answers(stats: RuleStats | undefined): string {
  if (!stats) return 'none yet';
  const parts = [
    `${stats.approved} approved${stats.edited > 0 ? ` (${stats.edited} for less)` : ''}`,
    `${stats.denied} denied`,
    `${stats.expired} not answered`,
  ];
  return `asked ${stats.asked === 1 ? 'once' : `${stats.asked} times`}: ${parts.join(', ')}`;
}

function builtIn({ perimeter, counts }: Known): Content {
  const rows = BUILT_IN.map(([id, what]) => {
    const stats = perimeter.store.data.rule_stats?.[id];
    return html`<tr><th scope="row">${id}</th><td>${what}</td><td>${matched(counts, id)}</td><td>${stats ? answers(stats) : '–'}</td></tr>`;
  });
  return html`<h2>What the guard decides by itself</h2>
<div class="wide" role="region" aria-label="What the guard decides by itself" tabindex="0"><table><caption>Decisions that no rule in a file stands for</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Meaning</th><th scope="col">Calls</th><th scope="col">Questions</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function lintPart({ lint }: Known): Html {
  return html`<section aria-labelledby="lint"><h2 id="lint">What looks like a mistake</h2>
${
  lint.length === 0
    ? html`<p>✓ Nothing. <code>perimeter policy lint</code> would say the same.</p>`
    : html`<p>None of this stops anything. <code>perimeter policy lint</code> says it as well.</p><ul>${lint.map(
        ({ file, line, message }) => html`<li><code>${said(`${file}:${line}`, 300)}</code>: ${ticked(said(message, 500))}</li>`,
      )}</ul>`
}</section>`;
}

function riskPart({ risk }: Policy): Html {
  const points = Object.entries(risk.points).sort(([a], [b]) => (a < b ? -1 : 1));
  const levels = (['medium', 'high', 'critical'] as const).map(
    (level) =>
      html`<tr><th scope="row">${level}</th><td>from ${risk.levels[level]} points</td><td>${RESPONSES[risk.responses[level]]}</td></tr>`,
  );
  return html`<section aria-labelledby="risk"><h2 id="risk">How risk is worked out</h2>
<p>Points of every factor that applies add up. Business hours: ${said(risk.hours, 100)}${risk.zone === undefined ? '' : ` (${said(risk.zone, 60)})`}. More than ${risk.bulk_over} items count as many.</p>
<table><caption>What a level calls for</caption><thead><tr><th scope="col">Level</th><th scope="col">Reached</th><th scope="col">Then</th></tr></thead><tbody>${levels}</tbody></table>
<details id="factors"><summary>Points of the ${points.length} factors</summary>
<table class="numbers"><caption>Points by factor</caption><thead><tr><th scope="col">Factor</th><th scope="col">Points</th></tr></thead>
<tbody>${points.map(([name, count]) => html`<tr><th scope="row">${said(name.replaceAll('_', ' '), 100)}</th><td>${count}</td></tr>`)}</tbody></table></details>
</section>`;
}

const RESPONSES: Record<Policy['risk']['responses']['high'], string> = {
  none: 'nothing',
  watch: 'the call is watched',
  ask: 'a person is asked',
  'ask+typed': 'a person is asked, and types the number that matters',
  'ask+passphrase': 'a person is asked, and gives the passphrase',
  deny: 'the call is denied',
};
