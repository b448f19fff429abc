// Makes one element like another while keeping every node that can stay, so that focus, scroll and selection do too.
// Children with a data-key are the same when their keys are; others when they stand in the same place.
export function patch(old, fresh) {
  patchAttributes(old, fresh);
  if (old.hasAttribute("data-chart")) return; // trend.js owns what is inside
  const keyed = new Map();
  for (const child of old.children) {
    if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  }
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const same = counterpart(wanted, at, keyed);
    if (same === null) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else move(old, same, at);
    if (same.nodeType === Node.ELEMENT_NODE) patch(same, wanted);
    else if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function counterpart(wanted, at, keyed) {
  const key = wanted.dataset?.key;
  if (key !== undefined) {
    const same = keyed.get(key);
    keyed.delete(key);
    return same?.tagName === wanted.tagName ? same : null;
  }
  const alike = at !== null && at.nodeType === wanted.nodeType && at.nodeName === wanted.nodeName;
  return alike && at.dataset?.key === undefined ? at : null;
}

// A moved element loses the focus that is inside it.
function move(parent, child, before) {
  const focused = child.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(child, before);
  focused?.focus({ preventScroll: true });
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
