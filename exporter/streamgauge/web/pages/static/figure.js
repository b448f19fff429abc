// Writes one figure into its place, and only what has changed: text always as text, never as markup.

/**
 * @param {Element} cell
 * @param {{text: string, title?: string, tone?: string}} value
 */
export function setFigure(cell, { text, title = "", tone = "" }) {
  let place = cell.querySelector(":scope > span, :scope > time");
  if (place === null || place.tagName === "TIME" || place.childElementCount > 0) {
    const fresh = document.createElement("span");
    if (place === null) cell.append(fresh);
    else place.replaceWith(fresh);
    place = fresh;
  }
  setText(place, text);
  setAttribute(place, "title", title);
  setAttribute(place, "class", tone && `tone-${tone}`);
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An empty value takes the attribute away. */
export function setAttribute(element, name, value) {
  if (value === "") element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** What nobody tells: a dash to the eye, a word to a screen reader. */
export function setUnknown(cell, why) {
  const place = cell.querySelector(":scope > .tone-none:has(> .unseen)");
  if (place !== null) {
    setAttribute(place, "title", why);
    return;
  }
  const outer = element("span", "tone-none");
  outer.title = why;
  const dash = element("span", "", "—");
  dash.setAttribute("aria-hidden", "true");
  outer.append(dash, element("span", "unseen", "unknown"));
  cell.querySelector(":scope > span, :scope > time")?.remove();
  cell.append(outer);
}

/** @returns {HTMLElement} */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
