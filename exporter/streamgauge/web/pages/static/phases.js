// Draws the phases of a run as the segments of a bar, as jobs.html does.
import { element, setAttribute, setText } from "./figure.js";
import { count, counted, percent, seconds, shown, told } from "./words.js";

const MOST = 24;
const MANY = 6;

/** @param {Element} cell of the phases @param {object[]} phases in their order */
export function writePhases(cell, phases) {
  let list = cell.querySelector(":scope > ol");
  if (phases.length === 0) {
    list?.remove();
    return;
  }
  if (list === null) {
    list = element("ol");
    cell.prepend(list);
  }
  setAttribute(list, "class", phases.length > MANY ? "phases dense" : "phases");
  const segments = phases.slice(0, MOST);
  const hidden = phases.length - segments.length;
  const wanted = segments.length + (hidden > 0 ? 1 : 0);
  while (list.children.length > wanted) list.lastElementChild.remove();
  while (list.children.length < wanted) list.append(element("li"));
  segments.forEach((phase, index) => writeSegment(list.children[index], phase));
  if (hidden > 0) writeRest(list.lastElementChild, hidden);
}

function writeSegment(segment, phase) {
  const name = shown(phase.title || phase.phase);
  const about = describe(name, phase);
  setAttribute(segment, "class", `is-${phase.status}`);
  setAttribute(segment, "title", about);
  if (segment.children.length !== 2) {
    const words = element("span", "words");
    words.setAttribute("aria-hidden", "true");
    segment.replaceChildren(words, element("span", "unseen"));
  }
  setText(segment.children[0], name);
  setText(segment.children[1], about);
}

function writeRest(segment, hidden) {
  setAttribute(segment, "class", "rest");
  segment.removeAttribute("title");
  segment.replaceChildren(`+${count(hidden)}`, element("span", "unseen", " more phases"));
}

function describe(name, phase) {
  const about = [`${name}: ${phase.status}`];
  if (phase.items !== null) about.push(`${phase.done === null ? "?" : told(phase.done)} of ${told(phase.items)}`);
  else if (phase.done !== null) about.push(`${told(phase.done)} done`);
  else if (phase.status === "running" && phase.progress_ratio !== null) about.push(percent(phase.progress_ratio));
  if (phase.duration_seconds !== null) about.push(`took ${seconds(phase.duration_seconds)}`);
  for (const [number, noun] of [[total(phase, "errors"), "error"], [total(phase, "warnings"), "warning"]]) {
    if (number) about.push(counted(number, noun));
  }
  return about.join(", ");
}

function total(phase, name) {
  return (phase.sub_phases ?? []).reduce((sum, step) => sum + step[name], phase[name]);
}
