// @ts-check
// Column buffers from Python as columns that sort and show.
import {ranks, ranksOf} from './order.js';

const NO_DATE = -2147483648;

/** A DataView may start on an odd offset: copy only then. @param {any} Type @param {DataView} view */
function buffer(Type, view) {
  if (!view) return new Type(0);
  const {byteOffset: at, byteLength: n} = view;
  return at % Type.BYTES_PER_ELEMENT
    ? new Type(view.buffer.slice(at, at + n))
    : new Type(view.buffer, at, n / Type.BYTES_PER_ELEMENT);
}

/** Columns by key: `get(i)` sorts, `text(i)` shows. @param {any[]} packed @param {string} locale */
export function readColumns(packed, locale) {
  const money = new Intl.NumberFormat(locale, {minimumFractionDigits: 2, maximumFractionDigits: 2});
  const dates = new Intl.DateTimeFormat(locale, {day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC'});
  /** @type {Record<string, any>} */
  const out = {};
  for (const c of packed) out[c.key] = reader(c, {money, dates});
  return out;
}

const MANY = 10000;

/** @param {any} c @param {any} format */
function reader(c, {money, dates}) {
  if (c.kind === 'dict') {
    const codes = buffer(Int32Array, c.data);
    /** @type {Int32Array | undefined} */ let rank;
    const get = (/** @type {number} */ i) => (codes[i] < 0 ? -1 : (rank ??= ranksOf(c.dict))[codes[i]]);
    return {get, text: (/** @type {number} */ i) => c.dict[codes[i]] ?? '', n: codes.length, says: c.dict.some(Boolean)};
  }
  if (c.kind === 'utf8') {
    const offsets = buffer(Int32Array, c.offsets);
    const bytes = new Uint8Array(c.data.buffer, c.data.byteOffset, c.data.byteLength);
    const decoder = new TextDecoder();
    const n = offsets.length - 1;
    const texts = new Array(n);
    const text = (/** @type {number} */ i) => (texts[i] ??= decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])));
    /** @type {Int32Array | undefined} */ let rank;
    if (n >= MANY && !c.in_order) window.requestIdleCallback?.(() => { rank ??= ranks(bytes, offsets); }); // before somebody sorts by it
    return {get: (/** @type {number} */ i) => (c.in_order ? i : (rank ??= ranks(bytes, offsets))[i]), text, n};
  }
  const values = buffer(c.kind === 'f64' || c.kind === 'whole' ? Float64Array : Int32Array, c.data);
  const text = {
    date: (/** @type {number} */ i) => (values[i] === NO_DATE ? '' : dates.format(values[i] * 864e5)),
    f64: (/** @type {number} */ i) => (isNaN(values[i]) ? '' : money.format(values[i] / 100).replace('-', '\u2212')),
  }[/** @type {'date' | 'f64'} */ (c.kind)] ?? ((/** @type {number} */ i) => (isNaN(values[i]) ? '' : String(values[i])));
  return {get: (/** @type {number} */ i) => (isNaN(values[i]) ? -Infinity : values[i]), text, raw: values, n: values.length};
}
