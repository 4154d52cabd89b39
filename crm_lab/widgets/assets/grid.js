// @ts-check
// A virtual table: column buffers in, places of the selected rows out. Sorting and filtering happen here.
import {readColumns} from './columns.js';
import {h, openMenu, remembered} from './menu.js';
import {inOrder} from './order.js';
import {drawBar, fits, sums, sumText} from './selection.js';

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)/, NATIONAL = /^\+47(\d\d)(\d\d)(\d\d)(\d\d)$/;
const fold = (/** @type {string} */ s) => s.toLowerCase();
/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  const words = model.get('words');
  const count = new Intl.NumberFormat(words.locale);
  const storage = `crm-columns-${model.get('label')}`;
  const all = model.get('columns');
  const hidden = new Set(remembered(storage, all.filter((/** @type {any} */ d) => d.rare).map((/** @type {any} */ d) => d.key)));
  /** @type {any[]} */ let shown = [];
  /** @type {Record<string, any>} */ let cols = {};
  let n = 0, rowHeight = 34, anchor = -1, active = -1;
  let order = new Uint32Array(0);
  let banded = new Uint8Array(0); // every other match, where the rows are sorted by them
  /** @type {string[]} */ let folded = []; // what a filter looks through, made once a row
  /** @type {Set<number>} */ const chosen = new Set();
  /** @type {HTMLElement[]} */ let pool = [];
  const uid = `g${Math.random().toString(36).slice(2, 8)}`;
  const head = h('div', {class: 'crm-grid-head', role: 'row', 'aria-rowindex': '1'});
  const space = h('div', {class: 'crm-grid-space', role: 'rowgroup'});
  const scroller = h('div', {class: 'crm-grid-scroll', role: 'grid', tabindex: '0', 'aria-multiselectable': 'true', 'aria-label': model.get('label')},
    h('div', {class: 'crm-grid-headwrap', role: 'rowgroup'}, head), space);
  const empty = h('div', {class: 'crm-empty'}, h('b', {text: model.get('empty')}), h('span', {text: model.get('empty_hint')}));
  const status = h('span', {role: 'status'});
  const filtered = h('span', {class: 'total', role: 'status'});
  const picker = h('button', {type: 'button', class: 'btn ghost sm', text: words.columns, 'aria-haspopup': 'menu'});
  const foot = h('div', {class: 'crm-grid-foot'}, status, filtered, picker, h('span', {class: 'keys', text: words.keys}));
  const bar = h('div', {class: 'crm-bar', role: 'toolbar', 'aria-label': words.selected, hidden: ''});
  const root = h('div', {class: 'crm-grid', 'data-lm-suppress-shortcuts': 'true'}, scroller, foot, bar);
  el.append(root);
  el.classList.add('fill');

  /** A spare column takes no room while no row says anything in it. */
  const wanted = () => all.filter((/** @type {any} */ d) => !hidden.has(d.key) && (!d.spare || cols[d.key]?.says));
  function layout() {
    shown = wanted();
    root.style.setProperty('--cols', shown.map(d => (d.width ? `${d.width}px` : `minmax(${d.min ?? 96}px, ${d.grow ?? 1}fr)`)).join(' '));
    root.style.setProperty('--min', `${shown.reduce((sum, d) => sum + (d.width ?? d.min ?? 96), 0) + 28}px`);
    head.replaceChildren(...shown.map(d => {
      const cell = h('div', {class: `crm-th ${d.kind ?? ''}`, role: 'columnheader', tabindex: '-1', 'data-key': d.key, 'aria-sort': 'none', title: `${words.sort} ${d.label}`}, h('span', {text: d.label}));
      cell.onclick = () => sortBy(d.key);
      return cell;
    }));
    pool.forEach(r => r.remove());
    pool = [];
    arrange();
  }
  /** @param {string} key */
  function sortBy(key) {
    const [now, direction] = model.get('sort') ?? [];
    model.set('sort', [key, now === key && direction === 1 ? -1 : 1]);
    model.save_changes();
  }
  /** What tells a row from others, also after a reload. @param {number} i */
  const keyOf = i => cols[model.get('identity')]?.raw[i] ?? i;
  function load() {
    const kept = new Set(model.get('identity') ? [...chosen].map(keyOf) : []);
    cols = readColumns(model.get('data') ?? [], words.locale);
    n = Object.values(cols)[0]?.n ?? 0;
    folded = new Array(n);
    chosen.clear();
    for (let i = 0; kept.size && i < n; i++) if (kept.has(keyOf(i))) chosen.add(i);
    const at = active;
    anchor = active = -1;
    wanted().length === shown.length ? arrange() : layout();
    anchor = active = Math.min(at, order.length - 1); // who works down a list goes on where the row was
    if (kept.size && !chosen.size && active >= 0 && model.get('advance')) choose(active, {});
    else kept.size ? changed() : later();
  }
  /** What the cell says. @param {any} d @param {number} i @returns {string} */
  function display(d, i) {
    const text = cols[d.key]?.text(i) ?? '';
    if (d.dash && cols[d.key].raw[i] === 0) return '–';
    if (d.kind === 'moment') return text.replace(MOMENT, '$3.$2.$1');
    return d.kind === 'phone' ? text.replace(NATIONAL, '$1 $2 $3 $4') : d.map?.[text] ?? text;
  }
  /** Filter, sort, and paint from there. */
  function arrange() {
    const tokens = fold(model.get('filter')).split(/\s+/).filter(Boolean);
    const keep = [];
    for (let i = 0; i < n; i++) {
      if (!tokens.length) { keep.push(i); continue; }
      const text = (folded[i] ??= fold(all.map((/** @type {any} */ d) => (d.kind === 'phone' ? `${display(d, i)} ${cols[d.key].text(i)}` : display(d, i))).join(' ')));
      if (tokens.every(t => text.includes(t))) keep.push(i);
    }
    const [key, direction] = model.get('sort') ?? [];
    const was = active >= 0 ? order[active] : -1;
    order = Uint32Array.from(keep);
    const column = cols[key];
    if (column) {
      const sortKeys = new Float64Array(n);
      for (const i of order) sortKeys[i] = column.get(i);
      order = inOrder(order, sortKeys, direction);
    }
    for (const cell of head.children) {
      const on = /** @type {HTMLElement} */ (cell).dataset.key === key;
      cell.setAttribute('aria-sort', on ? (direction === 1 ? 'ascending' : 'descending') : 'none');
    }
    banded = new Uint8Array(0);
    if (column && key === model.get('band')) {
      banded = new Uint8Array(order.length);
      for (let at = 1; at < order.length; at++) banded[at] = banded[at - 1] ^ Number(column.get(order[at]) !== column.get(order[at - 1]));
    }
    anchor = active = was >= 0 ? order.indexOf(was) : -1;
    scroller.setAttribute('aria-rowcount', String(order.length + 1));
    measure();
    empty.remove();
    if (!order.length && model.get('data').length) root.insertBefore(empty, foot); // no columns: rows are on their way
    paint();
    footer();
  }
  function measure() {
    rowHeight = parseFloat(getComputedStyle(root).getPropertyValue('--row-h')) || 34;
    space.style.height = `${order.length * rowHeight}px`;
  }
  function newRow() {
    const row = h('div', {class: 'crm-tr', role: 'row'});
    for (const d of shown) row.append(h('div', {class: `crm-td ${d.kind ?? ''} ${d.opens ? 'opens' : ''}`, role: 'gridcell', ...(d.phone && {'data-phone': d.phone})}, h('span')));
    space.append(row);
    return row;
  }
  function paint() {
    const start = Math.max(0, Math.min(order.length, Math.floor(scroller.scrollTop / rowHeight) - 3));
    const want = Math.min(Math.ceil(scroller.clientHeight / rowHeight) + 8, order.length - start);
    while (pool.length < want) pool.push(newRow());
    pool.forEach((row, p) => {
      row.hidden = p >= want;
      if (row.hidden) { row.removeAttribute('id'); return; }
      fill(row, start + p);
    });
    if (active >= 0) scroller.setAttribute('aria-activedescendant', `${uid}-${active}`);
  }
  /** @param {HTMLElement} row @param {number} at */
  function fill(row, at) {
    const i = order[at];
    row.id = `${uid}-${at}`;
    row.dataset.at = String(at);
    row.style.transform = `translateY(${at * rowHeight}px)`;
    row.setAttribute('aria-rowindex', String(at + 2));
    row.setAttribute('aria-selected', String(chosen.has(i)));
    row.classList.toggle('active', at === active);
    row.classList.toggle('band', banded[at] === 1);
    shown.forEach((d, c) => {
      const span = /** @type {HTMLElement} */ (row.children[c].firstChild);
      const value = display(d, i);
      if (span.textContent !== value) span.textContent = value;
      if (d.kind === 'tag') span.dataset.tag = cols[d.key]?.text(i) ?? '';
      if (d.late) row.children[c].classList.toggle('late', cols[d.late]?.raw[i] === 1);
      if (d.lock) row.children[c].classList.toggle('locked', cols[d.lock]?.raw[i] === 1);
    });
  }
  let frame = 0;
  const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; paint(); }); };

  function footer() {
    const total = count.format(n);
    const whole = `${total} ${n === 1 ? words.row : words.rows}`;
    const key = model.get('sum_key');
    const sum = (/** @type {Iterable<number>} */ rows) => `${words.sum} ${sumText(sums(cols, key, model.get('sum_by'), rows), words.locale, 'NOK')}`;
    status.textContent = order.length === n ? whole : `${count.format(order.length)} ${words.of} ${whole}`;
    filtered.textContent = cols[key] && order.length ? sum(order) : '';
    const menu = model.get('menu');
    bar.hidden = !chosen.size || !(menu.length || key);
    bar.style.display = bar.hidden ? 'none' : '';
    if (bar.hidden) return;
    drawBar(bar, words, {
      rows: chosen.size, sum: cols[key] ? sum(chosen) : '', act,
      menu: menu.map((/** @type {any} */ item) => ({...item, disabled: !fits(item, cols, chosen)})),
      clear: () => { chosen.clear(); changed(); scroller.focus(); },
    });
  }
  let timer = 0;
  const marks = () => new DataView(Int32Array.from(chosen, keyOf).buffer);
  function tell() {
    model.set('selected', marks());
    model.save_changes();
  }
  function changed() {
    later();
    footer();
    clearTimeout(timer);
    timer = window.setTimeout(tell, 30);
  }
  /** An action goes with the selection: a changed trait may wait behind an earlier one. @param {string} id */
  const act = id => model.send({event: 'menu', id}, undefined, [marks()]);
  /** One click or arrow key. @param {number} at @param {{ctrl?: boolean, shift?: boolean}} keys */
  function choose(at, {ctrl = false, shift = false}) {
    const i = order[at];
    if (shift && anchor >= 0) {
      if (!ctrl) chosen.clear();
      for (let k = Math.min(anchor, at); k <= Math.max(anchor, at); k++) chosen.add(order[k]);
    } else if (ctrl) {
      if (!chosen.delete(i)) chosen.add(i);
      anchor = at;
    } else {
      chosen.clear();
      chosen.add(i);
      anchor = at;
    }
    active = at;
    changed();
  }
  /** @param {number} at */
  function reveal(at) {
    const top = at * rowHeight, height = scroller.clientHeight - head.offsetHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight > scroller.scrollTop + height) scroller.scrollTop = top + rowHeight - height;
  }
  const placeOf = (/** @type {any} */ e) => Number(e.target.closest?.('.crm-tr')?.dataset.at ?? -1);
  const open = (/** @type {number} */ at) => model.send({event: 'open', row: order[at]});
  const rowMenu = (/** @type {number} */ x, /** @type {number} */ y) => {
    const items = model.get('menu').map((/** @type {any} */ item) => ({...item, disabled: !fits(item, cols, chosen)}));
    openMenu(items, x, y, root, id => {
      scroller.focus({preventScroll: true});
      if (id) act(id);
    });
  };
  const on = (/** @type {HTMLElement} */ node, /** @type {string} */ type, /** @type {(e: any) => void} */ f) => node.addEventListener(type, f, {signal});

  on(space, 'mousedown', e => { if (e.shiftKey) e.preventDefault(); });
  on(space, 'click', e => {
    const at = placeOf(e);
    if (at < 0) return;
    if (matchMedia('(pointer: coarse)').matches && !model.get('menu').length) return open(at);
    if (e.target.closest('.opens > span') && !e.ctrlKey && !e.metaKey && !e.shiftKey) return open(at);
    choose(at, {ctrl: e.ctrlKey || e.metaKey, shift: e.shiftKey});
    scroller.focus({preventScroll: true});
  });
  on(space, 'dblclick', e => { const at = placeOf(e); if (at >= 0) open(at); });
  on(space, 'contextmenu', e => {
    const at = placeOf(e);
    if (at < 0 || !model.get('menu').length) return;
    e.preventDefault();
    e.stopPropagation();
    if (!chosen.has(order[at])) choose(at, {});
    rowMenu(e.clientX, e.clientY);
  });
  on(picker, 'click', () => {
    const box = picker.getBoundingClientRect();
    const items = all.map((/** @type {any} */ d) => ({id: d.key, label: d.label, checked: !hidden.has(d.key), disabled: d.fixed}));
    openMenu(items, box.left, box.top - 8, root, id => {
      picker.focus();
      if (!id) return;
      if (!hidden.delete(id)) hidden.add(id);
      localStorage.setItem(storage, JSON.stringify([...hidden]));
      layout();
    });
  });
  on(head, 'keydown', e => {
    const cell = /** @type {HTMLElement} */ (e.target);
    const next = {ArrowRight: cell.nextElementSibling, ArrowLeft: cell.previousElementSibling, ArrowDown: scroller}[/** @type {'ArrowRight'} */ (e.key)];
    e.stopPropagation();
    if (next) { e.preventDefault(); /** @type {HTMLElement} */ (next).focus(); }
    else if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); sortBy(cell.dataset.key ?? ''); }
  });
  on(scroller, 'keydown', e => {
    const last = order.length - 1, page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
    const to = {ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: last}[/** @type {'Home'} */ (e.key)];
    const item = chosen.size && !e.ctrlKey && !e.metaKey && !e.altKey && model.get('menu').find((/** @type {any} */ m) => m.key === e.key.toUpperCase());
    if (item) { e.stopPropagation(); if (fits(item, cols, chosen)) act(item.id); }
    else if (e.key === 'ArrowUp' && active <= 0) { e.preventDefault(); /** @type {HTMLElement} */ (head.firstElementChild)?.focus(); }
    else if (to !== undefined && last >= 0) {
      e.preventDefault();
      const at = Math.max(0, Math.min(last, to));
      if (e.ctrlKey && !e.shiftKey) { active = at; later(); } else choose(at, {shift: e.shiftKey});
      reveal(at);
    } else if (e.key === ' ' && active >= 0) { e.preventDefault(); choose(active, {ctrl: true}); }
    else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'a') { e.preventDefault(); for (const i of order) chosen.add(i); changed(); }
    else if (e.key === 'Escape' && chosen.size) { chosen.clear(); changed(); }
    else if (e.key === 'Enter' && active >= 0) open(active);
    else if ((e.key === 'ContextMenu' || (e.shiftKey && e.key === 'F10')) && active >= 0 && model.get('menu').length) {
      e.preventDefault();
      const box = document.getElementById(`${uid}-${active}`)?.getBoundingClientRect();
      if (box) rowMenu(box.left + 48, box.bottom);
    }
  });
  scroller.addEventListener('scroll', later, {passive: true, signal});
  const observer = new ResizeObserver(() => { measure(); later(); });
  observer.observe(scroller);
  signal.addEventListener('abort', () => observer.disconnect());
  model.on('change:data', load);
  model.on('change:sort', arrange);
  model.on('change:filter', arrange);
  model.on('change:menu', footer);
  model.on('msg:custom', (/** @type {any} */ m) => {
    if (m.rows) model.send({event: 'rows'}, undefined, [new DataView(Int32Array.from(order).buffer)]);
  });
  layout();
  load();
  model.send({event: 'ready'});
}

export default {render};
