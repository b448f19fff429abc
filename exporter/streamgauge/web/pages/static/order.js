// Keeps rows where they are while their figures change: they are sorted anew only when somebody asks for it.

/**
 * Put the rows of the server's page into the order of the shown one, with its new rows at their end or place.
 * @param {Element} shown @param {Element} fresh both hold the same tables
 */
export function keepOrder(shown, fresh) {
  for (const body of fresh.querySelectorAll("table.rows > tbody")) {
    const section = body.closest("[data-key]");
    const path = ownKeys(section);
    const same = [...shown.querySelectorAll("table.rows > tbody")].find((other) => ownKeys(other.closest("[data-key]")) === path);
    if (same !== undefined && keepBody(same, body)) offer(section);
  }
}

function ownKeys(section) {
  const outer = section.parentElement.closest("[data-key]");
  return `${outer === null ? "" : outer.dataset.key} ${section.dataset.key}`;
}

/** @returns {boolean} whether the server's order was another one */
function keepBody(shown, fresh) {
  const blocks = new Map();
  let last = null;
  for (const row of fresh.rows) {
    if (row.classList.contains("level-1")) {
      last = [];
      blocks.set(row.dataset.key, last);
    }
    last?.push(row);
  }
  const wanted = [...blocks.keys()];
  const kept = [...shown.rows].map((row) => row.dataset.key).filter((key) => blocks.has(key));
  const there = new Set(kept);
  const ofThose = wanted.filter((key) => there.has(key));
  if (ofThose.every((key, index) => key === kept[index])) return false;
  wanted.forEach((key, index) => {
    if (!there.has(key)) kept.splice(Math.min(index, kept.length), 0, key); // where the server has put it
  });
  fresh.append(...kept.flatMap((key) => blocks.get(key)));
  return true;
}

function offer(section) {
  const button = section.querySelector(".resort");
  if (button !== null) button.hidden = false;
}
