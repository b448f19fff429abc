// Says how the page gets its news: live, by asking again and again, or not at all. Screen readers hear of changes only.
import { setText } from "./figure.js";

const pill = document.getElementById("status");
const countdown = document.getElementById("countdown");
const alarm = document.getElementById("alarm");

/**
 * @param {"live" | "polling" | "reconnecting" | "paused"} state
 * @param {{every?: number, retryAt?: number}} details seconds between two questions; when it is tried again
 */
export function showState(state, { every = 0, retryAt = 0 } = {}) {
  const [words, tone] = {
    live: ["Live", "good"],
    polling: [`Polling every ${every} s`, "quiet"],
    reconnecting: ["Reconnecting", "bad"],
    paused: ["Paused", "quiet"],
  }[state];
  setText(pill, words);
  pill.className = `pill tone-${tone}`;
  const left = Math.ceil((retryAt - performance.now()) / 1000);
  setText(countdown, state !== "reconnecting" ? "" : left > 0 ? `in ${left} s` : "now");
}

/** @param {{since: Date, why: string} | null} trouble null: it answers */
export function showTrouble(trouble) {
  document.body.classList.toggle("lost", trouble !== null);
  alarm.hidden = trouble === null;
  if (trouble === null) return;
  const clock = trouble.since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  setText(alarm, `Streamgauge is not answering since ${clock} (${trouble.why}). What is shown was read before.`);
}
