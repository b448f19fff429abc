// Writes what a run tells while it runs into the row that the server has made: phases, progress, times, counts.
import { momentWords } from "./clock.js";
import { element, setAttribute, setFigure, setText, setUnknown } from "./figure.js";
import { writePhases } from "./phases.js";
import { count, percent, seconds, shown, told } from "./words.js";

const MOST_UNDER_WAY = 2;
const ENDED = ["completed", "failed", "aborted"];
const BASES = { history: "estimated from what earlier runs took", progress: "estimated from its progress" };

/** @returns {Map<string, HTMLElement>} the rows by the job's name */
export function jobRows(root) {
  const rows = root.querySelectorAll("table.jobs tr.level-1[data-key]");
  return new Map([...rows].map((row) => [decodeURIComponent(row.dataset.key.slice("job/".length)), row]));
}

/** @returns {boolean} whether all of it could be written here */
export function writeJob(row, item) {
  if (row.dataset.run !== shown(item.run) || row.dataset.status !== item.status) return false;
  const cell = (label) => row.querySelector(`[data-label="${label}"]`);
  writePhases(cell("Phases"), item.phases);
  if (item.status === "running") writeNow(cell("Phases"), item.phases);
  writeProgress(cell("Progress"), item.progress_ratio);
  writeDuration(cell("Duration"), item);
  writeEnd(cell("End"), item);
  setFigure(cell("Errors"), { text: count(item.errors), tone: item.errors ? "bad" : "none" });
  setFigure(cell("Warnings"), { text: count(item.warnings), tone: item.warnings ? "busy" : "none" });
  return true;
}

function writeProgress(cell, ratio) {
  const bar = cell.querySelector("progress");
  if (ratio === null) {
    bar?.remove();
    setUnknown(cell, "no progress was told");
    return;
  }
  const place = bar ?? element("progress");
  if (bar === null) {
    place.max = 1;
    place.setAttribute("aria-hidden", "true");
    cell.prepend(place);
  }
  setAttribute(place, "value", ratio.toFixed(4));
  setFigure(cell, { text: percent(ratio) });
}

function writeDuration(cell, item) {
  if (item.duration_seconds !== null) setFigure(cell, { text: seconds(item.duration_seconds) });
  else if (item.status === "running" && item.started !== null) writeMoment(cell, "span", item.started, "so far");
  else setUnknown(cell, "its start and its end were not both told");
}

function writeEnd(cell, item) {
  if (ENDED.includes(item.status) && item.finished !== null) writeMoment(cell, "ago", item.finished, "when it ended");
  else if (item.estimated_completion !== null) {
    writeMoment(cell, "until", item.estimated_completion, BASES[item.estimated_from] ?? "estimated");
  } else setUnknown(cell, "not enough is known to estimate it");
}

function writeMoment(cell, kind, at, title) {
  let time = cell.querySelector(":scope > time");
  if (time === null) {
    time = element("time");
    cell.replaceChildren(time);
  }
  time.dataset.at = String(at);
  time.dataset.kind = kind;
  setAttribute(time, "title", title);
  setText(time, momentWords(kind, at));
}

function writeNow(cell, phases) {
  const running = phases.filter((phase) => phase.status === "running");
  const parts = running.slice(0, MOST_UNDER_WAY).map(underWay);
  if (running.length > MOST_UNDER_WAY) parts.push(`${running.length - MOST_UNDER_WAY} more`);
  let line = cell.querySelector(":scope > .now");
  if (parts.length === 0) {
    line?.remove();
    return;
  }
  if (line === null) {
    line = element("small", "now");
    cell.append(line);
  }
  setFigure(line, { text: parts.join(" · "), tone: "none" });
}

function underWay(phase) {
  const inner = phase.sub_phases?.find((step) => step.status === "running");
  const name = phase.title || phase.phase;
  const words = shown(inner ? `${name} › ${inner.title || inner.sub_phase || inner.phase}` : name);
  if (phase.items === null) return phase.done === null ? words : `${words} ${told(phase.done)} done`;
  return `${words} ${phase.done === null ? "?" : told(phase.done)} of ${told(phase.items)}`;
}
