// @ts-check
// A field with a list to choose from: arrows, Enter, Escape; the list is filtered here where all of it is on the page.

/** @param {HTMLElement} el @param {AbortSignal} signal */
export function combos(el, signal) {
  /** @type {HTMLElement | null} */ let open = null;
  let at = -1;
  /** @param {string} type @param {(e: any) => void} handler */
  const on = (type, handler) => el.addEventListener(type, handler, {signal});
  /** @param {EventTarget | null} node @returns {HTMLInputElement | null} */
  const box = node => (node instanceof HTMLInputElement && node.matches('[role=combobox]') ? node : null);
  /** @param {HTMLElement} field */
  const listOf = field => document.getElementById(field.getAttribute('aria-controls') ?? '');
  const fold = (/** @type {string} */ text) => text.toLowerCase();

  /** The options that fit what is typed. @param {HTMLInputElement} field */
  function options(field) {
    const all = /** @type {HTMLElement[]} */ ([...(listOf(field)?.querySelectorAll('[role=option]') ?? [])]);
    const words = fold(field.value).split(/\s+/).filter(Boolean);
    const fits = (/** @type {HTMLElement} */ o) =>
      field.dataset.filter !== 'here' || 'always' in o.dataset || words.every(w => fold(o.textContent ?? '').includes(w));
    all.forEach(o => { o.hidden = !fits(o); });
    return all.filter(o => !o.hidden);
  }

  /** Show how things stand; called after every redraw too. */
  function sync() {
    el.querySelectorAll('[role=combobox]').forEach(node => {
      const field = /** @type {HTMLInputElement} */ (node);
      const list = listOf(field);
      if (!list) return;
      const shown = open === field ? options(field) : [];
      list.hidden = !shown.length;
      field.setAttribute('aria-expanded', String(!list.hidden));
      shown.forEach((o, i) => o.setAttribute('aria-selected', String(i === at)));
      field.toggleAttribute('aria-activedescendant', Boolean(shown[at]));
      if (shown[at]) {
        field.setAttribute('aria-activedescendant', shown[at].id);
        shown[at].scrollIntoView({block: 'nearest'});
      }
    });
  }
  /** @param {HTMLElement | null} field @param {number} [to] */
  const show = (field, to = -1) => {
    open = field;
    at = to;
    sync();
  };

  on('focusin', e => box(e.target) && e.target.value === '' && show(e.target));
  on('click', e => box(e.target) && show(e.target));
  on('input', e => box(e.target) && show(e.target, 0));
  on('focusout', e => box(e.target) && show(null));
  on('mousedown', e => e.target.closest?.('[role=option]') && e.preventDefault());
  on('click', e => {
    if (!e.target.closest?.('[role=option]')) return;
    if (open) /** @type {HTMLInputElement} */ (open).value = '';
    show(null);
  });
  on('keydown', e => {
    const field = box(e.target);
    if (!field) return;
    const step = {ArrowDown: 1, ArrowUp: -1}[/** @type {string} */ (e.key)];
    const shown = options(field);
    if (step && shown.length) {
      e.preventDefault();
      show(field, open ? (at + step + shown.length) % shown.length : 0);
    } else if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
      e.preventDefault(); // a list is no form: Enter chooses, it does not save
      if (open && shown[at]) shown[at].click();
    } else if (e.key === 'Escape' && open) {
      e.preventDefault();
      show(null);
    }
  });
  return sync;
}
