// @ts-check
// Reminders and calls: shown when their time has come, in every open page, until somebody has seen them in one of them.

const SEEN = 'crm-reminders-seen';
const MOST_SEEN = 200;

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.style.display = 'none';
  /** @typedef {{id: string, at: string, until?: string, path: string, title: string, text: string}} Reminder */
  const words = model.get('words');
  const site = (document.body.dataset.baseUrl ?? '/').replace(/(voila)?\/?$/, '');
  const box = document.createElement('div');
  box.className = 'crm crm-alarms';
  box.setAttribute('role', 'alert');
  document.body.append(box);
  signal.addEventListener('abort', () => box.remove());

  /** @returns {string[]} */
  const seen = () => {
    try {
      return JSON.parse(localStorage.getItem(SEEN) ?? '[]');
    } catch {
      return [];
    }
  };
  /** @param {Reminder} one */
  const key = one => `${one.id} ${one.at}`;
  /** @param {Reminder} one */
  function close(one) {
    try {
      localStorage.setItem(SEEN, JSON.stringify([...seen(), key(one)].slice(-MOST_SEEN)));
    } catch {
      // a browser that keeps nothing tells it again in the next page
    }
    paint();
  }
  /** @param {Reminder} one */
  function card(one) {
    const card = document.createElement('div');
    card.className = 'toast reminder';
    const link = document.createElement('a');
    Object.assign(link, {href: `${site}${model.get('base')}/${one.path}`, textContent: one.title});
    link.dataset.route = one.path;
    link.onclick = () => close(one);
    const when = document.createElement('span');
    when.textContent = one.text;
    const button = document.createElement('button');
    Object.assign(button, {type: 'button', textContent: words.close, onclick: () => close(one)});
    button.setAttribute('aria-label', `${words.close}: ${one.title}`);
    card.append(when, link, button);
    return card;
  }
  let timer = 0;
  function paint() {
    clearTimeout(timer);
    const known = seen();
    const open = /** @type {Reminder[]} */ (model.get('due')).filter(one => !known.includes(key(one)));
    const now = Date.now();
    const due = open.filter(one => Date.parse(one.at) <= now && !(Date.parse(one.until ?? '') <= now));
    const before = [...box.children].map(child => child.textContent).join();
    const cards = due.map(card);
    if (before !== cards.map(one => one.textContent).join()) box.replaceChildren(...cards);
    const next = Math.min(...open.flatMap(one => [one.at, one.until ?? '']).map(at => Date.parse(at)).filter(at => at > now));
    if (Number.isFinite(next)) timer = window.setTimeout(paint, Math.min(next - now + 50, 86_400_000));
  }
  addEventListener('storage', paint, {signal}); // seen in another page
  document.addEventListener('visibilitychange', paint, {signal}); // a machine that slept
  signal.addEventListener('abort', () => clearTimeout(timer));
  model.on('change:due', paint);
  paint();
}

export default {render};
