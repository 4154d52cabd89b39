// @ts-check
// Cards in columns: moved by dragging, by keys, or from a menu of the columns. What stands where is decided in Python.
import {h, openMenu} from './menu.js';

const FAR = 5; // pixels before a press is a drag

/** @typedef {{card: HTMLElement, ghost: HTMLElement | null, x: number, y: number, to: HTMLElement | null}} Held */

/** The parts of a card. @param {any} card @param {any} words @param {string} column */
function cardOf(card, words, column) {
  const marks = h('span', {class: 'kb-marks'});
  if (card.still) marks.append(h('span', {class: 'pill warn', text: card.still, title: words.still}));
  if (card.pushes) marks.append(h('span', {class: 'pill', text: card.pushes, title: words.pushes}));
  const more = h('button', {class: 'btn ghost icon sm', type: 'button', tabindex: '-1', 'aria-label': `${words.move}: ${card.title}`, title: words.move, 'aria-haspopup': 'menu'}, '⋯');
  return h('li', {class: `kb-card${card.still ? ' still' : ''}`, id: `kb-${card.id}`, 'data-id': card.id, 'data-column': column, tabindex: '-1', 'aria-label': card.label, 'aria-keyshortcuts': 'Enter M Alt+ArrowLeft Alt+ArrowRight'},
    h('span', {class: 'kb-top'}, h('b', {text: card.title}), more),
    h('span', {class: 'kb-sub', text: card.customer}),
    h('span', {class: 'kb-foot'},
      h('span', {class: `av ${card.hue}`, 'aria-hidden': 'true', title: card.owner, text: card.initials}),
      h('b', {class: 'num', text: card.amount}),
      h('span', {class: card.late ? 'kb-day late' : 'kb-day', text: card.day})),
    ...(marks.childElementCount ? [marks] : []));
}

/** A column with its head. @param {any} column @param {any} words */
function columnOf(column, words) {
  const cards = column.cards.map((/** @type {any} */ card) => cardOf(card, words, column.key));
  const list = h('ul', {class: 'kb-cards', 'aria-label': column.name}, ...cards);
  if (!cards.length) list.append(h('li', {class: 'kb-none', text: words.none}));
  if (column.more) list.append(h('li', {class: 'kb-none', text: column.more}));
  return h('section', {class: 'kb-column', 'data-key': column.key, 'aria-label': `${column.name}: ${column.sum}`},
    h('header', {}, h('span', {class: `kb-dot ${column.tone}`, 'aria-hidden': 'true'}), h('h2', {text: column.name}), h('span', {class: 'kb-n', text: column.n})),
    h('p', {class: 'kb-sum'}, h('b', {text: column.sum}), ...(column.weighted ? [h('span', {text: column.weighted, title: words.weighted})] : [])),
    list);
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  const words = model.get('words');
  const board = h('div', {class: 'kb', role: 'group', 'aria-label': words.board});
  const status = h('span', {class: 'sr', role: 'status'});
  el.classList.add('crm-board');
  el.replaceChildren(board, status);
  /** @type {Held | null} */ let held = null;
  let dragged = false;

  const columns = () => /** @type {any[]} */ (model.get('columns'));
  /** @param {Element} column @returns {HTMLElement[]} */
  const cardsIn = column => [...column.querySelectorAll('.kb-card')].map(card => /** @type {HTMLElement} */ (card));
  const all = () => cardsIn(board);
  /** One card of a column is in the order of Tab. @param {HTMLElement | undefined} card @param {boolean} [focus] */
  const stand = (card, focus = true) => {
    if (!card) return;
    cardsIn(/** @type {Element} */ (card.closest('.kb-column'))).forEach(other => other.setAttribute('tabindex', other === card ? '0' : '-1'));
    if (focus) card.focus();
    if (focus) card.scrollIntoView({block: 'nearest', inline: 'nearest'});
  };

  /** @param {HTMLElement} card @param {string} key */
  const move = (card, key) => {
    if (key === card.dataset.column) return;
    const name = columns().find(column => column.key === key)?.name ?? '';
    status.textContent = `${card.querySelector('b')?.textContent} → ${name}`;
    model.send({event: 'move', id: card.dataset.id, to: key});
  };
  /** @param {HTMLElement} card */
  const choose = card => {
    const items = columns().map(column => ({id: column.key, label: `${words.to} ${column.name}`, disabled: column.key === card.dataset.column}));
    const box = card.getBoundingClientRect();
    openMenu([...items, {id: '', label: words.open, key: 'Enter'}], box.left + 12, box.top + 28, board, id => {
      card.focus();
      if (id === '') model.send({event: 'show', id: card.dataset.id});
      else if (id) move(card, id);
    });
  };

  /** Up and down in a column, and to a neighbour that has cards. @param {HTMLElement} card @param {string} key */
  const go = (card, key) => {
    const all = /** @type {HTMLElement[]} */ ([...board.querySelectorAll('.kb-column')]);
    const here = /** @type {HTMLElement} */ (card.closest('.kb-column'));
    const at = cardsIn(here).indexOf(card);
    const step = {ArrowDown: 1, ArrowUp: -1}[key];
    if (step) return stand(cardsIn(here)[at + step]);
    const side = key === 'ArrowRight' ? 1 : -1;
    for (let n = all.indexOf(here) + side; all[n]; n += side) {
      const found = cardsIn(all[n]);
      if (found.length) return stand(found[Math.min(at, found.length - 1)]);
    }
    return undefined;
  };

  board.addEventListener('keydown', e => {
    const card = /** @type {HTMLElement} */ (e.target);
    if (!card.matches('.kb-card') || e.ctrlKey || e.metaKey) return;
    if (/^Arrow/.test(e.key)) {
      e.preventDefault();
      if (!e.altKey) return void go(card, e.key);
      const order = columns().map(column => column.key);
      const to = order[order.indexOf(card.dataset.column) + ({ArrowRight: 1, ArrowLeft: -1}[e.key] ?? 0)];
      if (to && !e.repeat) move(card, to);
    } else if (e.key === 'Enter') {
      e.preventDefault();
      model.send({event: 'show', id: card.dataset.id});
    } else if (/^(m|ContextMenu)$/i.test(e.key) || (e.key === 'F10' && e.shiftKey)) {
      e.preventDefault();
      choose(card);
    }
  }, {signal});

  board.addEventListener('click', e => {
    const card = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (e.target).closest('.kb-card'));
    if (!card || dragged) return;
    stand(card);
    if (/** @type {HTMLElement} */ (e.target).closest('button')) choose(card);
    else model.send({event: 'show', id: card.dataset.id});
  }, {signal});

  board.addEventListener('pointerdown', e => {
    dragged = false;
    const at = /** @type {HTMLElement} */ (e.target);
    const card = /** @type {HTMLElement | null} */ (at.closest('.kb-card'));
    if (!card || e.button || e.pointerType === 'touch' || at.closest('button')) return; // a finger scrolls; it has the menu
    held = {card, ghost: null, x: e.clientX, y: e.clientY, to: null};
  }, {signal});
  document.addEventListener('pointermove', e => {
    if (!held) return;
    const [dx, dy] = [e.clientX - held.x, e.clientY - held.y];
    if (!held.ghost) {
      if (Math.hypot(dx, dy) < FAR) return;
      lift(held);
    }
    e.preventDefault();
    /** @type {HTMLElement} */ (held.ghost).style.transform = `translate(${dx}px, ${dy}px) rotate(1.5deg)`;
    const under = document.elementsFromPoint(e.clientX, e.clientY).map(node => node.closest('.kb-column')).find(Boolean);
    held.to?.classList.remove('over');
    held.to = /** @type {HTMLElement | null} */ (under ?? null);
    held.to?.classList.add('over');
    const edge = board.getBoundingClientRect();
    if (e.clientX > edge.right - 40) board.scrollBy(14, 0);
    if (e.clientX < edge.left + 40) board.scrollBy(-14, 0);
  }, {signal});
  /** A copy of the card under the pointer. @param {Held} what */
  function lift(what) {
    const box = what.card.getBoundingClientRect();
    what.ghost = /** @type {HTMLElement} */ (what.card.cloneNode(true));
    what.ghost.removeAttribute('id');
    what.ghost.setAttribute('aria-hidden', 'true');
    what.ghost.classList.add('ghost');
    Object.assign(what.ghost.style, {left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`});
    el.append(what.ghost);
    what.card.classList.add('held');
    dragged = true;
  }
  /** @param {boolean} drop */
  const release = drop => {
    if (!held) return;
    const {card, ghost, to} = held;
    held = null;
    ghost?.remove();
    card.classList.remove('held');
    to?.classList.remove('over');
    if (drop && ghost && to?.dataset.key) move(card, to.dataset.key);
  };
  document.addEventListener('pointerup', () => release(true), {signal});
  document.addEventListener('pointercancel', () => release(false), {signal});
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape' && held) release(false);
  }, {signal});

  const paint = () => {
    const at = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.kb-card') ?? null);
    const focused = at && board.contains(at) ? at.id : '';
    const places = new Map([...board.querySelectorAll('.kb-column')].map(c => [/** @type {HTMLElement} */ (c).dataset.key, c.querySelector('.kb-cards')?.scrollTop ?? 0]));
    board.replaceChildren(...columns().map(column => columnOf(column, words)));
    if (board.querySelector('.kb-card')) board.removeAttribute('tabindex');
    else board.setAttribute('tabindex', '0');  // without cards nothing in it can be reached, and it scrolls
    for (const column of board.querySelectorAll('.kb-column'))
      /** @type {HTMLElement} */ (column.querySelector('.kb-cards')).scrollTop = places.get(/** @type {HTMLElement} */ (column).dataset.key) ?? 0;
    for (const column of board.querySelectorAll('.kb-column')) stand(cardsIn(column)[0], false);
    if (focused) stand(all().find(card => card.id === focused) ?? all()[0]);
  };
  model.on('change:columns', paint);
  paint();
}

export default {render};
