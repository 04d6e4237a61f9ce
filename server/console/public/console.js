// Keeps open pages true: refetches the parts that changed, counts down, and puts a link's secret into its form. Everything works without it.

const stream = document.documentElement.dataset.liveStream;

// ---- a link's secret, which stands where no server and no log sees it
const enter = document.querySelector('form[data-enter]');
if (enter && location.hash.length > 1) {
  enter.elements.link.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  enter.requestSubmit();
}

// ---- what changed is fetched again; what somebody is typing into stays
let fetching = false;
let again = new Set();
async function refresh(parts) {
  for (const part of parts) again.add(part);
  if (fetching) return;
  fetching = true;
  while (again.size > 0) {
    const now = again;
    again = new Set();
    if (![...document.querySelectorAll('[data-live]')].some((one) => now.has(one.dataset.live))) continue;
    // a page whose reading is recorded is read once, however often it looks again
    const view = document.querySelector('[data-view]')?.dataset.view ?? '';
    const headers = { accept: 'text/html', 'x-perimeter-view': view };
    const answer = await fetch(location.href, { headers }).catch(() => undefined);
    if (answer === undefined) continue;
    if (answer.status === 401) {
      location.reload();
      break;
    }
    take(new DOMParser().parseFromString(await answer.text(), 'text/html'), now);
  }
  fetching = false;
}

function take(fresh, parts) {
  for (const old of document.querySelectorAll('[data-live][id]')) {
    if (!parts.has(old.dataset.live)) continue;
    const made = fresh.getElementById(old.id);
    if (made && made.outerHTML !== old.outerHTML && !old.contains(focusedField())) replace(old, made);
  }
  // a request that was decided elsewhere has nothing left to answer
  const answer = document.getElementById('answer');
  if (answer && !fresh.getElementById('answer')) answer.remove();
  document.title = fresh.title;
  tick();
}

// what somebody opened stays open, and who is at a link stays there
function replace(old, made) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : '';
  for (const one of old.querySelectorAll('details[id][open]'))
    made.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute('open', '');
  old.replaceWith(document.adoptNode(made));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const focusedField = () => (document.activeElement?.matches('input, select, textarea') ? document.activeElement : null);

// ---- countdowns, only while there is one and somebody looks
let timer;
function tick() {
  clearTimeout(timer);
  const all = [...document.querySelectorAll('[data-until]')];
  if (all.length === 0 || document.hidden) return;
  let soonest = 60_000;
  for (const one of all) {
    const left = Date.parse(one.dataset.until) - Date.now();
    one.textContent = left > 0 ? words(left) : 'no time';
    if (left < 120_000) soonest = 1_000;
  }
  timer = setTimeout(tick, soonest);
}

function words(ms) {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  const say = (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (seconds < 120) return say(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return say(minutes, 'minute');
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return rest === 0 ? say(hours, 'hour') : `${say(hours, 'hour')} ${say(rest, 'minute')}`;
}
document.addEventListener('visibilitychange', tick);
tick();

// ---- one stream for all tabs of this browser, since it opens few connections to one place
const others = new BroadcastChannel('perimeter');
others.onmessage = ({ data }) => refresh(data);
function listen() {
  const source = new EventSource(stream);
  let broken = false;
  const trouble = (hidden) => {
    const note = document.getElementById('live-note');
    if (note) note.hidden = hidden;
  };
  source.addEventListener('open', () => {
    trouble(true);
    // what happened meanwhile was told to nobody
    if (broken) refresh(['requests', 'grants', 'activity', 'lock']);
    broken = false;
  });
  source.addEventListener('changed', ({ data }) => {
    const parts = data.split(' ');
    others.postMessage(parts);
    refresh(parts);
  });
  source.onerror = () => {
    broken = true;
    trouble(false);
    // signed out, or too many: the page says which
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3_000);
  };
  return new Promise(() => undefined);
}
if (stream) navigator.locks ? navigator.locks.request('perimeter-live', listen) : listen();
