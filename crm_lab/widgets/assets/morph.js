// @ts-check
// The page is changed in place, so that focus, caret, open menus and what is being typed survive a redraw.

/** @typedef {(field: Element) => boolean} Kept  Whether what the user wrote in a field is newer than the redraw. */

/** Make `to` look like `from`, keeping the nodes that are alike. @param {Node} to @param {Node} from @param {Kept} kept */
export function morph(to, from, kept) {
  const old = [...to.childNodes];
  const fresh = [...from.childNodes];
  fresh.forEach((node, i) => {
    const twin = old[i];
    if (!twin) to.appendChild(node);
    else if (twin.nodeName !== node.nodeName || idOf(twin) !== idOf(node)) twin.replaceWith(node);
    else if (node instanceof Text) {
      if (twin.nodeValue !== node.nodeValue) twin.nodeValue = node.nodeValue;
    } else if (node instanceof Element) alike(/** @type {Element} */ (twin), node, kept);
  });
  old.slice(fresh.length).forEach(node => node.remove());
}

/** @param {Element} twin @param {Element} node @param {Kept} kept */
function alike(twin, node, kept) {
  copyAttributes(twin, node, kept);
  const written = twin instanceof HTMLTextAreaElement ? twin.textContent : null;
  const chosen = twin instanceof HTMLSelectElement ? twin.value : null;
  morph(twin, node, kept);
  if (twin instanceof HTMLTextAreaElement && twin.textContent !== written && isOurs(twin, kept)) twin.value = twin.textContent ?? '';
  if (twin instanceof HTMLSelectElement && node instanceof HTMLSelectElement)
    twin.value = isOurs(twin, kept) ? node.value : chosen ?? '';
}

/** @param {Node} node */
const idOf = node => (node instanceof Element ? node.id : '');

/** Whether Python may write into a field. @param {Element} field @param {Kept} kept */
const isOurs = (field, kept) => field !== document.activeElement && !kept(field);

/** @param {Element} to @param {Element} from @param {Kept} kept */
function copyAttributes(to, from, kept) {
  const was = to.getAttribute('value');
  const ticked = to.hasAttribute('checked');
  if (to.classList.contains('dirty')) from.classList.add('dirty');
  for (const {name} of [...to.attributes]) if (!from.hasAttribute(name) && name !== 'data-focused') to.removeAttribute(name);
  for (const {name, value} of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  if (!(to instanceof HTMLInputElement && from instanceof HTMLInputElement) || !isOurs(to, kept)) return;
  // What the user typed or ticked stays, unless Python has something new to say.
  if (ticked !== from.hasAttribute('checked')) to.checked = from.checked;
  if (was !== from.getAttribute('value') && to.value !== from.value) to.value = from.value;
}

/** @param {string} html */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}
