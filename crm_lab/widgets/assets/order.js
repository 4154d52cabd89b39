// @ts-check
// Rows in order: by numbers, and by Norwegian text at a tenth of a collator's price.
const AFTER_Z = [['æ', '{'], ['ä', '{'], ['ø', '|'], ['ö', '|'], ['å', '}'], ['aa', '}']];
const FOREIGN = /[^\x00-\x7f]/;
const BITS = 53, CHAR_BITS = 7, OTHER = 127, FEW = 40;

/** What to compare a text by: Norwegian order for letters, that of their numbers for digits. @param {string} text */
export function sortKey(text) {
  let key = text.toLowerCase();
  for (const [letter, last] of AFTER_Z) if (key.includes(letter)) key = key.replaceAll(letter, last);
  if (FOREIGN.test(key)) key = key.normalize('NFD').replace(/[\u0300-\u036f]/g, '');
  return withLengths(key);
}

/** @param {number} code */
const isDigit = code => code >= 48 && code <= 57;

/** Each number without zeros in front, and how long it is before it. @param {string} key */
function withLengths(key) {
  let out = '', from = 0;
  for (let at = 0, end; at < key.length; at = end + 1) {
    for (end = at; end < key.length && isDigit(key.charCodeAt(end));) end++;
    if (end === at) continue;
    let begin = at;
    while (begin < end - 1 && key.charCodeAt(begin) === 48) begin++;
    out += key.slice(from, at) + String.fromCharCode(48 + Math.min(end - begin, 48));
    from = begin;
  }
  return out ? out + key.slice(from) : key;
}

/** Rows by their texts, equal ones as they stood: as many letters at a time as fit into a number together with the place, then alike ones by the letters after. @param {Uint32Array} rows @param {string[]} keys @returns {Uint32Array} */
export function byText(rows, keys, depth = 0) {
  const size = rows.length;
  const compare = (/** @type {number} */ a, /** @type {number} */ b) => (keys[a] < keys[b] ? -1 : Number(keys[a] > keys[b]) || a - b);
  if (size < FEW) return rows.sort(compare);
  const until = depth + Math.floor((BITS - Math.ceil(Math.log2(size))) / CHAR_BITS);
  const packed = new Float64Array(size);
  for (let at = 0; at < size; at++) {
    const key = keys[rows[at]];
    let letters = 0;
    for (let k = depth; k < until; k++) {
      const letter = k < key.length ? key.charCodeAt(k) + 1 : 0;
      if (letter >= OTHER) return rows.sort(compare); // letters no number has room for
      letters = letters * (OTHER + 1) + letter;
    }
    packed[at] = letters * size + at;
  }
  packed.sort();
  const sorted = unpacked(packed, rows);
  for (let begin = 0, at = 1; at <= size; at++) {
    const letters = Math.floor(packed[begin] / size);
    if (at < size && Math.floor(packed[at] / size) === letters) continue;
    if (at - begin > 1 && letters % (OTHER + 1)) sorted.set(byText(sorted.slice(begin, at), keys, until), begin);
    begin = at;
  }
  return sorted;
}

/** Rows by their keys, equal ones as they stood. Whole keys are packed with the place into one number: numbers sort ten times as fast without a comparison. @param {Uint32Array} rows @param {Float64Array} keys @param {number} direction */
export function inOrder(rows, keys, direction) {
  const size = rows.length;
  let low = Infinity, high = -Infinity, whole = true;
  for (const i of rows) {
    const key = keys[i];
    if (key === -Infinity) continue; // nothing there
    if (!Number.isInteger(key)) whole = false;
    if (key < low) low = key;
    if (key > high) high = key;
  }
  if (!whole || (high - low + 2) * size > Number.MAX_SAFE_INTEGER) return rows.sort((a, b) => direction * (keys[a] - keys[b]) || a - b);
  const packed = new Float64Array(size);
  for (let at = 0; at < size; at++) {
    const key = keys[rows[at]] === -Infinity ? low - 1 : keys[rows[at]];
    packed[at] = (direction > 0 ? key - low + 1 : high - key) * size + at;
  }
  packed.sort();
  return unpacked(packed, rows);
}

/** The rows whose places sorted numbers hold. @param {Float64Array} packed @param {Uint32Array} rows */
function unpacked(packed, rows) {
  const sorted = new Uint32Array(rows.length);
  for (let at = 0; at < rows.length; at++) sorted[at] = rows[packed[at] % rows.length];
  return sorted;
}
