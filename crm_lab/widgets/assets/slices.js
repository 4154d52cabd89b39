// @ts-check
// A file to Python, in slices that a web socket takes.

const SLICE = 4 << 20;

/** Send the slice that begins at byte `at`, with what else Python is to know. @param {any} model @param {File} file @param {number} at @param {object} [more] */
export async function sendSlice(model, file, at, more) {
  const part = await file.slice(at, at + SLICE).arrayBuffer();
  model.send({event: 'slice', ...more, name: file.name, size: file.size, at}, undefined, [part]);
}
