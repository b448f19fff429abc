// Draws the little chart of each group's row: how its lag in seconds went while this page was open.
const WIDTH = 96;
const HEIGHT = 22;
const LEAST_SECONDS = 60; // of the axis of time
const LEAST_FULL_SCALE = 1; // seconds of lag: less would make a mountain of noise
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Map<string, Element>} rows by the key of their pipeline
 * @param {import("./history.js").History} history
 */
export function drawTrends(rows, history) {
  const { times } = history;
  if (times.length < 2) return;
  const to = times.at(-1);
  for (const [key, row] of rows) {
    const seen = history.pipelines.get(key);
    const cell = row.querySelector("[data-chart]");
    if (seen !== undefined && cell !== null) draw(cell, times, seen.lags, Math.min(times[0], to - LEAST_SECONDS), to);
  }
}

function draw(cell, times, lags, since, to) {
  const lines = runs(times, lags);
  if (!lines.some((line) => line.length > 1)) return;
  const top = lags.reduce((most, lag) => Math.max(most, lag ?? 0), LEAST_FULL_SCALE);
  const place = ([at, seconds]) => {
    const x = ((at - since) / (to - since)) * WIDTH;
    const y = HEIGHT - 1 - (seconds / top) * (HEIGHT - 2);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const line = lines.map((run) => `M${run.map(place).join("L")}`).join("");
  const area = lines.map((run) => `M${place([run[0][0], 0])}L${run.map(place).join("L")}L${place([run.at(-1)[0], 0])}Z`).join("");
  const svg = cell.querySelector("svg") ?? create(cell);
  svg.children[0].setAttribute("d", area);
  svg.children[1].setAttribute("d", line);
}

// What was unknown is a gap, not a line to zero.
function runs(times, lags) {
  const found = [[]];
  lags.forEach((lag, index) => {
    if (lag === null) found.push([]);
    else found.at(-1).push([times[index], lag]);
  });
  return found.filter((run) => run.length > 0);
}

function create(cell) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "chart");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const name of ["area", "line"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  cell.append(svg);
  return svg;
}
