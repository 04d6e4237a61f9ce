// What a page asks of a human before something widens: the passphrase once one is set, else what the terminal would have typed.
import { asksNumber } from '../channels/terminal.ts';
import { passkeysOf } from '../passkeys.ts';
import { hasPassphrase } from '../passphrase.ts';
import type { RequestRecord } from '../ports.ts';
import { type Session, same } from './access.ts';
import type { Console } from './context.ts';
import { type Content, html } from './html.ts';

/** The fields to fill in, or why it can't be done here. */
export type Proving = { fields: Content } | { cannot: Content };

/** `what` names the act for its code; `request` is the one it answers, with the number and the proof it demands. */
export async function proving(
  { perimeter }: Console,
  session: Session,
  what: string,
  request?: Pick<RequestRecord, 'proof' | 'impact'>,
): Promise<Proving> {
  const number = request !== undefined && asksNumber(request) ? html`${numberField(request)}` : '';
  if ((await passkeysOf(perimeter)).enrolled) return { fields: html`${number}${passkeyField}` };
  if (await hasPassphrase(perimeter.config.state))
    return {
      fields: html`${number}
<input type="hidden" name="username" value="${perimeter.config.user.name}" autocomplete="username">
<label>Your passphrase <input type="password" name="passphrase" required autocomplete="current-password" maxlength="1024"></label>`,
    };
  if (request?.proof === 'passphrase')
    return {
      cannot: html`<p>This needs a passphrase, and none is set. Run this in a terminal, then come back:</p>
<pre><code>perimeter passphrase set</code></pre>`,
    };
  if (number !== '') return { fields: number };
  const code = session.code(what);
  return {
    fields: html`<label>Type <strong class="code">${code}</strong> to show that you mean it <input name="code" required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="12" size="6"></label>`,
  };
}

/** Filled by the script, which asks for the key when the button is pressed. */
export const passkeyField: Content = html`<input type="hidden" name="passkey" value="">
<p class="small">Your passkey is asked for when you press the button.</p>
<noscript><p class="note bad">Browsers ask for passkeys only with scripts on. In a terminal <code>perimeter</code> takes your passphrase.</p></noscript>`;

const numberField = ({ impact }: Pick<RequestRecord, 'impact'>): Content =>
  html`<label>How many ${impact.unit} will it touch? Type the number that was counted <input name="code" required inputmode="numeric" autocomplete="off" maxlength="12" size="8"></label>`;

/** What was filled in, as the command takes it: the passphrase, or whether the code is the right one for `what`. */
export function typedProof(session: Session, what: string, body: Readonly<Record<string, string>>): Record<string, unknown> {
  const { passphrase = '', code = '' } = body;
  if (passphrase !== '') return { passphrase };
  return { typed: same(code.trim().toUpperCase(), session.code(what)) };
}
