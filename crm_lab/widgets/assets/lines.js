// @ts-check
// The lines of an order: each a row of fields. A change sends that field, and only its row and the sums come back.

const FIELDS = ['number', 'text', 'quantity', 'unit', 'price', 'discount', 'vat_code'];

/** @param {string} tag @param {string} [cls] @param {string} [text] */
function make(tag, cls, text) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  if (text) node.textContent = text;
  return node;
}

/** A part of the table: it is drawn as a grid, and says that it is a table all the same. @param {string} tag @param {string} role @param {string} [cls] */
function part(tag, role, cls) {
  const node = make(tag, cls);
  node.setAttribute('role', role);
  return node;
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.classList.add('crm-lines');
  const words = model.get('words');
  const table = part('table', 'table', 'table lines');
  const head = table.appendChild(part('thead', 'rowgroup')).appendChild(part('tr', 'row'));
  for (const name of ['move', ...FIELDS, 'net', 'remove']) {
    const cell = part('th', 'columnheader', ['price', 'quantity', 'discount', 'net'].includes(name) ? `r ${name}` : name);
    cell.append(name === 'move' || name === 'remove' ? make('span', 'sr', words[name]) : words[name]);
    head.append(cell);
  }
  const body = table.appendChild(part('tbody', 'rowgroup'));
  const foot = make('div', 'lines-foot');
  const add = /** @type {HTMLButtonElement} */ (make('button', 'btn', words.add));
  add.type = 'button';
  const hint = make('span', 'muted keys', words.keys);
  const sums = make('dl', 'lines-sums');
  sums.setAttribute('aria-live', 'polite');
  const found = make('ul', 'lines-found');
  found.setAttribute('role', 'listbox');
  found.id = `found-${Math.random().toString(36).slice(2)}`;
  found.hidden = true;
  foot.append(add, hint, sums);
  el.append(table, found, foot);
  const isFixed = () => Boolean(model.get('fixed'));
  /** @type {Map<string, string>} what was last sent of a field */
  const sent = new Map();
  /** @type {HTMLInputElement | null} */
  let finding = null;
  let timer = 0;

  /** @param {any} row @param {string} name */
  const field = (row, name) => {
    const choices = {unit: model.get('units'), vat_code: model.get('codes')}[name];
    const node = /** @type {any} */ (make(choices ? 'select' : 'input', 'input'));
    for (const [value, text] of choices ?? []) node.append(new Option(text, value));
    node.value = row[name] ?? '';
    node.name = name;
    node.disabled = isFixed();
    node.autocomplete = 'off';
    node.setAttribute('aria-label', words[name]);
    if (['quantity', 'price', 'discount'].includes(name)) {
      node.inputMode = 'decimal';
      node.classList.add('r');
    }
    if (name === 'number' || name === 'text') {
      node.setAttribute('role', 'combobox');
      node.setAttribute('aria-expanded', 'false');
      node.setAttribute('aria-controls', found.id);
    }
    return node;
  };
  /** @param {string} name @param {string} sign */
  const button = (name, sign) => {
    const node = /** @type {HTMLButtonElement} */ (make('button', 'btn ghost icon sm', sign));
    node.type = 'button';
    node.dataset.do = name;
    node.title = words[name];
    node.setAttribute('aria-label', words[name]);
    node.disabled = isFixed();
    return node;
  };
  /** @param {any} row */
  const draw = row => {
    const tr = part('tr', 'row');
    tr.dataset.id = row.id;
    tr.draggable = false;
    const handle = button('move', '⠿');
    handle.draggable = true;
    tr.appendChild(part('td', 'cell', 'handle')).append(handle);
    for (const name of FIELDS) tr.appendChild(part('td', 'cell', name)).append(field(row, name));
    tr.appendChild(part('td', 'cell', 'r num net')).textContent = row.net;
    tr.appendChild(part('td', 'cell', 'r')).append(button('remove', '×'));
    fault(tr, row);
    return tr;
  };
  /** A sentence under the text of a line, or none. @param {HTMLElement} tr @param {string} cls @param {string} text */
  const say = (tr, cls, text) => {
    let told = tr.querySelector(`.${cls}`);
    if (!told && text) told = /** @type {HTMLElement} */ (tr.querySelector('td.text')).appendChild(make('span', cls));
    if (text && told) told.textContent = text;
    else told?.remove();
  };
  /** @param {HTMLElement} tr @param {any} row */
  const fault = (tr, row) => {
    for (const name of FIELDS) {
      const node = tr.querySelector(`[name=${name}]`);
      if (row.errors?.[name]) node?.setAttribute('aria-invalid', 'true');
      else node?.removeAttribute('aria-invalid');
    }
    say(tr, 'err', Object.values(row.errors ?? {}).join(' '));
    say(tr, 'warned', row.warning ?? '');
    const why = tr.querySelector('.why');
    if (row.why && !why) tr.querySelector('td.price')?.append(make('small', 'muted why', row.why));
    else if (why) why.textContent = row.why ?? '';
  };
  /** @param {string} id */
  const rowOf = id => /** @type {HTMLElement | null} */ (body.querySelector(`tr[data-id="${CSS.escape(id)}"]`));
  /** One row as Python has it now; a field somebody is in keeps what is typed. @param {any} row @param {boolean} all */
  const update = (row, all) => {
    const tr = rowOf(row.id);
    if (!tr) return;
    for (const name of FIELDS) {
      const node = /** @type {any} */ (tr.querySelector(`[name=${name}]`));
      if (node && node.value !== row[name] && (all || node !== document.activeElement)) node.value = row[name];
    }
    /** @type {HTMLElement} */ (tr.querySelector('.net')).textContent = row.net;
    fault(tr, row);
  };
  /** @param {[string, string, string][]} totals */
  const total = totals => {
    sums.replaceChildren(...totals.flatMap(([label, value, cls]) => [make('dt', cls, label), make('dd', `num ${cls}`, value)]));
  };
  /** @param {string} id @param {string} name */
  const focus = (id, name) => {
    const node = /** @type {HTMLInputElement | null | undefined} */ (rowOf(id)?.querySelector(`[name=${name}]`));
    node?.focus();
    if (node && 'select' in node) node.select();
  };
  const paint = () => {
    body.replaceChildren(...model.get('rows').map(draw));
    total(model.get('totals'));
    add.hidden = hint.hidden = isFixed();
    close();
  };

  const close = () => {
    found.hidden = true;
    finding?.setAttribute('aria-expanded', 'false');
    finding?.removeAttribute('aria-activedescendant');
    finding = null;
  };
  /** @param {any} message */
  const offer = message => {
    const node = /** @type {HTMLInputElement | null} */ (rowOf(message.id)?.querySelector(`[name=${message.field}]`) ?? null);
    if (!node || node !== document.activeElement || !message.found.length) return close();
    finding = node;
    found.replaceChildren(...message.found.map((/** @type {string[]} */ [id, number, name, price], /** @type {number} */ at) => {
      const item = make('li');
      item.setAttribute('role', 'option');
      item.id = `${found.id}-${at}`;
      item.dataset.product = id;
      item.append(make('span', 'muted num', number), make('span', '', name), make('span', 'num', price));
      return item;
    }));
    found.hidden = false;
    node.setAttribute('aria-expanded', 'true');
    const box = node.getBoundingClientRect();
    const own = el.getBoundingClientRect();
    found.style.left = `${box.left - own.left}px`;
    found.style.top = `${box.bottom - own.top + 2}px`;
  };
  /** @param {number} step */
  const choose = step => {
    const all = /** @type {HTMLElement[]} */ ([...found.children]);
    const at = all.findIndex(item => item.ariaSelected === 'true');
    all.forEach(item => item.setAttribute('aria-selected', 'false'));
    const next = all[(at + step + all.length) % all.length];
    next?.setAttribute('aria-selected', 'true');
    if (next) finding?.setAttribute('aria-activedescendant', next.id);
  };
  /** @param {HTMLElement | null | undefined} item */
  const pick = item => {
    const id = finding?.closest('tr')?.dataset.id;
    if (!item || !id) return;
    model.send({event: 'pick', id, product: item.dataset.product});
    close();
  };

  /** @param {any} node */
  const tell = node => {
    const id = node.closest('tr')?.dataset.id;
    if (!id || sent.get(`${id} ${node.name}`) === node.value) return;
    sent.set(`${id} ${node.name}`, node.value);
    model.send({event: 'edit', id, field: node.name, value: node.value});
  };
  /** @param {string} type @param {(e: any) => void} handler */
  const on = (type, handler) => el.addEventListener(type, handler, {signal});
  on('input', e => {
    if (!e.target.name) return;
    tell(e.target);
    clearTimeout(timer);
    const id = e.target.closest('tr')?.dataset.id;
    if (id && (e.target.name === 'number' || e.target.name === 'text'))
      timer = window.setTimeout(() => model.send({event: 'find', id, field: e.target.name, text: e.target.value}), 120);
  });
  on('focusout', e => {
    if (e.target === finding) setTimeout(close, 150);
  });
  on('mousedown', e => {
    const item = e.target.closest('.lines-found li');
    if (!item) return;
    e.preventDefault();
    pick(item);
  });
  on('click', e => {
    const id = e.target.closest('tr')?.dataset.id;
    if (e.target === add) model.send({event: 'add', after: ''});
    else if (id && e.target.closest('[data-do=remove]')) model.send({event: 'remove', id});
  });
  on('keydown', e => {
    const tr = e.target.closest('tr');
    const id = tr?.dataset.id;
    if (!id || isFixed()) return;
    if (finding && !found.hidden && ['ArrowDown', 'ArrowUp', 'Enter', 'Escape', 'Tab'].includes(e.key)) {
      const chosen = /** @type {HTMLElement | null} */ (found.querySelector('[aria-selected=true]'));
      if (e.key.startsWith('Arrow')) choose(e.key === 'ArrowDown' ? 1 : -1);
      else if (e.key === 'Escape') close();
      else if (chosen) pick(chosen);
      else close();
      if (e.key !== 'Tab' && (e.key !== 'Enter' || chosen)) e.preventDefault();
      if (e.key !== 'Enter' || chosen) return;
    }
    const name = e.target.name ?? 'number';
    const near = /** @type {HTMLElement | null} */ (e.key === 'ArrowUp' ? tr.previousElementSibling : tr.nextElementSibling);
    if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
      const to = [...body.children].indexOf(tr) + (e.key === 'ArrowUp' ? -1 : 1);
      if (near) model.send({event: 'move', id, to, field: name});
    } else if (e.ctrlKey && e.key === 'Delete') model.send({event: 'remove', id});
    else if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
      if (near) focus(near.dataset.id ?? '', name);
      else model.send({event: 'add', after: id});
    } else if ((e.key === 'ArrowUp' || e.key === 'ArrowDown') && e.target.nodeName === 'INPUT') {
      if (near) focus(near.dataset.id ?? '', name);
    } else return;
    e.preventDefault();
  });
  /** @type {HTMLElement | null} */
  let dragged = null;
  on('dragstart', e => {
    dragged = e.target.closest('tr');
    e.dataTransfer?.setDragImage(dragged, 8, 8);
  });
  on('dragover', e => {
    const over = e.target.closest?.('tbody tr');
    if (!dragged || !over) return;
    e.preventDefault();
    if (over !== dragged) body.insertBefore(dragged, [...body.children].indexOf(over) > [...body.children].indexOf(dragged) ? over.nextSibling : over);
  });
  on('dragend', () => {
    if (dragged) model.send({event: 'move', id: dragged.dataset.id, to: [...body.children].indexOf(dragged), field: ''});
    dragged = null;
  });

  model.on('change:rows', paint);
  model.on('msg:custom', (/** @type {any} */ m) => {
    if (m.row) update(m.row, Boolean(m.all));
    if (m.added) body.insertBefore(draw(m.added), body.children[m.at] ?? null);
    if (m.removed) rowOf(m.removed)?.remove();
    if (m.moved) {
      const tr = rowOf(m.moved);
      tr?.remove();
      if (tr) body.insertBefore(tr, body.children[m.at] ?? null);
    }
    if (m.totals) total(m.totals);
    if (m.found) offer(m);
    if (m.focus) focus(m.focus[0], m.focus[1]);
  });
  paint();
}

export default {render};
