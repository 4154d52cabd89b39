// @ts-check
// Elements, a pop-up menu of them, and what was ticked in one.

/** @param {string} tag @param {Record<string, any>} [props] @param {...any} kids */
export function h(tag, props = {}, ...kids) {
  const made = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k === 'text' ? (made.textContent = v) : made.setAttribute(k, v);
  made.append(...kids);
  return made;
}

/** The hidden columns of last time, `otherwise` the first time or where what is kept is no list. @param {string} key @param {string[]} otherwise @returns {string[]} */
export function remembered(key, otherwise) {
  try {
    const list = JSON.parse(localStorage.getItem(key) ?? 'null');
    return Array.isArray(list) ? list : otherwise;
  } catch {
    return otherwise;
  }
}

/** A pop-up menu in the top layer, where nothing clips it. @param {any[]} items @param {number} x @param {number} y @param {HTMLElement} host @param {(id: string | null) => void} done */
export function openMenu(items, x, y, host, done) {
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
    if (item.key) b.append(h('kbd', {text: item.key}));
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
