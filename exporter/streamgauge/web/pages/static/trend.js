// Draws how each group's lag in seconds went while this page was open: it knows no more than what it has seen.
const KEEP_MS = 10 * 60 * 1000;
const WIDTH = 96;
const HEIGHT = 22;
const LEAST_FULL_SCALE = 1; // seconds: less would make a mountain of noise
const SVG = "http://www.w3.org/2000/svg";

const seen = new Map(); // key -> [{ at, seconds or null }]

export function drawTrends(root) {
  const now = performance.now();
  const present = new Set();
  for (const row of root.querySelectorAll("tr.level-1[data-key]:has([data-chart])")) {
    const { key, trend } = row.dataset;
    present.add(key);
    const points = (seen.get(key) ?? []).filter((point) => now - point.at < KEEP_MS);
    points.push({ at: now, seconds: trend === undefined ? null : Number(trend) });
    seen.set(key, points);
    draw(row.querySelector("[data-chart]"), points, now);
  }
  for (const [key, points] of seen) {
    if (!present.has(key) && now - points.at(-1).at > KEEP_MS) seen.delete(key);
  }
}

function draw(cell, points, now) {
  const lines = runs(points);
  if (!lines.some((line) => line.length > 1)) return;
  const since = Math.min(points[0].at, now - 60_000);
  const top = Math.max(LEAST_FULL_SCALE, ...points.map((point) => point.seconds ?? 0));
  const place = ({ at, seconds }) => {
    const x = ((at - since) / (now - since)) * WIDTH;
    const y = HEIGHT - 1 - (seconds / top) * (HEIGHT - 2);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const line = lines.map((run) => `M${run.map(place).join("L")}`).join("");
  const area = lines
    .map((run) => `M${place({ ...run[0], seconds: 0 })}L${run.map(place).join("L")}L${place({ ...run.at(-1), seconds: 0 })}Z`)
    .join("");
  const svg = cell.querySelector("svg") ?? create(cell);
  svg.children[0].setAttribute("d", area);
  svg.children[1].setAttribute("d", line);
}

// What was unknown is a gap, not a line to zero.
function runs(points) {
  const found = [[]];
  for (const point of points) {
    if (point.seconds === null) found.push([]);
    else found.at(-1).push(point);
  }
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
