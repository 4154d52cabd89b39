// @ts-check
// A file from the user's machine, dropped or picked, sent in slices that a web socket takes; each waits for the one before.
import {sendSlice} from './slices.js';

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
function render({model, el, signal}) {
  el.classList.add('crm-upload');
  const words = model.get('words');
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = model.get('accept');
  input.id = `upload-${Math.random().toString(36).slice(2)}`;
  input.className = 'sr';
  const zone = document.createElement('label');
  zone.htmlFor = input.id;
  zone.className = 'dropzone';
  const title = document.createElement('b');
  const hint = document.createElement('span');
  const bar = document.createElement('progress');
  bar.hidden = true;
  bar.max = 1;
  title.textContent = words.drop;
  hint.textContent = words.hint;
  bar.setAttribute('aria-label', words.sending);
  zone.append(title, hint, bar);
  el.append(input, zone);

  /** @type {File | null} */
  let file = null;
  /** @param {FileList | null | undefined} files */
  const take = files => {
    if (!files?.length || file) return;
    if (files[0].size > model.get('largest')) {
      model.send({event: 'too_large'});
      return;
    }
    file = files[0];
    bar.hidden = false;
    bar.value = 0;
    title.textContent = file.name;
    sendSlice(model, file, 0);
  };
  const done = () => {
    file = null;
    input.value = '';
    bar.hidden = true;
    title.textContent = words.drop;
  };
  input.addEventListener('change', () => take(input.files), {signal});
  zone.addEventListener('dragover', e => {
    e.preventDefault();
    zone.classList.add('over');
  }, {signal});
  zone.addEventListener('dragleave', () => zone.classList.remove('over'), {signal});
  zone.addEventListener('drop', e => {
    e.preventDefault();
    zone.classList.remove('over');
    take(e.dataTransfer?.files);
  }, {signal});
  model.on('msg:custom', (/** @type {any} */ m) => {
    if (m.next === undefined || !file) return;
    bar.value = file.size ? m.next / file.size : 1;
    if (m.next < file.size) sendSlice(model, file, m.next);
    else done();
  });
}

export default {render};
