// Passkeys on the page: what there is, adding one with a proof of who you are, naming and removing them.
import { Hono } from 'hono';
import { proveHuman } from '../commands.ts';
import { CommandError } from '../owner/protocol.ts';
import { type Passkey, PasskeyError, passkeysOf } from '../passkeys.ts';
import { hasPassphrase } from '../passphrase.ts';
import { type App, type Asked, type Console, type Known, sessionOf } from './context.ts';
import { type Content, type Html, html, said, time } from './html.ts';
import { csrf, page } from './layout.ts';
import { empty, note, sentence } from './parts.ts';
import { actOf, placeOf, signedBy } from './passkey-proof.ts';
import { proving } from './proof.ts';

export function passkeyRoutes(console: Console): App {
  const { perimeter, command } = console;
  const app = new Hono<Known>();
  app.get('/passkeys', async (asked) => show(asked));
  app.post('/passkeys/ask', async (asked) => {
    const passkeys = await passkeysOf(perimeter);
    const act = actOf(asked.req.query('for') ?? '', asked.get('body'));
    return asked.json(await passkeys.ask({ ...placeOf(console, asked), act }));
  });
  app.post('/sign-in/passkey', async (asked) => {
    const passkeys = await passkeysOf(perimeter);
    return asked.json(await passkeys.ask({ ...placeOf(console, asked), act: actOf('/sign-in', asked.get('body')) }));
  });
  app.post('/passkeys/invite', async (asked) => {
    try {
      const { passphrase, name = '' } = asked.get('body');
      await proveHuman(perimeter, { passphrase }, 'passphrase', { channel: 'console', passkey: await signedBy(console, asked) });
      const passkeys = await passkeysOf(perimeter);
      return asked.json(await passkeys.invite(placeOf(console, asked), { user: perimeter.config.user.name, name }));
    } catch (error) {
      return asked.text(wordsOf(error), 403);
    }
  });
  app.post('/passkeys/add', (asked) =>
    change(asked, async () => {
      const made = await (await passkeysOf(perimeter)).add(placeOf(console, asked), JSON.parse(asked.get('body').made ?? ''));
      await perimeter.audit.append({
        type: 'passkey.added',
        approver: perimeter.config.user.name,
        channel: 'console',
        passkey: made.name,
      });
    }),
  );
  app.post('/passkeys/:id/rename', (asked) =>
    change(asked, async () => {
      await (await passkeysOf(perimeter)).rename(asked.req.param('id') ?? '', asked.get('body').name ?? '');
    }),
  );
  app.post('/passkeys/:id/remove', (asked) =>
    change(asked, async () => {
      const { passphrase } = asked.get('body');
      await command('passkeys.remove', { id: asked.req.param('id'), passphrase }, await signedBy(console, asked));
    }),
  );
  return app;

  async function show(asked: Asked, problem?: string): Promise<Response> {
    return asked.html(String(await passkeysPage(console, asked, problem)), problem === undefined ? 200 : 409);
  }

  async function change(asked: Asked, act: () => Promise<void>): Promise<Response> {
    try {
      await act();
    } catch (error) {
      return show(asked, wordsOf(error));
    }
    return asked.redirect('/passkeys', 303);
  }
}

/** An error of ours in its own words; anything else goes to the log. */
function wordsOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'The new passkey did not arrive. Try again.';
  if (!(error instanceof CommandError) && !(error instanceof PasskeyError)) throw error;
  return sentence(error.message);
}

async function passkeysPage(console: Console, asked: Asked, problem?: string): Promise<Html> {
  const session = sessionOf(asked);
  const passkeys = await passkeysOf(console.perimeter);
  const all = passkeys.list();
  const body = html`<h1>Passkeys</h1>
${problem === undefined ? '' : note('bad', html`<p>${problem}</p>`)}
<p class="lead">A passkey is your fingerprint, your face, a PIN or a security key. No program on this machine can give it for you.
Once there is one, this console asks for it instead of your passphrase.</p>
<section aria-labelledby="keys-title">
<h2 id="keys-title">${all.length === 0 ? 'You have none yet' : 'Yours'}</h2>
${
  all.length === 0
    ? empty(
        html`<p>${passkeys.enrolled ? 'The passkeys that are kept cannot be read, so none of them counts. Run <code>perimeter doctor</code> in a terminal: it says what to do.' : 'Until you add one, your passphrase is what proves that it is you.'}</p>`,
      )
    : html`<ul class="cards">${await Promise.all(all.map((one) => card(console, asked, one)))}</ul>`
}
</section>
<section aria-labelledby="add-title" class="card">
<h2 id="add-title">Add a passkey</h2>
${await adding(console, asked)}
</section>
<form id="keep" method="post" action="/passkeys/add" hidden>${csrf(session)}<input type="hidden" name="made"></form>
<p class="small">Lost one? In a terminal, <code>perimeter passkeys remove</code> takes your passphrase.</p>`;
  return page(console, { title: 'Passkeys', session, body });
}

async function card(console: Console, asked: Asked, { id, name, added_at, used_at }: Passkey): Promise<Html> {
  const session = sessionOf(asked);
  const { timezone } = console.perimeter.config;
  const proof = await proving(console, session, `remove passkey ${id}`);
  return html`<li class="card">
  <h3>${said(name)}</h3>
  <p class="small">Added ${time(added_at, timezone, 'day')}, ${used_at === undefined ? 'not used yet' : html`last used ${time(used_at, timezone, 'day')}`}</p>
  <details><summary>Rename or remove <span class="unseen">${said(name)}</span></summary>
  <form method="post" action="/passkeys/${id}/rename">${csrf(session)}<label>Its name <input name="name" value="${said(name)}" required maxlength="60"></label><button class="quiet">Rename</button></form>
  <form method="post" action="/passkeys/${id}/remove">${csrf(session)}${'cannot' in proof ? proof.cannot : html`${proof.fields}<button class="deny">Remove</button>`}</form>
  </details>
</li>`;
}

async function adding(console: Console, asked: Asked): Promise<Content> {
  const session = sessionOf(asked);
  if (!(await passkeysOf(console.perimeter)).enrolled && !(await hasPassphrase(console.perimeter.config.state)))
    return html`<p>First set a passphrase, so that nobody else can add a passkey of theirs. Run this in a terminal, then come back:</p>
<pre><code>perimeter passphrase set</code></pre>`;
  const proof = await proving(console, session, 'add a passkey');
  if ('cannot' in proof) return proof.cannot;
  return html`<noscript><p class="note bad">Browsers make passkeys only with scripts on. Your passphrase goes on working without.</p></noscript>
<form method="post" action="/passkeys/invite" data-invite>
  ${csrf(session)}
  <label>A name for it, such as <em>laptop</em> or <em>blue key</em> <input name="name" required maxlength="60" autocomplete="off"></label>
  ${proof.fields}
  <button>Add a passkey</button>
</form>`;
}
