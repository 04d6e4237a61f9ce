// Asks for a passkey before a form that wants one is sent, and makes new ones. What is signed is the form as it is filled in.

const say = (form, words) => {
  let note = form.querySelector('[data-problem]');
  if (!note) {
    note = document.createElement('p');
    note.className = 'note bad';
    note.setAttribute('role', 'alert');
    note.dataset.problem = '';
    form.append(note);
  }
  note.textContent = words;
};
const able = () => window.PublicKeyCredential?.parseRequestOptionsFromJSON && window.PublicKeyCredential.prototype.toJSON;
const OLD =
  'This browser is too old for passkeys. Use a current one, or answer in a terminal: `perimeter` takes your passphrase there.';
const STOPPED = 'No passkey was given, so nothing was sent. Press the button to try again.';

async function ask(address, fields) {
  const answer = await fetch(address, { method: 'POST', body: fields }).catch(() => undefined);
  if (answer?.ok) return answer.json();
  throw new Error(answer ? (await answer.text()).slice(0, 300) : 'The guard does not answer. It may have stopped.');
}

/** Puts the signature over what the form says into it. */
async function sign(form, submitter) {
  const fields = new URLSearchParams(new FormData(form, submitter));
  const path = new URL(form.action).pathname;
  const address = path === '/sign-in' ? '/sign-in/passkey' : `/passkeys/ask?for=${encodeURIComponent(path)}`;
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(await ask(address, fields));
  const signed = await navigator.credentials.get({ publicKey: options });
  form.elements.passkey.value = JSON.stringify(signed.toJSON());
}

/** Has a new passkey made, and puts it into the form that keeps it. */
async function make(form, submitter) {
  const fields = new URLSearchParams(new FormData(form, submitter));
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(await ask('/passkeys/invite', fields));
  const made = await navigator.credentials.create({ publicKey: options });
  const keeping = document.getElementById('keep');
  keeping.elements.made.value = JSON.stringify(made.toJSON());
  keeping.requestSubmit();
}

let busy = false;
document.addEventListener('submit', async (event) => {
  const form = event.target;
  const signs = form.elements.passkey?.value === '';
  const makes = form.dataset.invite !== undefined;
  if (!signs && !makes) return;
  event.preventDefault();
  if (busy) return;
  if (!able()) return say(form, OLD);
  busy = true;
  try {
    if (signs) await sign(form, event.submitter);
    if (makes) await make(form, event.submitter);
    else form.requestSubmit(event.submitter);
  } catch (error) {
    // the browser's own words for a person who said no, or a key that isn't there
    say(form, error instanceof DOMException ? STOPPED : error.message);
  } finally {
    if (makes && form.elements.passkey) form.elements.passkey.value = '';
    busy = false;
  }
});
