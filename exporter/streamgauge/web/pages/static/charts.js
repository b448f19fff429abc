// The charts of the last minutes, by Plotly: loaded when there is something to draw, and drawn only where it is seen.
// Beside each stands a table with the same in numbers.
import { element, setText } from "./figure.js";
import { count, rate, seconds, shown } from "./words.js";

const MOST_LINES = 5;
const LEAST_SECONDS = 60; // of the axis of time
const STILL_MS = 10_000;
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };

export class Charts {
  /** @param {HTMLElement} section @param {{plotly?: string, plotlyGuards?: string}} settings */
  constructor(section, settings) {
    this.section = section;
    this.settings = settings;
    this.seen = false;
    this.last = null;
    new IntersectionObserver((entries) => {
      this.seen = entries.at(-1).isIntersecting;
      if (this.seen) this.#redraw();
    }).observe(section);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
  }

  /** @param {import("./history.js").History} history @param {Map<string, object>} pipelines as they are now */
  draw(history, pipelines) {
    this.last = [history, pipelines];
    if (this.settings.plotly === undefined || history.times.length < 2) return;
    const lag = lagLines(history);
    const rates = rateLines(history);
    if (![...lag.lines, ...rates.lines].some((line) => line.values.some((value) => value !== null))) return;
    this.section.hidden = false;
    write(this.section.querySelector("#lag-chart"), lag, seconds);
    write(this.section.querySelector("#rate-chart"), rates, rate);
    this.drawing ??= load(this.settings);
    this.drawing.then((plotly) => {
      if (!this.seen || document.hidden) return;
      plot(plotly, this.section.querySelector("#lag-chart .plot"), history.times, lag.lines, " s");
      plot(plotly, this.section.querySelector("#rate-chart .plot"), history.times, rates.lines, "/s");
    }, () => {
      this.section.classList.add("without-plots"); // the tables stay
    });
  }

  #redraw() {
    if (this.last !== null) this.draw(...this.last);
  }
}

// It would write style sheets into the page, which our policy refuses, unless elements with these ids are there. What
// it needs of them stands in page.css.
function load({ plotly, plotlyGuards = "" }) {
  const global = element("meta", "no-inline-styles");
  global.id = "plotly.js-style-global";
  const guards = plotlyGuards.split(" ").filter(Boolean).map((id) => Object.assign(element("meta"), { id }));
  document.head.append(global, ...guards);
  return new Promise((resolve, reject) => {
    const script = element("script");
    script.src = plotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the script of the charts could not be loaded"));
    document.head.append(script);
  });
}

function lagLines({ pipelines }) {
  const clusters = new Set([...pipelines.values()].map(({ cluster }) => cluster));
  const all = [...pipelines.values()].map(({ name, cluster, lags }) => ({
    name: shown(clusters.size > 1 ? `${cluster} / ${name}` : name),
    values: lags,
    most: most(lags),
  }));
  all.sort((one, other) => (other.most ?? -1) - (one.most ?? -1) || (one.name < other.name ? -1 : 1));
  const others = all.slice(MOST_LINES);
  return { lines: all.slice(0, MOST_LINES), others: othersText(others) };
}

function othersText(others) {
  if (others.length === 0) return "";
  const known = others.filter((line) => line.most !== null);
  const bound = known.length === 0 ? "unknown" : `at most ${seconds(known[0].most)}`;
  return `and ${count(others.length)} ${others.length === 1 ? "other" : "others"}, ${bound}`;
}

function rateLines({ arriving, leaving }) {
  const lines = [{ name: "In", values: arriving }, { name: "Out", values: leaving }];
  return { lines: lines.map((line) => ({ ...line, most: most(line.values) })), others: "" };
}

function most(values) {
  return values.reduce((top, value) => (value === null ? top : Math.max(top ?? value, value)), null);
}

function write(figure, { lines, others }, words) {
  const body = figure.querySelector("tbody");
  while (body.rows.length > lines.length) body.lastElementChild.remove();
  while (body.rows.length < lines.length) body.append(legendRow(body.rows.length));
  lines.forEach((line, index) => {
    const row = body.rows[index];
    setText(row.querySelector("bdi"), line.name);
    const last = line.values.at(-1);
    setText(row.cells[1], last === null ? "unknown" : words(last));
    setText(row.cells[2], line.most === null ? "unknown" : words(line.most));
  });
  const note = figure.querySelector(".others");
  setText(note, others);
  note.hidden = others === "";
}

function legendRow(index) {
  const row = element("tr");
  const name = element("th");
  name.scope = "row";
  name.append(element("span", `key key-${index + 1}`), element("bdi"));
  row.append(name, element("td"), element("td"));
  return row;
}

// While somebody points at a line, it keeps still for a moment, so that its figures can be read.
function isRead(place) {
  const age = performance.now() - Number(place.dataset.drawn ?? -Infinity);
  return age < STILL_MS && place.matches(":hover") && matchMedia("(hover: hover)").matches;
}

function plot(plotly, place, times, lines, unit) {
  if (isRead(place)) return;
  place.dataset.drawn = String(performance.now());
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const x = times.map(localTime);
  const range = [localTime(Math.min(times[0], times.at(-1) - LEAST_SECONDS)), x.at(-1)];
  const traces = lines.map((line, index) => ({
    type: "scatter",
    mode: "lines",
    x,
    y: line.values,
    name: asText(line.name),
    connectgaps: false,
    line: { color: colour(`--line-${index + 1}`), width: 2, dash: DASHES[index] },
    hovertemplate: `%{y:,.3~r}${unit}`,
  }));
  const axis = { color: colour("--muted"), gridcolor: colour("--line"), zeroline: false, fixedrange: true, automargin: true };
  plotly.react(place, traces, {
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--muted") },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    margin: { l: 8, r: 16, t: 8, b: 28 },
    showlegend: false,
    dragmode: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--line"), font: { color: colour("--text") } },
    xaxis: { ...axis, type: "date", range, showgrid: false, nticks: place.clientWidth < 480 ? 4 : 7, ticks: "outside", ticklen: 6, tickcolor: "transparent", tickformat: "%H:%M:%S", hoverformat: "%H:%M:%S" },
    yaxis: { ...axis, rangemode: "tozero", nticks: 5, ticksuffix: unit, tickformat: ",.3~f" },
  }, CONFIG);
}

// Plotly takes times as they are written, without zones: as the clock on the wall has them.
function localTime(time) {
  const date = new Date(time * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}

// Plotly reads a little HTML in names, and these are anybody's.
function asText(name) {
  return name.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
