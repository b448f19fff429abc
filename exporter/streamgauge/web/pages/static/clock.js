// Counts times on between two messages, by the server's clock, in the words of wording.py.
import { ago, span } from "./words.js";

let ahead = 0; // seconds by which the server's clock is ahead of this machine's

/** @param {number} seconds what the server's clock says now, since the epoch */
export function setClock(seconds) {
  ahead = seconds - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + ahead;
}

/**
 * @param {string} kind of time: `ago`, `until` or `span`
 * @param {number} at seconds since the epoch
 */
export function momentWords(kind, at) {
  const since = now() - at;
  if (kind === "until") return since < 0 ? `in ${span(-since)}` : "at any moment";
  return kind === "span" ? span(Math.max(0, since)) : ago(since);
}

/** @param {ParentNode} root whose times are counted on */
export function countOn(root) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    const text = momentWords(time.dataset.kind, Number(time.dataset.at));
    if (time.textContent !== text) time.textContent = text;
  }
}
