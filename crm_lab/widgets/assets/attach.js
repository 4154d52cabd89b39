// @ts-check
// Files for a form: chosen, dropped on it or pasted into it, sent one after the other in slices that a web socket takes.
import {sendSlice} from './slices.js';

/** @param {any} model @param {HTMLElement} el @param {AbortSignal} signal */
export function attaching(model, el, signal) {
  /** @type {{file: File, to: string}[]} */
  const queue = [];

  /** The input of a form that files can be put on. @param {any} at @returns {HTMLInputElement | null} */
  const inputOf = at => at.closest?.('form')?.querySelector('[data-attach]') ?? null;

  const send = (/** @type {number} */ at) => {
    const {file, to} = queue[0];
    show(file.size ? at / file.size : 0);
    sendSlice(model, file, at, {to}).catch(next); // a file that cannot be read is passed over
  };
  const next = () => {
    show(null);
    queue.shift();
    if (queue.length) send(0);
  };
  /** @param {number | null} part */
  const show = part => {
    const input = queue[0] && el.querySelector(`[data-attach="${CSS.escape(queue[0].to)}"]`);
    const bar = input?.closest('form')?.querySelector('progress');
    if (!bar) return;
    bar.hidden = part === null;
    bar.value = part ?? 0;
  };
  /** @param {HTMLInputElement | null} input @param {FileList | null | undefined} files */
  const take = (input, files) => {
    if (!input || !files?.length) return false;
    const idle = !queue.length;
    queue.push(...[...files].map(file => ({file, to: input.dataset.attach ?? ''})));
    if (idle) send(0);
    return true;
  };

  /** @param {string} type @param {(e: any) => void} handler */
  const on = (type, handler) => el.addEventListener(type, handler, {signal});
  on('change', e => {
    if (!e.target.matches('[data-attach]')) return;
    take(e.target, e.target.files);
    e.target.value = '';
  });
  on('paste', e => {
    if (take(inputOf(e.target), e.clipboardData?.files)) e.preventDefault();
  });
  on('dragover', e => {
    if (!inputOf(e.target) || !e.dataTransfer?.types.includes('Files')) return;
    e.preventDefault();
    e.target.closest('form').classList.add('over');
  });
  on('dragleave', e => e.target.closest?.('form')?.classList.remove('over'));
  on('drop', e => {
    e.target.closest?.('form')?.classList.remove('over');
    if (take(inputOf(e.target), e.dataTransfer?.files)) e.preventDefault();
  });
  model.on('msg:custom', (/** @type {any} */ m) => {
    if (m.next === undefined || !queue.length) return;
    if (m.next < 0 || m.next >= queue[0].file.size) next();
    else send(m.next);
  });
}
