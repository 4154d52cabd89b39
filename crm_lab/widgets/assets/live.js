// @ts-check
// HTML from Python, events to Python.
import {morph, parse} from './morph.js';
import {attaching} from './attach.js';
import {combos} from './combo.js';

const TYPING = 150;

/** The fields of a form; a check box is true or false. @param {HTMLFormElement} form */
function fields(form) {
  /** @type {Record<string, unknown>} */
  const values = {};
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') values[name] = value;
  form.querySelectorAll('input[type=checkbox][name]').forEach(box => {
    values[/** @type {HTMLInputElement} */ (box).name] = /** @type {HTMLInputElement} */ (box).checked;
  });
  return values;
}

/** @param {any} field */
const valueOf = field => (field.type === 'checkbox' ? field.checked : field.value);

/** Arrow keys inside tab lists, menus and radio groups. @param {KeyboardEvent} event */
function rove(event) {
  const at = /** @type {HTMLElement} */ (event.target).closest('[role=tab],[role=menuitem],[role=radio]');
  if (!at || !/^(Arrow|Home|End)/.test(event.key)) return;
  const role = at.getAttribute('role');
  const group = at.closest('[role=tablist],[role=menu],[role=radiogroup]');
  const all = [...(group?.querySelectorAll(`[role=${role}]`) ?? [])];
  const step = /Right|Down/.test(event.key) ? 1 : all.length - 1;
  const to = {Home: 0, End: all.length - 1}[event.key] ?? (all.indexOf(at) + step) % all.length;
  event.preventDefault();
  const next = /** @type {HTMLElement} */ (all[to]);
  next.focus();
  if (role !== 'menuitem') next.click();
}

/** In a table of rows to answer: arrows move, and a key does what the button of the row that names it does. @param {KeyboardEvent} event */
function answer(event) {
  const at = /** @type {HTMLElement} */ (event.target);
  if (!at.matches('[data-rows] tr') || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = {ArrowDown: at.nextElementSibling, ArrowUp: at.previousElementSibling}[event.key];
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const button = at.querySelector(`[aria-keyshortcuts~="${CSS.escape(key)}"]`);
  if (!next && !button) return;
  event.preventDefault();
  if (button && !event.repeat) /** @type {HTMLElement} */ (button).click();
  /** @type {HTMLElement | null | undefined} */ (next)?.focus();
}

/** Put an opened pop-up menu by its button. @param {HTMLElement} el @param {HTMLElement} menu */
function place(el, menu) {
  const button = el.querySelector(`[popovertarget="${menu.id}"]`)?.getBoundingClientRect();
  if (!button) return;
  const box = menu.getBoundingClientRect();
  const below = button.bottom + 4 + box.height <= innerHeight;
  menu.style.left = `${Math.max(8, Math.min(button.left, innerWidth - box.width - 8))}px`;
  menu.style.top = `${below ? button.bottom + 4 : button.top - box.height - 4}px`;
  /** @type {HTMLElement | null} */ (menu.querySelector('[role=menuitem]'))?.focus();
}

/** Mark the section one reads in the navigation beside it. @param {HTMLElement} el */
function markSection(el) {
  const links = /** @type {HTMLElement[]} */ ([...el.querySelectorAll('[data-section]')]);
  const main = el.closest('.crm-main');
  if (!links.length || !main) return;
  const top = main.getBoundingClientRect().top + 120;
  const passed = links.filter(link => (document.getElementById(link.dataset.section ?? '')?.getBoundingClientRect().top ?? 0) <= top);
  const atEnd = main.scrollTop > 0 && main.scrollTop + main.clientHeight >= main.scrollHeight - 2;
  const current = atEnd ? links.at(-1) : passed.at(-1) ?? links[0];
  links.forEach(link => (link === current ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current')));
}

/** @param {Element} link @param {string} route */
function point(link, route) {
  if (link.getAttribute('data-route') === route) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.classList.add('crm-live');
  /** @param {string} type @param {(e: any) => void} handler @param {object} [options] */
  const on = (type, handler, options) => el.addEventListener(type, handler, {signal, ...options});

  // Messages are numbered, and an answer says which one it knew of: a field written since then is left alone.
  let n = 0;
  /** @type {WeakMap<Element, number>} */
  const written = new WeakMap();
  const post = (/** @type {object} */ message) => model.send({...message, n: ++n});
  /** @param {HTMLElement} node @param {object} [extra] */
  const send = (node, extra) => {
    flush();
    const {do: action, changes: _changes, typed: _typed, ...data} = node.dataset;
    post({do: action, ...data, ...extra});
  };

  // A form with data-typed tells what is typed: one field by name, and the form as it stands.
  /** @type {any} */ let pending = null;
  let painting = false;
  let timer = 0;
  const flush = (left = false) => {
    clearTimeout(timer);
    const field = pending;
    pending = null;
    if (field?.form && el.contains(field)) post({do: field.form.dataset.typed, name: field.name, left, values: fields(field.form)});
  };
  on('input', e => {
    const form = e.target.closest('form');
    if (form?.matches('.guarded') && e.target.name) form.classList.add('dirty');
    written.set(e.target, n + 1);
    if (form?.dataset.typed && e.target.name) {
      if (pending !== e.target) flush();
      pending = e.target;
      clearTimeout(timer);
      const asked = e.target.matches('select,[type=checkbox],[type=radio]');
      timer = window.setTimeout(() => flush(), asked ? 0 : TYPING);
      return;
    }
    const node = e.target.closest('[data-live]');
    if (!node) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => post({do: node.dataset.live, value: node.value}), TYPING);
  });
  on('focusout', e => {
    if (painting || !e.target.form?.dataset.typed || !e.target.name || !written.has(e.target)) return;
    pending = e.target;
    flush(true);
  });

  on('click', e => {
    const section = e.target.closest('[data-section]');
    if (section) {
      e.preventDefault();
      const part = document.getElementById(section.dataset.section);
      part?.scrollIntoView({block: 'start'});
      const first = part?.querySelector('input:not([type=hidden]),select,textarea') ?? part?.querySelector('button');
      /** @type {HTMLElement | null | undefined} */ (first)?.focus({preventScroll: true});
      return;
    }
    const copied = e.target.closest('[data-copy]');
    if (copied) {
      navigator.clipboard?.writeText(copied.dataset.copy);
      copied.classList.add('copied');
      setTimeout(() => copied.classList.remove('copied'), 1200);
    }
    const node = e.target.closest('[data-do]');
    if (!node || node.matches('form,input,select,textarea')) return;
    if (node.nodeName !== 'A') e.preventDefault();
    if ('changes' in node.dataset) node.closest('form.guarded')?.classList.add('dirty');
    node.closest('[popover]')?.hidePopover();
    send(node);
  });
  on('submit', e => {
    e.preventDefault();
    send(e.target, {values: fields(e.target)});
  });
  on('change', e => {
    if (e.target.matches('select[data-do],input[data-do]'))
      send(e.target, {
        value: valueOf(e.target),
        ...(e.target.form && {values: fields(e.target.form)}), // so that what is typed outlives the redraw
      });
  });
  on('keydown', rove);
  on('keydown', answer);
  document.addEventListener('keydown', e => {
    if (!(e.ctrlKey || e.metaKey) || !(e.key.toLowerCase() === 's' || e.key === 'Enter')) return;
    const at = /** @type {Element} */ (e.target);
    const form = at.closest('form') ?? el.querySelector('form[data-typed]'); // the one form of a screen needs no focus
    if (!(form instanceof HTMLFormElement) || !el.contains(form)) return;
    e.preventDefault();
    form.requestSubmit();
  }, {signal});
  on('toggle', e => {
    if (e.target.matches?.('.crm-menu[popover]') && e.newState === 'open') place(el, e.target);
  }, {capture: true});
  document.addEventListener('scroll', () => markSection(el), {signal, capture: true, passive: true});

  attaching(model, el, signal);
  const sync = combos(el, signal);
  const paint = () => {
    const answered = model.get('answered');
    const at = document.activeElement;
    painting = true; // a field that is taken out loses the focus, and a form half drawn must not be told
    morph(el, parse(model.get('html')), field => (written.get(field) ?? 0) > answered);
    painting = false;
    if (at?.id && !at.isConnected) document.getElementById(at.id)?.focus();
    sync();
    markSection(el);
    const tab = /** @type {HTMLElement | null} */ (el.querySelector('.tabs [aria-selected=true]'));
    if (tab?.parentElement) tab.parentElement.scrollLeft = tab.offsetLeft - 16; // on a phone the tabs are wider than the screen
    const wanted = /** @type {HTMLElement | null} */ (el.querySelector('[autofocus]:not([data-focused])'));
    if (wanted) {
      wanted.dataset.focused = '1';
      wanted.focus();
    }
  };
  model.on('change:html', paint);
  model.on('msg:custom', (/** @type {any} */ m) => {
    if ('at' in m) for (const link of el.querySelectorAll('.nav-item[data-route]')) point(link, m.at);
    if (m.focus) setTimeout(() => /** @type {HTMLElement | null} */ (el.querySelector(m.focus))?.focus(), 30);
  });
  paint();
}

export default {render};
