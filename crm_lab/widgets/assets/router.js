// @ts-check
// The address bar, title, language, theme, keys and passing messages. In JupyterLab, and under a plain `voila`, the address
// is not ours and stays.

const SEQUENCE = 400;

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.style.display = 'none';
  const site = (document.body.dataset.baseUrl ?? '/').replace(/voila\/$/, '');
  const root = `${site.replace(/\/$/, '')}${model.get('base')}`;
  const ours = Boolean(document.body.dataset.voila) && location.pathname.startsWith(root);
  const app = () => /** @type {HTMLElement} */ (document.querySelector('.crm-app') ?? document.body);
  const here = () => (ours ? location.pathname.slice(root.length).replace(/^\//, '') + location.search : model.get('path'));
  const words = model.get('words');

  /** Nothing typed is lost without a question. */
  const mayLeave = () => {
    const dirty = /** @type {HTMLElement | null} */ (document.querySelector('form.dirty'));
    if (!dirty) return true;
    if (!confirm(words.unsaved)) return false;
    dirty.classList.remove('dirty');
    return true;
  };
  let onTab = false; // who moves along the tabs stays on them, also where the next one is a screen of its own
  /** @param {string} path */
  const show = path => {
    model.set('path', path);
    model.save_changes();
  };
  /** @param {string} path */
  const visit = path => {
    if (!mayLeave()) return;
    onTab = Boolean(document.activeElement?.matches('[role=tab]'));
    if (ours) history.pushState(null, '', `${root}/${path}`);
    show(path);
  };

  addEventListener('popstate', () => {
    if (mayLeave()) show(here());
    else history.pushState(null, '', `${root}/${model.get('path')}`); // stay, also in the address bar
  }, {signal});
  addEventListener('beforeunload', e => {
    if (document.querySelector('form.dirty')) e.preventDefault();
  }, {signal});
  document.addEventListener('click', e => {
    const target = /** @type {Element} */ (e.target);
    const link = /** @type {HTMLElement | null} */ (target.closest?.('.crm a[data-route]'));
    if (target.closest?.('[data-logout]')) return logOut();
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault();
    visit(link.dataset.route ?? '');
  }, {signal});

  function logOut() {
    const form = document.createElement('form');
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)?.[1] ?? '';
    form.method = 'post';
    form.action = `${site}logout`;
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name: '_xsrf', value: decodeURIComponent(token)}));
    document.body.append(form);
    form.submit();
  }

  /** Do what stands on the screen for a key: press it, or begin to write in it. @param {string} key */
  function shortcut(key) {
    const target = /** @type {HTMLElement | null} */ (document.querySelector(`[aria-keyshortcuts="${key}"]`));
    if (target?.matches('input,textarea')) target.focus();
    else target?.click();
    return Boolean(target);
  }

  let before = '';
  let alone = 0;
  document.addEventListener('keydown', e => {
    const typing = /** @type {HTMLElement} */ (e.target).closest?.('input,textarea,select,[contenteditable]');
    if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
    const key = e.key.toLowerCase();
    const place = {nk: 'customers/new', np: 'contacts/new'}[before + key];
    const began = key === 'n' && !before;
    before = began ? 'n' : '';
    clearTimeout(alone);
    if (place) return visit(place);
    // n alone is a new note; it waits for what might follow
    if (began) alone = window.setTimeout(() => { before = ''; shortcut('N'); }, SEQUENCE);
    else if (e.key === 'F2' || /^[et1-9]$/.test(key)) {
      if (shortcut(e.key.toUpperCase())) e.preventDefault();
    }
  }, {signal});

  const toasts = element('div', 'crm-toast', {role: 'status', 'aria-live': 'polite'});
  const notice = element('div', 'crm-notice', {role: 'alert'});
  notice.hidden = true;
  document.body.append(toasts);
  toasts.classList.add('crm');
  app().prepend(notice);
  signal.addEventListener('abort', () => [toasts, notice].forEach(n => n.remove()));

  /** @param {{toast: string, undo: boolean, id: string}} message */
  function toast({toast: text, undo, id}) {
    const box = element('div', 'toast', {});
    box.append(element('span', '', {}, text));
    if (undo) {
      const button = element('button', '', {type: 'button'}, words.undo);
      button.onclick = () => {
        model.send({event: 'undo', id});
        box.remove();
      };
      box.append(button);
    }
    toasts.replaceChildren(box);
    setTimeout(() => box.remove(), 10_000);
  }

  /** After a change of screen: to its top, and the heading is read out, unless somebody types or has moved on already. */
  function settle() {
    const from = document.activeElement;
    setTimeout(() => {
      const main = document.querySelector('.crm-main');
      if (main) main.scrollTop = 0;
      const at = document.activeElement;
      if (at?.closest('input,textarea,select') || (at !== from && at?.closest('.crm-main'))) return;
      /** @type {HTMLElement | null} */ (document.querySelector(onTab ? '.crm-main [role=tab][aria-selected=true]' : '.crm-main h1'))?.focus({preventScroll: true});
    }, 40);
  }

  /** What an ipywidgets Box cannot say: landmarks, and a way past the menu. */
  function landmarks() {
    const main = /** @type {HTMLElement | null} */ (document.querySelector('.crm-main'));
    const top = document.querySelector('.crm-top');
    if (!main || !top) return;
    main.setAttribute('role', 'main');
    main.tabIndex = -1;
    top.setAttribute('role', 'banner');
    if (top.querySelector('.skip')) return;
    const skip = element('a', 'skip', {href: '#'}, words.skip);
    skip.onclick = e => {
      e.preventDefault();
      main.focus();
    };
    top.prepend(skip);
  }

  const wear = () => {
    const theme = model.get('theme');
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.density = model.get('density');
    document.documentElement.lang = model.get('lang');
  };
  model.on('change:path', () => {
    const path = model.get('path');
    if (ours && here() !== path) history.pushState(null, '', `${root}/${path}`);
  });
  model.on('change:title', () => { document.title = model.get('title'); });
  model.on('change:theme', wear);
  model.on('change:lang', wear);
  model.on('change:density', () => {
    wear();
    dispatchEvent(new Event('resize')); // tables measure their rows again
  });
  model.on('change:notice', () => {
    notice.textContent = model.get('notice');
    notice.hidden = !model.get('notice');
  });
  model.on('msg:custom', (/** @type {any} */ m, /** @type {DataView[]} */ buffers) => {
    if (m.toast) toast(m);
    if (m.download) download(m.download, m.media, buffers[0], Boolean(m.shown));
    if (m.settle) settle();
    if (m.reload) location.reload();
  });
  if (ours) {
    model.set('site', location.origin + site);
    model.save_changes();
    wear();
    document.title = model.get('title');
  }
  setTimeout(landmarks, 50);
}

/** @param {string} tag @param {string} name @param {Record<string, string>} attributes @param {string} [text] */
function element(tag, name, attributes, text = '') {
  const made = document.createElement(tag);
  if (name) made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Hand a file over; what is to be shown opens in a tab of its own, from where it is printed, unless the browser forbids that. @param {string} name @param {string} media @param {DataView} data @param {boolean} isShown */
function download(name, media, data, isShown) {
  const url = URL.createObjectURL(new Blob([/** @type {any} */ (data)], {type: media}));
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // Firefox reads it after the click
  if (isShown && window.open(url, '_blank')) return;
  const link = element('a', '', {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
}

export default {render};
