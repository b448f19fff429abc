// Keeps the page up to date: figures by the WebSocket as they change, everything else by asking for the page anew.
// Without this script the page works too; without the WebSocket it asks more often.
import { Charts } from "./charts.js";
import { countOn, now, setClock } from "./clock.js";
import { Connection } from "./connection.js";
import { groupRows, writeCluster, writeGroup } from "./grouprows.js";
import { History } from "./history.js";
import { jobRows, writeJob } from "./jobrows.js";
import { ServerPage } from "./serverpage.js";
import { showState, showTrouble } from "./state.js";
import { drawTrends } from "./trend.js";

const SHOWN_SECONDS = 1; // how often news come while the page is seen
const HIDDEN_SECONDS = 10; // enough for the charts to have no gap
const REST_MS = 10_000; // between two pages while the WebSocket tells what changes

const body = document.body;
const form = document.getElementById("choices");
const filter = document.getElementById("filter");
const pause = document.getElementById("pause");
const refreshMs = Number(body.dataset.refresh) * 1000;

const server = new ServerPage(Math.max(10_000, refreshMs));
const history = new History();
const charts = new Charts(document.getElementById("charts"), body.dataset);
const connection = new Connection(socketAddress(), ["cluster", "pipelines", "jobs"], { live, broken, news, time: setClock });

let paused = false;
let answering = null; // null: not known since the connection broke
let lostSince = null;
let retryAt = performance.now();
let timer = 0;
let rendering = false;
let rows = { groups: new Map(), jobs: new Map() };
const dirty = { cluster: new Set(), pipelines: new Set(), jobs: new Set() };
const sinceAsked = { cluster: new Set(), pipelines: new Set(), jobs: new Set() };

function socketAddress() {
  const address = new URL("api/v1/ws", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

function tell() {
  if (paused) showState("paused");
  else if (connection.live) showState("live");
  else if (answering) showState("polling", { every: refreshMs / 1000 });
  else showState("reconnecting", { retryAt });
}

// --- What the WebSocket tells

function live() {
  tell();
  refresh();
}

function broken(at) {
  retryAt = at;
  if (!answering) refresh();
  tell();
}

function news(topic, difference) {
  for (const key of difference.changed) {
    dirty[topic].add(key);
    sinceAsked[topic].add(key);
  }
  const structure = difference.added || difference.removed;
  if (structure || (topic === "cluster" && [...difference.changed].some((key) => otherwise(key, difference)))) soon();
  sample();
  renderSoon();
}

function otherwise(key, { before }) {
  const old = before.get(key);
  const fresh = connection.items.get("cluster").get(key);
  return old === undefined || ["up", "stale", "error"].some((name) => old[name] !== fresh[name]);
}

function sample() {
  const source = connection.live ? connection.items.get("pipelines") : seenOnThePage();
  const clusters = connection.live ? connection.items.get("cluster") : new Map();
  if (history.sample(now(), source, clusters) && !document.hidden && !paused) {
    drawTrends(rows.groups, history);
    charts.draw(history, connection.items.get("pipelines"));
  }
}

// Without the WebSocket the rows of the last page are what is known.
function seenOnThePage() {
  const seen = new Map();
  if (!answering) return seen;
  for (const [key, { dataset }] of rows.groups) {
    const [cluster, name] = key.split("/").map(decodeURIComponent);
    seen.set(key, { cluster, name, lag_seconds: dataset.trend === undefined ? null : Number(dataset.trend) });
  }
  return seen;
}

// --- Writing it into the page: once a frame at most, and not at all where nobody sees it

function renderSoon() {
  if (rendering || paused || document.hidden) return;
  rendering = true;
  requestAnimationFrame(() => {
    rendering = false;
    if (!paused && !document.hidden) render();
  });
}

function render() {
  if (!connection.live) return;
  const items = (topic) => connection.items.get(topic);
  let all = true;
  for (const key of dirty.pipelines) all = write(rows.groups.get(key), items("pipelines").get(key), writeGroup) && all;
  for (const key of dirty.jobs) all = write(rows.jobs.get(key), items("jobs").get(key), writeJob) && all;
  if (dirty.cluster.size + dirty.pipelines.size > 0) {
    for (const cluster of items("cluster").values()) writeCluster(cluster, items("pipelines").values());
  }
  for (const keys of Object.values(dirty)) keys.clear();
  if (!all) soon();
}

function write(row, item, how) {
  return row === undefined || item === undefined || how(row, item);
}

// --- The server's page

function shown() {
  rows = { groups: groupRows(document), jobs: jobRows(document) };
  for (const [topic, keys] of Object.entries(sinceAsked)) for (const key of keys) dirty[topic].add(key);
  render();
  sample();
  drawTrends(rows.groups, history);
  countOn(document);
}

async function refresh({ anew = false } = {}) {
  clearTimeout(timer);
  if (document.hidden || (paused && !anew)) return;
  for (const keys of Object.values(sinceAsked)) keys.clear();
  const why = await server.ask({ anew });
  if (why === undefined) return;
  answering = why === null;
  lostSince = answering ? null : (lostSince ?? new Date());
  showTrouble(answering ? null : { since: lostSince, why });
  tell();
  if (answering) shown();
  if (answering || connection.live) timer = setTimeout(refresh, rest());
}

function rest() {
  const closed = document.querySelector('.expander[aria-expanded="true"]') === null;
  return connection.live && closed ? Math.max(refreshMs, REST_MS) : refreshMs;
}

// As soon as it may be asked again.
function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, server.askedAt + refreshMs - performance.now()));
}

// --- What the visitor chooses stands in the address: a filter, a sort, the rows that are open

function choose(submitter) {
  const choices = new URLSearchParams();
  const opened = new Set();
  for (const [name, value] of new FormData(form, submitter)) {
    if (name === "open") opened.add(value);
    else if (name === "close") opened.delete(value);
    else if (value) choices.set(name, value);
  }
  if (submitter?.name === "close") opened.delete(submitter.value);
  for (const key of opened) choices.append("open", key);
  window.history.replaceState(null, "", `?${choices}`);
  refresh({ anew: !["open", "close"].includes(submitter?.name) });
}

let typing = 0;
filter.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(choose, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  choose(event.submitter);
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".resort")) refresh({ anew: true });
});
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  clearTimeout(timer);
  tell();
  if (!paused) refresh();
});
document.addEventListener("visibilitychange", () => {
  connection.slowTo(document.hidden ? HIDDEN_SECONDS : SHOWN_SECONDS);
  if (document.hidden) {
    clearTimeout(timer);
    return;
  }
  connection.hurry();
  refresh();
  renderSoon();
});
window.addEventListener("online", () => connection.hurry());

document.documentElement.classList.add("scripted");
pause.hidden = false;
setClock(Number(body.dataset.now));
rows = { groups: groupRows(document), jobs: jobRows(document) };
showState("reconnecting", { retryAt });
setInterval(() => {
  if (document.hidden) return;
  if (!paused) countOn(document);
  tell();
  sample();
}, 1000);
connection.connect();
