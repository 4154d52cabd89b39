// @ts-check
// A field with groups of hits below it: Tab changes group, arrows move, Enter opens. Questions are numbered; an answer to an
// older one is never shown.
import {h} from './menu.js';

const PAUSE = 90; // ms after the last key

/** Text with parts of it marked. @param {string} text @param {number[][]} marks @returns {(Node | string)[]} */
function marked(text, marks) {
  const parts = [];
  let at = 0;
  for (const [from, to] of marks) {
    parts.push(text.slice(at, from), h('mark', {text: text.slice(from, to)}));
    at = to;
  }
  return [...parts, text.slice(at)];
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  const words = model.get('words');
  const uid = `s${Math.random().toString(36).slice(2, 8)}`;
  const input = /** @type {HTMLInputElement} */ (h('input', {
    type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': `${uid}-list`, 'aria-autocomplete': 'list',
    'aria-label': words.label, 'aria-keyshortcuts': 'Control+K /', placeholder: words.placeholder, autocomplete: 'off',
    spellcheck: 'false', enterkeyhint: 'search', maxlength: '100',
  }));
  const box = h('div', {class: 'box', role: 'search'}, glass(), input, h('kbd', {text: words.key, 'aria-hidden': 'true'}));
  const tabs = h('div', {class: 'pop-tabs'});
  const list = h('div', {class: 'pop-list', role: 'listbox', id: `${uid}-list`, 'aria-label': words.hits});
  const none = h('div', {class: 'pop-none'});
  const pop = h('div', {class: 'crm-pop'}, tabs, none, list);
  const status = h('span', {class: 'sr', role: 'status'});
  pop.hidden = true;
  el.classList.add('crm-search');
  el.replaceChildren(box, pop, status);

  let asked = 0, shown = 0, group = 0, at = 0, timer = 0, leaving = 0;
  let byHand = false; // whether the user chose the group shown
  let hurried = false; // Enter came before the answer
  /** @type {any[]} */ let groups = [];

  const text = () => input.value.trim();
  const isOpen = () => !pop.hidden;
  const items = () => groups[group]?.items ?? [];
  /** @param {boolean} yes */
  function open(yes) {
    pop.hidden = !yes;
    input.setAttribute('aria-expanded', String(yes));
    if (!yes) input.removeAttribute('aria-activedescendant');
  }
  function close() {
    open(false);
    hurried = false;
  }
  function clear() {
    clearTimeout(timer);
    input.value = '';
    el.classList.remove('filled');
    asked += 1; // whatever is on its way is no longer wanted
    byHand = false;
    close();
  }
  function ask() {
    clearTimeout(timer);
    timer = 0;
    asked += 1;
    model.send({event: 'asked', n: asked, text: text()});
  }

  /** The groups, with how many hits each has. */
  function drawTabs() {
    tabs.replaceChildren(...groups.map((g, i) => {
      const tab = h('span', {class: `tab${i === group ? ' on' : ''}`, 'data-group': String(i)}, g.label, h('span', {class: 'n', text: g.state === 'loading' ? '…' : g.count}));
      if (g.state === 'away') tab.classList.add('away');
      return tab;
    }), h('span', {class: 'hintk', 'aria-hidden': 'true'}, h('kbd', {text: 'Tab'}), words.change));
  }

  /** @param {any} item @param {number} i */
  function row(item, i) {
    const face = item.face ? h('span', {class: 'av sq plus', text: item.face, 'aria-hidden': 'true'})
      : h('span', {class: `av h${item.hue} ${item.round ? '' : 'sq'}`, text: item.initials, 'aria-hidden': 'true'});
    const title = h('b', {}, ...marked(item.title, item.marks ?? []));
    return h('div', {class: `pop-item${item.face ? ' new' : ''}`, role: 'option', id: `${uid}-${i}`, 'data-i': String(i), 'aria-selected': String(i === at)},
      face, h('span', {class: 't'}, title, h('small', {text: item.sub})),
      ...(item.badge ? [h('span', {class: `pill ${item.tone ?? ''}`, text: item.badge})] : []),
      h('span', {class: 'go', text: `${item.verb} ↵`, 'aria-hidden': 'true'}));
  }

  function draw() {
    const its = items();
    at = Math.max(0, Math.min(at, its.length - 1));
    drawTabs();
    none.textContent = groups[group]?.note ?? '';
    none.hidden = !none.textContent;
    list.hidden = !its.length;
    list.replaceChildren(...its.map(row));
    if (its.length) {
      input.setAttribute('aria-activedescendant', `${uid}-${at}`);
      list.querySelector('[aria-selected=true]')?.scrollIntoView({block: 'nearest'});
    } else input.removeAttribute('aria-activedescendant');
  }
  const tell = () => { status.textContent = groups.map(g => `${g.label}: ${g.said}`).join(', '); };

  function answered() {
    const answer = model.get('answer');
    if (answer.n !== asked || !text()) return;
    const first = shown !== answer.n;
    const kept = first ? null : items()[at]?.id;
    groups = answer.groups;
    if (first && !byHand) group = Math.max(0, groups.findIndex(g => g.total));
    group = Math.min(group, groups.length - 1);
    if (first) at = 0;
    else if (kept != null) at = Math.max(0, items().findIndex((/** @type {any} */ t) => t.id === kept)); // the eye stays on its hit
    shown = answer.n;
    if (document.activeElement === input) open(true);
    draw();
    tell();
    if (hurried) choose(at);
  }

  /** @param {number} i */
  function choose(i) {
    const waiting = timer || shown !== asked;
    if (waiting) {
      if (timer) ask();
      hurried = true;
      return;
    }
    hurried = false;
    const item = items()[i];
    if (!item) return;
    model.send(item.isNew ? {event: 'create', group: groups[group].id, text: text()} : {event: 'choose', group: groups[group].id, id: item.id});
    clear();
    input.blur();
  }
  /** @param {number} step */
  function change(step) {
    if (!groups.length) return;
    group = (group + step + groups.length) % groups.length;
    byHand = true;
    at = 0;
    draw();
    status.textContent = `${groups[group].label}: ${groups[group].said}`;
  }

  const on = {signal};
  input.addEventListener('input', () => {
    clearTimeout(timer);
    hurried = false;
    el.classList.toggle('filled', Boolean(text()));
    if (!text()) {
      asked += 1;
      byHand = false;
      return close();
    }
    timer = window.setTimeout(ask, PAUSE);
  }, on);
  input.addEventListener('focus', () => {
    clearTimeout(leaving);
    if (text() && shown === asked) open(true);
  }, on);
  input.addEventListener('blur', () => { leaving = window.setTimeout(close, 120); }, on);
  input.addEventListener('keydown', e => {
    if (e.isComposing) return;
    if (e.key === 'Escape') {
      e.preventDefault();
      if (input.value) clear();
      else input.blur();
    } else if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && text()) {
      e.preventDefault();
      model.send({event: 'all', text: text()});
      clear();
      input.blur();
    } else if (e.key === 'Enter' && text()) {
      e.preventDefault();
      choose(at);
    } else if (e.key === 'Tab' && isOpen() && !e.ctrlKey && !e.altKey) {
      e.preventDefault();
      change(e.shiftKey ? -1 : 1);
    } else if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && isOpen()) {
      e.preventDefault();
      const n = items().length;
      if (n) at = (at + (e.key === 'ArrowDown' ? 1 : n - 1)) % n;
      draw();
    }
  }, on);
  box.addEventListener('click', () => input.focus(), on);
  pop.addEventListener('mousedown', e => e.preventDefault(), on); // the field keeps the focus
  pop.addEventListener('click', e => {
    const target = /** @type {Element} */ (e.target);
    const tab = /** @type {HTMLElement | null} */ (target.closest('[data-group]'));
    const item = /** @type {HTMLElement | null} */ (target.closest('[data-i]'));
    if (tab) change(Number(tab.dataset.group) - group);
    else if (item) choose(Number(item.dataset.i));
  }, on);
  document.addEventListener('keydown', e => {
    const typing = /** @type {Element} */ (e.target).closest?.('input,textarea,select,[contenteditable]');
    const slash = e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey;
    if (!slash && !(e.key.toLowerCase() === 'k' && (e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey)) return;
    e.preventDefault();
    input.focus();
    input.select();
  }, on);
  model.on('change:answer', answered);
}

function glass() {
  const box = document.createElement('span');
  box.className = 'glass';
  box.setAttribute('aria-hidden', 'true');
  return box;
}

export default {render};
