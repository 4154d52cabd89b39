// @ts-check
// Moving in the calendar: by pointer, and the same by keyboard. What is drawn comes from Python; here it is only held.

const FAR = 4;
const PHONE = 700;

/** @typedef {{item: HTMLElement, x: number, y: number, grip: boolean, moving: boolean, from: Element | null, to: HTMLElement | null, by: number}} Held */

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.style.display = 'none';
  const step = model.get('step');
  const calendar = () => /** @type {HTMLElement | null} */ (document.querySelector('.cal'));
  /** @param {string} type @param {(e: any) => void} handler */
  const on = (type, handler) => document.addEventListener(type, handler, {signal, capture: true});
  /** @type {Held | null} */
  let held = null;
  let justMoved = false;

  /** Minutes of the clock for one pixel of a column. @param {Element} column */
  const scale = column => {
    const {first, last} = /** @type {HTMLElement} */ (calendar()).dataset;
    return ((Number(last) - Number(first)) * 60) / column.getBoundingClientRect().height;
  };
  /** @param {number} minutes */
  const snapped = minutes => Math.round(minutes / step) * step;
  /** @param {HTMLElement} item @param {string} day @param {number} minute @param {number} [minutes] */
  const move = (item, day, minute, minutes = 0) => model.send({event: 'move', key: item.dataset.key, day, minute, minutes});
  /** The day under a point. @param {number} x @param {number} y */
  const dayAt = (x, y) => {
    const found = document.elementsFromPoint(x, y).map(at => at.closest('.cal [data-day]'));
    return /** @type {HTMLElement | null} */ (found.find(Boolean) ?? null);
  };
  const release = () => {
    held?.item.classList.remove('held');
    if (held) Object.assign(held.item.style, {transform: '', marginBottom: ''});
    held = null;
  };

  on('pointerdown', e => {
    const item = e.target.closest?.('.cal [data-key]');
    if (!item || e.button || e.pointerType === 'touch') return; // a finger scrolls
    justMoved = false;
    held = {item, x: e.clientX, y: e.clientY, grip: Boolean(e.target.closest('.cal-grip')), moving: false, from: item.closest('[data-day]'), to: null, by: 0};
  });
  on('pointermove', e => {
    if (!held) return;
    const dx = e.clientX - held.x;
    const dy = e.clientY - held.y;
    if (!held.moving && Math.hypot(dx, dy) < FAR) return;
    held.moving = true;
    held.item.classList.add('held');
    const column = /** @type {Element} */ (held.from);
    const timed = held.item.dataset.from !== undefined;
    held.by = timed ? snapped(dy * scale(column)) : 0;
    const down = timed ? held.by / scale(column) : dy;
    if (held.grip) {
      held.item.style.marginBottom = `${-down}px`;
      held.item.style.transform = `scaleY(${Math.max(0.2, 1 + down / held.item.offsetHeight)})`;
      return;
    }
    held.to = dayAt(e.clientX, e.clientY) ?? held.to;
    const sideways = timed && held.to ? held.to.getBoundingClientRect().left - column.getBoundingClientRect().left : dx;
    held.item.style.transform = `translate(${sideways}px, ${down}px)`;
    e.preventDefault();
  });
  on('pointerup', () => {
    if (!held?.moving) return release();
    const {item, grip, to, by, from} = held;
    const day = (grip ? /** @type {HTMLElement} */ (from) : to)?.dataset.day ?? '';
    justMoved = true;
    release();
    const begins = Number(item.dataset.from ?? -1);
    if (grip) {
      const minutes = Math.max(step, Number(item.dataset.minutes) + by);
      if (by) move(item, day, begins, minutes);
    } else if (day && (by || day !== /** @type {HTMLElement} */ (from).dataset.day)) {
      move(item, day, begins < 0 ? -1 : Math.min(Math.max(begins + by, 0), 1425));
    }
  });
  on('pointercancel', release);
  on('dragstart', e => {
    if (e.target.closest?.('.cal')) e.preventDefault();
  });

  on('click', e => {
    if (justMoved) {
      justMoved = false;
      e.preventDefault();
      e.stopPropagation();
      return;
    }
    const place = e.target.closest?.('.cal [data-day]');
    if (!place || e.target !== place) return;
    const minute = place.matches('.cal-col')
      ? Math.floor((Number(calendar()?.dataset.first) * 60 + (e.clientY - place.getBoundingClientRect().top) * scale(place)) / 30) * 30
      : -1;
    model.send({event: 'new', day: place.dataset.day, minute: Math.min(minute, 1410), person: place.dataset.person ?? ''});
  });

  on('keydown', e => {
    if (e.key === 'Escape' && held) return release();
    const item = e.target.closest?.('.cal [data-key]');
    const days = {ArrowLeft: -1, ArrowRight: 1}[/** @type {string} */ (e.key)] ?? 0;
    const down = {ArrowUp: -1, ArrowDown: 1}[/** @type {string} */ (e.key)] ?? 0;
    if (!item || !e.altKey || !(days || down)) return;
    e.preventDefault(); // Alt and an arrow would leave the page
    const timed = item.dataset.from !== undefined;
    const day = item.closest('[data-day]').dataset.day;
    if (e.shiftKey) {
      if (timed && down) move(item, day, Number(item.dataset.from), Math.max(step, Number(item.dataset.minutes) + down * step));
      return;
    }
    const to = new Date(`${day}T12:00:00Z`);
    to.setUTCDate(to.getUTCDate() + days + (timed ? 0 : 7 * down));
    const minute = timed ? Math.min(Math.max(Number(item.dataset.from) + down * step, 0), 1425) : -1;
    move(item, to.toISOString().slice(0, 10), minute);
  });

  setTimeout(() => {
    if (innerWidth < PHONE && document.querySelector('.cal[data-cal=default]')) model.send({event: 'narrow'});
  }, 50);
}

export default {render};
