// @ts-check
// HTML from Python, events to Python. The page is changed in place, so that focus, caret and open menus survive.

/** Make `to` look like `from`, keeping the nodes that are alike. @param {Node} to @param {Node} from */
function morph(to, from) {
  const old = [...to.childNodes];
  const fresh = [...from.childNodes];
  fresh.forEach((node, i) => {
    const twin = old[i];
    if (!twin) to.appendChild(node);
    else if (twin.nodeName !== node.nodeName || idOf(twin) !== idOf(node)) twin.replaceWith(node);
    else if (node instanceof Text) {
      if (twin.nodeValue !== node.nodeValue) twin.nodeValue = node.nodeValue;
    } else if (node instanceof Element) {
      copyAttributes(/** @type {Element} */ (twin), node);
      morph(twin, node);
      if (node instanceof HTMLSelectElement && twin !== document.activeElement)
        /** @type {HTMLSelectElement} */ (twin).value = node.value;
    }
  });
  old.slice(fresh.length).forEach(node => node.remove());
}

/** @param {Node} node */
const idOf = node => (node instanceof Element ? node.id : '');

/** @param {Element} to @param {Element} from */
function copyAttributes(to, from) {
  const was = to.getAttribute('value');
  const ticked = to.hasAttribute('checked');
  if (to.classList.contains('dirty') || from.querySelector('[aria-invalid=true]')) from.classList.toggle('dirty', from.matches('form.guarded'));
  for (const {name} of [...to.attributes]) if (!from.hasAttribute(name) && name !== 'data-focused') to.removeAttribute(name);
  for (const {name, value} of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  if (to === document.activeElement) return;
  if (to instanceof HTMLInputElement && from instanceof HTMLInputElement) {
    // What the user typed or ticked stays, unless Python has something new to say.
    if (ticked !== from.hasAttribute('checked')) to.checked = from.checked;
    if (was !== from.getAttribute('value') && to.value !== from.value) to.value = from.value;
  }
}

/** @param {string} html */
function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

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

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.classList.add('crm-live');
  /** @param {string} type @param {(e: any) => void} handler @param {object} [options] */
  const on = (type, handler, options) => el.addEventListener(type, handler, {signal, ...options});
  /** @param {HTMLElement} node @param {object} [extra] */
  const send = (node, extra) => {
    const {do: action, ...data} = node.dataset;
    model.send({do: action, ...data, ...extra});
  };
  const paint = () => {
    morph(el, parse(model.get('html')));
    const wanted = /** @type {HTMLElement | null} */ (el.querySelector('[autofocus]:not([data-focused])'));
    if (wanted) {
      wanted.dataset.focused = '1';
      wanted.focus();
    }
  };
  on('click', e => {
    const node = e.target.closest('[data-do]');
    if (!node || node.matches('form,input,select,textarea')) return;
    if (node.nodeName !== 'A') e.preventDefault();
    node.closest('[popover]')?.hidePopover();
    send(node);
  });
  on('submit', e => {
    e.preventDefault();
    e.target.classList.remove('dirty');
    send(e.target, {values: fields(e.target)});
  });
  on('change', e => {
    if (e.target.matches('select[data-do],input[data-do]'))
      send(e.target, {
        value: e.target.type === 'checkbox' ? e.target.checked : e.target.value,
        ...(e.target.form && {values: fields(e.target.form)}), // so that what is typed outlives the redraw
      });
  });
  let timer = 0;
  on('input', e => {
    const form = e.target.closest('form.guarded');
    form?.classList.add('dirty');
    const node = e.target.closest('[data-live]');
    if (!node) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => model.send({do: node.dataset.live, value: node.value}), 120);
  });
  on('keydown', e => {
    rove(e);
    const form = e.target.closest('form');
    if (form && (e.ctrlKey || e.metaKey) && (e.key === 'Enter' || e.key.toLowerCase() === 's')) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  on('toggle', e => {
    if (e.target.matches?.('.crm-menu[popover]') && e.newState === 'open') place(el, e.target);
  }, {capture: true});
  model.on('change:html', paint);
  model.on('msg:custom', (/** @type {any} */ m) => {
    if (m.focus) setTimeout(() => /** @type {HTMLElement | null} */ (el.querySelector(m.focus))?.focus(), 30);
  });
  paint();
}

export default {render};
