// @ts-check
// What the rows of a selection add up to, and what may be done with them.
import {h} from './menu.js';

/** Øre by what `by` says of each row, "" without it: whole numbers, exact to 2^53. @param {Record<string, any>} cols @param {string} key @param {string} by @param {Iterable<number>} rows @returns {Map<string, number>} */
export function sums(cols, key, by, rows) {
  const raw = cols[key]?.raw;
  const kind = cols[by];
  /** @type {Map<number, [string, number]>} */
  const found = new Map();
  for (const i of rows) {
    const code = kind ? kind.get(i) : 0;
    const sum = found.get(code);
    const value = raw[i] || 0; // where nobody knows it is NaN
    if (sum) sum[1] += value;
    else found.set(code, [kind?.text(i) ?? '', value]);
  }
  return new Map(found.values());
}

/** "1 234,50", or "NOK 1 234,50 · EUR 5,00" where there is more than `usual`. @param {Map<string, number>} found @param {string} locale @param {string} usual */
export function sumText(found, locale, usual) {
  const money = new Intl.NumberFormat(locale, {minimumFractionDigits: 2, maximumFractionDigits: 2});
  const plain = found.size === 0 || (found.size === 1 && (found.has(usual) || found.has('')));
  const told = found.size ? [...found].sort(([a], [b]) => Number(b === usual) - Number(a === usual) || (a < b ? -1 : 1)) : [/** @type {[string, number]} */ (['', 0])];
  return told.map(([name, sum]) => `${plain ? '' : `${name} `}${money.format(sum / 100 + 0).replace('-', '\u2212')}`).join(' · ');
}

/** Whether an action fits the rows: `least` so many, all with something in `filled`, all alike in `same`. @param {any} item @param {Record<string, any>} cols @param {Set<number>} rows */
export function fits(item, cols, rows) {
  const {least = 0, filled, same = []} = item.needs ?? {};
  if (item.disabled || rows.size < least) return false;
  const [first] = rows;
  for (const i of rows) {
    if (filled && cols[filled].text(i) === '') return false;
    for (const key of same) if (cols[key].get(i) !== cols[key].get(first)) return false;
  }
  return true;
}

/** The bar over the rows. @param {HTMLElement} bar @param {any} words @param {{rows: number, sum: string, menu: any[], act: (id: string) => void, clear: () => void}} told */
export function drawBar(bar, words, {rows, sum, menu, act, clear}) {
  bar.replaceChildren(h('span', {role: 'status', text: `${new Intl.NumberFormat(words.locale).format(rows)} ${words.selected}`}));
  if (sum) bar.append(h('span', {class: /^\D*0[.,]00$/.test(sum) ? 'sum zero' : 'sum', text: sum}));
  for (const item of menu) {
    const b = h('button', {type: 'button', text: item.label, ...(item.disabled && {disabled: ''}), ...(item.key && {title: `${item.label} (${item.key})`})});
    b.onclick = () => act(item.id);
    bar.append(b);
  }
  const x = h('button', {type: 'button', class: 'x', 'aria-label': words.clear, text: '✕'});
  x.onclick = clear;
  bar.append(x);
}
