// @ts-check
// The page is changed in place, so that focus, caret, open menus and what is being typed survive a redraw.

/** @typedef {(field: Element) => boolean} Kept  Whether what the user wrote in a field is newer than the redraw. */

/**
 * Make `to` look like `from`. An element with an id stays the same element wherever it stands, so that what comes or goes
 * above a field leaves the field alone; the others are paired in their order.
 * @param {Node} to @param {Node} from @param {Kept} kept
 */
export function morph(to, from, kept) {
  const known = new Map([...to.childNodes].filter(idOf).map(node => [idOf(node), node]));
  const wanted = new Set([...from.childNodes].map(idOf));
  /** @type {ChildNode | null} */ let at = to.firstChild;
  for (const node of [...from.childNodes]) {
    const id = idOf(node);
    let twin = id ? known.get(id) : at && !idOf(at) ? at : null;
    if (twin && twin.nodeName !== node.nodeName) {
      if (twin === at) at = at.nextSibling;
      twin.remove();
      twin = null;
    }
    if (id && twin) while (at && at !== twin && !(idOf(at) && wanted.has(idOf(at)))) at = removed(at);
    if (!twin || twin !== at) to.insertBefore(twin ?? node, at);
    else at = at.nextSibling;
    if (twin) renew(twin, node, kept);
  }
  while (at) at = removed(at);
}

/** @param {ChildNode} node */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** @param {Node} twin @param {Node} node @param {Kept} kept */
function renew(twin, node, kept) {
  if (node instanceof Element) alike(/** @type {Element} */ (twin), node, kept);
  else if (twin.nodeValue !== node.nodeValue) twin.nodeValue = node.nodeValue;
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
