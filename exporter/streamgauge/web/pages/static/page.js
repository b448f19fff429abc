// Keeps the page up to date: asks the server for the page as it is now, and changes what has changed.
// What is shown, in which order and in which words is decided there alone; without this script the page works too.
import { patch } from "./patch.js";
import { drawTrends } from "./trend.js";

const body = document.body;
const form = document.getElementById("choices");
const filter = document.getElementById("filter");
const status = document.getElementById("status");
const alarm = document.getElementById("alarm");
const pause = document.getElementById("pause");
const refreshMs = Number(body.dataset.refresh) * 1000;
const patienceMs = Math.max(10_000, refreshMs);

let timer = 0;
let asking = null;
let paused = false;
let lostSince = null;
let shownAt = performance.now();

function say(text, tone) {
  if (status.textContent !== text) status.textContent = text;
  status.className = `pill tone-${tone}`;
}

function clock(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function found() {
  lostSince = null;
  body.classList.remove("lost");
  alarm.hidden = true;
  say(paused ? "Paused" : "Live", paused ? "quiet" : "good");
}

function lost(why) {
  lostSince ??= new Date();
  body.classList.add("lost");
  const text = `Streamgauge is not answering since ${clock(lostSince)} (${why}). What is shown was read before.`;
  if (alarm.textContent !== text) alarm.textContent = text;
  alarm.hidden = false;
  say("Not answering", "bad");
}

async function ask() {
  asking?.abort();
  const request = new AbortController();
  asking = request;
  const patience = setTimeout(() => request.abort("timeout"), patienceMs);
  try {
    const answer = await fetch(location.href, { signal: request.signal, headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    show(await answer.text());
    found();
  } catch (error) {
    if (request !== asking) return; // a newer request took this one's place
    lost(error === "timeout" ? "no answer in time" : error instanceof TypeError ? "no connection" : error.message);
  } finally {
    clearTimeout(patience);
    if (request === asking) asking = null;
  }
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  if (page.body.dataset.assets !== body.dataset.assets) {
    location.reload(); // the exporter was upgraded: its page needs its own script
    return;
  }
  for (const id of ["sources", "clusters", "carried"]) {
    patch(document.getElementById(id), page.getElementById(id));
  }
  shownAt = performance.now();
  drawTrends(document.getElementById("clusters"));
}

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) await ask();
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(refresh, refreshMs);
}

// The choices stand in the address: a filter, a sort, the rows that are open.
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
  history.replaceState(null, "", `?${choices}`);
  refresh();
}

function ago(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (whole >= unit) return `${Math.floor(whole / unit)} ${name} ago`;
  }
  return `${whole} s ago`;
}

function growOlder() {
  const since = (performance.now() - shownAt) / 1000;
  for (const time of document.querySelectorAll("time[data-age]")) {
    const text = ago(Number(time.dataset.age) + since);
    if (time.textContent !== text) time.textContent = text;
  }
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
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  if (paused) {
    clearTimeout(timer);
    say("Paused", "quiet");
  } else {
    refresh();
  }
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (!paused) refresh();
});

document.documentElement.classList.add("scripted");
pause.hidden = false;
drawTrends(document.getElementById("clusters"));
found();
setInterval(growOlder, 1000);
timer = setTimeout(refresh, refreshMs);
