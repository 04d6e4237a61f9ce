// The ways in: the link of `perimeter console`, and the passphrase where one is set. Says nothing of what lies behind.
import { passkeysOf } from '../passkeys.ts';
import { hasPassphrase } from '../passphrase.ts';
import type { Console } from './context.ts';
import { type Content, type Html, html } from './html.ts';
import { bare } from './layout.ts';
import { passkeyField } from './proof.ts';

/** Where somebody may be led after signing in: a path of ours, nothing that could be another place. */
export const ownPath = (path: string | undefined): string =>
  path !== undefined && path.length <= 300 && /^\/(?:[\w.-]+(?:\/[\w.-]+)*)?$/.test(path) ? path : '/requests';

/** The page for who is not signed in. `problem` says what went wrong with the last try. */
export async function signInPage(console: Console, { next, problem }: { next: string; problem?: string }): Promise<Html> {
  const { config } = console.perimeter;
  const passphrase = (await passkeysOf(console.perimeter)).enrolled
    ? html`<form method="post" action="/sign-in" class="card">
  <h2>With your passkey</h2>
  <input type="hidden" name="next" value="${ownPath(next)}">
  ${passkeyField}
  <button>Sign in</button>
</form>`
    : (await hasPassphrase(config.state))
      ? html`<form method="post" action="/sign-in" class="card">
  <h2>With your passphrase</h2>
  <input type="hidden" name="next" value="${ownPath(next)}">
  <input type="hidden" name="username" value="${config.user.name}" autocomplete="username">
  <label>Passphrase <input type="password" name="passphrase" required autocomplete="current-password" maxlength="1024"></label>
  <button>Sign in</button>
</form>`
      : '';
  return bare({
    title: 'Sign in',
    body: html`${alert(problem)}
${passphrase}
<section class="card">
  <h2>With a link from your terminal</h2>
  <p>Run this in a terminal on this machine. It opens the console, signed in:</p>
  <pre><code>perimeter console</code></pre>
  <p class="small">It takes the <code>mcp.json</code> in the folder you are in; name another with <code>--config</code>.</p>
</section>`,
  });
}

/** The page that a link leads to. Its secret stands behind the `#`, which browsers keep to themselves; the script puts it into the form. */
export function enterPage({ problem }: { problem?: string } = {}): Html {
  return bare({
    title: 'Open the console',
    body: html`${alert(problem)}
<form method="post" action="/enter" class="card" data-enter>
  <label>Code from the link (what stands after <code>#</code>) <input name="link" required autocomplete="off" spellcheck="false" maxlength="100"></label>
  <button>Go on</button>
</form>
<p>A link is good once, for two minutes. For another run <code>perimeter console</code>.</p>`,
  });
}

const alert = (problem: string | undefined): Content =>
  problem === undefined ? '' : html`<p class="note bad" role="alert">${problem}</p>`;
