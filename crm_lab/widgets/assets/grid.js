// @ts-check
// A virtual table: column buffers in, places of the selected rows out. Sorting and filtering happen here.
const NO_DATE = -2147483648;
const fold = (/** @type {string} */ s) => s.toLowerCase();

/** A DataView may start on an odd offset: copy only then. @param {any} Type @param {DataView} view */
function buffer(Type, view) {
  if (!view) return new Type(0);
  const {byteOffset: at, byteLength: n} = view;
  return at % Type.BYTES_PER_ELEMENT
    ? new Type(view.buffer.slice(at, at + n))
    : new Type(view.buffer, at, n / Type.BYTES_PER_ELEMENT);
}

/** Columns by key: `get(i)` sorts, `text(i)` shows. @param {any[]} packed @param {string} locale */
function readColumns(packed, locale) {
  const collator = new Intl.Collator(locale, {numeric: true, sensitivity: 'base'});
  const money = new Intl.NumberFormat(locale, {minimumFractionDigits: 2, maximumFractionDigits: 2});
  const dates = new Intl.DateTimeFormat(locale, {day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC'});
  /** @type {Record<string, any>} */
  const out = {};
  for (const c of packed) out[c.key] = reader(c, {collator, money, dates});
  return out;
}

/** @param {any} c @param {any} format */
function reader(c, {collator, money, dates}) {
  if (c.kind === 'dict') {
    const codes = buffer(Int32Array, c.data);
    const rank = new Int32Array(c.dict.length);
    c.dict.map((/** @type {any} */ _, /** @type {number} */ i) => i)
      .sort((/** @type {number} */ a, /** @type {number} */ b) => collator.compare(c.dict[a], c.dict[b]))
      .forEach((/** @type {number} */ code, /** @type {number} */ r) => { rank[code] = r; });
    return {get: (/** @type {number} */ i) => (codes[i] < 0 ? -1 : rank[codes[i]]), text: (/** @type {number} */ i) => c.dict[codes[i]] ?? '', n: codes.length};
  }
  if (c.kind === 'utf8') {
    const offsets = buffer(Int32Array, c.offsets);
    const bytes = new Uint8Array(c.data.buffer, c.data.byteOffset, c.data.byteLength);
    const decoder = new TextDecoder();
    const n = offsets.length - 1;
    const texts = new Array(n);
    const text = (/** @type {number} */ i) => (texts[i] ??= decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])));
    /** @type {Int32Array | undefined} */ let rank;
    const ranks = () => {
      const order = Uint32Array.from({length: n}, (_, i) => i).sort((a, b) => collator.compare(text(a), text(b)));
      const made = new Int32Array(n);
      order.forEach((row, r) => { made[row] = r; });
      return made;
    };
    return {get: (/** @type {number} */ i) => (rank ??= ranks())[i], text, n};
  }
  const values = buffer(c.kind === 'f64' || c.kind === 'whole' ? Float64Array : Int32Array, c.data);
  const text = {
    date: (/** @type {number} */ i) => (values[i] === NO_DATE ? '' : dates.format(values[i] * 864e5)),
    f64: (/** @type {number} */ i) => money.format(values[i] / 100).replace('-', '\u2212'),
  }[/** @type {'date' | 'f64'} */ (c.kind)] ?? ((/** @type {number} */ i) => String(values[i]));
  return {get: (/** @type {number} */ i) => values[i], text, raw: values, n: values.length};
}

/** @param {string} tag @param {Record<string, any>} [props] @param {...any} kids */
function h(tag, props = {}, ...kids) {
  const made = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k === 'text' ? (made.textContent = v) : made.setAttribute(k, v);
  made.append(...kids);
  return made;
}

/** A pop-up menu in the top layer, where nothing clips it. @param {any[]} items @param {number} x @param {number} y @param {HTMLElement} host @param {(id: string | null) => void} done */
function openMenu(items, x, y, host, done) {
  const menu = h('div', {class: 'crm-menu', role: 'menu', popover: 'manual'});
  const close = (/** @type {string | null} */ id) => {
    document.removeEventListener('pointerdown', away, true);
    menu.remove();
    done(id);
  };
  const away = (/** @type {any} */ e) => { if (!menu.contains(e.target)) close(null); };
  const buttons = items.map(item => {
    const b = h('button', {class: 'crm-menu-item', role: item.checked === undefined ? 'menuitem' : 'menuitemcheckbox', type: 'button', tabindex: '-1'}, h('span', {text: item.label}));
    if (item.checked !== undefined) b.setAttribute('aria-checked', String(item.checked));
    if (item.checked) b.append('✓');
    if (item.disabled) b.setAttribute('aria-disabled', 'true');
    else b.onclick = () => close(item.id);
    menu.append(b);
    return b;
  });
  host.append(menu);
  menu.showPopover();
  const box = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - box.width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - box.height - 8))}px`;
  let at = Math.max(0, items.findIndex(t => !t.disabled));
  buttons[at]?.focus();
  menu.onkeydown = e => {
    e.stopPropagation();
    const step = {ArrowDown: 1, ArrowUp: buttons.length - 1}[e.key];
    if (step) {
      e.preventDefault();
      at = (at + step) % buttons.length;
      buttons[at].focus();
    } else if (e.key === 'Escape' || e.key === 'Tab') {
      e.preventDefault();
      close(null);
    }
  };
  document.addEventListener('pointerdown', away, true);
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  const words = model.get('words');
  const count = new Intl.NumberFormat(words.locale);
  const storage = `crm-columns-${model.get('label')}`;
  const all = model.get('columns');
  let hidden = new Set(JSON.parse(localStorage.getItem(storage) ?? '[]'));
  /** @type {any[]} */ let shown = [];
  /** @type {Record<string, any>} */ let cols = {};
  let n = 0, rowHeight = 34, anchor = -1, active = -1;
  let order = new Uint32Array(0);
  /** @type {Set<number>} */ const chosen = new Set();
  /** @type {HTMLElement[]} */ let pool = [];
  const uid = `g${Math.random().toString(36).slice(2, 8)}`;
  const head = h('div', {class: 'crm-grid-head', role: 'row', 'aria-rowindex': '1'});
  const space = h('div', {class: 'crm-grid-space', role: 'rowgroup'});
  const scroller = h('div', {class: 'crm-grid-scroll', role: 'grid', tabindex: '0', 'aria-multiselectable': 'true', 'aria-label': model.get('label')},
    h('div', {class: 'crm-grid-headwrap', role: 'rowgroup'}, head), space);
  const empty = h('div', {class: 'crm-empty'}, h('b', {text: model.get('empty')}), h('span', {text: model.get('empty_hint')}));
  const status = h('span', {role: 'status'});
  const picker = h('button', {type: 'button', class: 'btn ghost sm', text: words.columns, 'aria-haspopup': 'menu'});
  const foot = h('div', {class: 'crm-grid-foot'}, status, picker, h('span', {class: 'keys', text: words.keys}));
  const bar = h('div', {class: 'crm-bar', role: 'toolbar', 'aria-label': words.selected, hidden: ''});
  const root = h('div', {class: 'crm-grid', 'data-lm-suppress-shortcuts': 'true'}, scroller, foot, bar);
  el.append(root);
  el.classList.add('fill');

  function layout() {
    shown = all.filter((/** @type {any} */ d) => !hidden.has(d.key));
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
  function load() {
    cols = readColumns(model.get('data') ?? [], words.locale);
    n = Object.values(cols)[0]?.n ?? 0;
    chosen.clear();
    anchor = active = -1;
    arrange();
  }
  /** Filter, sort, and paint from there. */
  function arrange() {
    const tokens = fold(model.get('filter')).split(/\s+/).filter(Boolean);
    const readers = all.map((/** @type {any} */ d) => cols[d.key]).filter(Boolean);
    const keep = [];
    for (let i = 0; i < n; i++) {
      if (!tokens.length) { keep.push(i); continue; }
      const text = fold(readers.map((/** @type {any} */ r) => r.text(i)).join(' '));
      if (tokens.every(t => text.includes(t))) keep.push(i);
    }
    const [key, direction] = model.get('sort') ?? [];
    const was = active >= 0 ? order[active] : -1;
    order = Uint32Array.from(keep);
    const column = cols[key];
    if (column) {
      const sortKeys = new Float64Array(n);
      for (const i of order) sortKeys[i] = column.get(i);
      order.sort((a, b) => direction * (sortKeys[a] - sortKeys[b]) || a - b);
    }
    for (const cell of head.children) {
      const on = /** @type {HTMLElement} */ (cell).dataset.key === key;
      cell.setAttribute('aria-sort', on ? (direction === 1 ? 'ascending' : 'descending') : 'none');
    }
    anchor = active = was >= 0 ? order.indexOf(was) : -1;
    scroller.setAttribute('aria-rowcount', String(order.length + 1));
    measure();
    empty.remove();
    if (!order.length) root.insertBefore(empty, foot);
    paint();
    footer();
  }
  function measure() {
    rowHeight = parseFloat(getComputedStyle(root).getPropertyValue('--row-h')) || 34;
    space.style.height = `${order.length * rowHeight}px`;
  }
  function newRow() {
    const row = h('div', {class: 'crm-tr', role: 'row'});
    for (const d of shown) row.append(h('div', {class: `crm-td ${d.kind ?? ''}`, role: 'gridcell', ...(d.phone && {'data-phone': d.phone})}, h('span')));
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
    shown.forEach((d, c) => {
      const span = /** @type {HTMLElement} */ (row.children[c].firstChild);
      const text = cols[d.key]?.text(i) ?? '';
      const value = d.map ? d.map[text] ?? text : text;
      if (span.textContent !== value) span.textContent = value;
      if (d.kind === 'tag') span.dataset.tag = text;
      if (d.lock) row.children[c].classList.toggle('locked', cols[d.lock]?.raw[i] === 1);
    });
  }
  let frame = 0;
  const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; paint(); }); };

  function footer() {
    const total = count.format(n);
    status.textContent = order.length === n ? `${total} ${words.rows}` : `${count.format(order.length)} ${words.of} ${total} ${words.rows}`;
    bar.hidden = !chosen.size || !(model.get('menu').length || model.get('sum_key'));
    bar.style.display = bar.hidden ? 'none' : '';
    if (bar.hidden) return;
    bar.replaceChildren(h('span', {role: 'status', text: `${count.format(chosen.size)} ${words.selected}`}));
    const raw = cols[model.get('sum_key')]?.raw;
    if (raw) {
      let sum = 0; // øre: whole numbers, exact to 2^53
      for (const i of chosen) sum += raw[i];
      const text = new Intl.NumberFormat(words.locale, {minimumFractionDigits: 2}).format(sum / 100).replace('-', '\u2212');
      bar.append(h('span', {class: 'sum', text: `${words.sum} ${text}`}));
    }
    for (const item of model.get('menu')) {
      const b = h('button', {type: 'button', text: item.label, ...(item.disabled && {disabled: ''})});
      b.onclick = () => model.send({event: 'menu', id: item.id});
      bar.append(b);
    }
    const x = h('button', {type: 'button', class: 'x', 'aria-label': words.clear, text: '✕'});
    x.onclick = () => { chosen.clear(); changed(); scroller.focus(); };
    bar.append(x);
  }
  let timer = 0;
  function changed() {
    later();
    footer();
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      model.set('selected', new DataView(Int32Array.from(chosen).buffer));
      model.save_changes();
    }, 30);
  }
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
  const rowMenu = (/** @type {number} */ x, /** @type {number} */ y) => openMenu(model.get('menu'), x, y, root, id => {
    scroller.focus({preventScroll: true});
    if (id) model.send({event: 'menu', id});
  });
  const on = (/** @type {HTMLElement} */ node, /** @type {string} */ type, /** @type {(e: any) => void} */ f) => node.addEventListener(type, f, {signal});

  on(space, 'mousedown', e => { if (e.shiftKey) e.preventDefault(); });
  on(space, 'click', e => {
    const at = placeOf(e);
    if (at < 0) return;
    if (matchMedia('(pointer: coarse)').matches && !model.get('menu').length) return open(at);
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
    if (e.key === 'ArrowUp' && active <= 0) { e.preventDefault(); /** @type {HTMLElement} */ (head.firstElementChild)?.focus(); }
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
  layout();
  load();
}

export default {render};
