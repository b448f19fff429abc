// Writes the figures of consumer groups and clusters into the rows that the server has made.
// What needs more than a figure - a status, a part that is unknown, a row that is new - is left to the server's words.
import { setFigure } from "./figure.js";
import { count, rate, seconds, shown, span } from "./words.js";

/** @returns {Map<string, HTMLElement>} the rows that can be written to, by the key of their item */
export function groupRows(root) {
  const rows = root.querySelectorAll("table.groups tr.level-1[data-key]");
  return new Map([...rows].map((row) => [row.dataset.key.slice("group/".length), row]));
}

/** @returns {boolean} whether all of it could be written here */
export function writeGroup(row, item) {
  if (item.unknown_partitions > 0 || item.lag === null || item.lag_seconds === null || item.out_per_second === null) {
    return false;
  }
  setFigure(row.querySelector('[data-cell="lag"]'), { text: count(item.lag) });
  setFigure(row.querySelector('[data-cell="wait"]'), wait(item));
  setFigure(row.querySelector('[data-cell="rate"]'), { text: rate(item.out_per_second) });
  return row.dataset.status === item.status;
}

function wait({ lag_seconds: lag, lag_error_bound_seconds: bound, slo_lag_seconds: limit }) {
  const parts = [];
  if (lag > 0) {
    parts.push(bound === null ? "by the producer's timestamp: no bound on the error is known" : `± ${seconds(bound)}`);
  }
  if (limit !== null) parts.push(`limit ${limit % 1 ? seconds(limit) : span(limit)}`);
  return { text: seconds(lag), title: parts.join("; "), tone: limit !== null && lag > limit ? "busy" : "" };
}

/**
 * The figures above a cluster's tables, and its card's time.
 * @param {Iterable<object>} pipelines all there are
 */
export function writeCluster(item, pipelines) {
  const name = shown(item.cluster);
  for (const card of document.querySelectorAll("#sources .source")) {
    const time = card.querySelector("time[data-at]");
    if (card.dataset.cluster === name && time !== null && item.last_success !== null) {
      time.dataset.at = String(item.last_success);
    }
  }
  const section = [...document.getElementById("clusters").children].find(({ dataset }) => {
    return decodeURIComponent(dataset.key) === `cluster/${item.cluster}`;
  });
  if (section === undefined) return;
  write(section, "Records in /s", item.appended_per_second);
  write(section, "Records out /s", item.consumed_per_second);
  writeWorst(section, [...pipelines].filter((pipeline) => pipeline.cluster === item.cluster && pipeline.topics.length > 0));
}

function write(section, label, value) {
  const place = section.querySelector(`[data-figure="${label}"] dd`);
  if (place !== null && value !== null) setFigure(place, { text: rate(value) });
}

function writeWorst(section, pipelines) {
  const place = section.querySelector('[data-figure="Worst lag"] dd');
  const plain = pipelines.every((each) => each.unknown_partitions === 0 && each.lag_seconds !== null);
  const name = place?.querySelector("small bdi");
  if (!plain || pipelines.length === 0 || !name) return;
  const worst = pipelines.reduce((most, each) => (each.lag_seconds > most.lag_seconds ? each : most));
  const told = worst.lag_seconds > 0 ? shown(worst.name) : "every group that is known has read everything";
  setFigure(place, { text: seconds(worst.lag_seconds), title: told });
  if (name.textContent !== told) name.textContent = told;
}
