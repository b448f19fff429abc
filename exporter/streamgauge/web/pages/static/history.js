// What was seen in the last 15 minutes: one axis of time for all, a column a pipeline. Bounded whatever happens.
const KEEP_SECONDS = 15 * 60;
const FEW = 100; // pipelines; of more, less often
const STEP_SECONDS = 2;
const LONG_STEP_SECONDS = 5;

export class History {
  constructor() {
    /** @type {number[]} seconds since the epoch */
    this.times = [];
    /** @type {(number | null)[]} */
    this.arriving = [];
    this.leaving = [];
    /** @type {Map<string, {name: string, cluster: string, lags: (number | null)[]}>} null is unknown: a gap */
    this.pipelines = new Map();
  }

  /** @returns {boolean} whether a sample was due and taken */
  sample(now, pipelines, clusters) {
    const step = pipelines.size > FEW ? LONG_STEP_SECONDS : STEP_SECONDS;
    const last = this.times.at(-1);
    if (last !== undefined && now - last < step * 0.9) return false;
    this.times.push(now);
    this.arriving.push(sum(clusters, "appended_per_second"));
    this.leaving.push(sum(clusters, "consumed_per_second"));
    for (const [key, { name, cluster }] of pipelines) {
      if (!this.pipelines.has(key)) this.pipelines.set(key, { name, cluster, lags: [] });
    }
    for (const [key, { lags }] of this.pipelines) {
      while (lags.length < this.times.length - 1) lags.push(null);
      lags.push(pipelines.get(key)?.lag_seconds ?? null);
    }
    this.#forget(now);
    return true;
  }

  #forget(now) {
    const old = this.times.findIndex((time) => time >= now - KEEP_SECONDS);
    if (old <= 0) return;
    for (const column of [this.times, this.arriving, this.leaving]) column.splice(0, old);
    for (const [key, { lags }] of this.pipelines) {
      lags.splice(0, old);
      if (lags.every((lag) => lag === null)) this.pipelines.delete(key);
    }
  }
}

// Unknown while any part is.
function sum(items, name) {
  let total = items.size === 0 ? null : 0;
  for (const item of items.values()) {
    if (item[name] === null || item[name] === undefined) return null;
    total += item[name];
  }
  return total;
}
