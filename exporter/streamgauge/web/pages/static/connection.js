// The WebSocket: connects, follows topics, and after a break comes back by itself and goes on where it was.
// Owns the connection and what it has been told; knows nothing of the page.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const WELCOME_MS = 10_000; // from connecting to the first message
const WATCH_MS = 2_000;

/**
 * @typedef {{added: boolean, removed: boolean, changed: Set<string>, before: Map<string, object>}} Difference
 * `before`: what the changed items were, as far as they were known.
 */

export class Connection {
  /**
   * @param {URL} url
   * @param {string[]} topics those that are wanted; followed are those that the server has
   * @param {{live: () => void, broken: (retryAt: number) => void, news: (topic: string, difference: Difference) => void,
   *   time: (seconds: number) => void}} listener
   */
  constructor(url, topics, listener) {
    this.url = url;
    this.wanted = topics;
    this.listener = listener;
    this.interval = 1;
    this.live = false;
    this.followed = [];
    /** @type {Map<string, Map<string, object>>} */
    this.items = new Map(topics.map((topic) => [topic, new Map()]));
    this.epoch = null;
    this.sequences = {};
    this.socket = null;
    this.failures = 0;
    this.timer = 0;
    this.patience = WELCOME_MS;
    setInterval(() => this.#watch(), WATCH_MS);
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.heardAt = performance.now();
    this.patience = WELCOME_MS;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.#hear(JSON.parse(event.data));
    };
    socket.onclose = () => this.#broke(socket);
  }

  /** Try at once rather than when the wait is over. */
  hurry() {
    if (this.timer !== 0) this.connect();
  }

  /** @param {number} seconds how often to be told, at most */
  slowTo(seconds) {
    if (seconds === this.interval) return;
    this.interval = seconds;
    if (this.live) this.#subscribe();
  }

  #subscribe() {
    if (this.followed.length === 0) return;
    const resume = this.epoch === null ? {} : { resume: { epoch: this.epoch, sequences: this.sequences } };
    this.socket.send(JSON.stringify({ type: "subscribe", topics: this.followed, interval: this.interval, ...resume }));
  }

  #hear(message) {
    this.heardAt = performance.now();
    if (message.time !== undefined) this.listener.time(message.time);
    if (message.type === "hello") this.#welcome(message);
    else if (message.type === "snapshot") this.#replace(message);
    else if (message.type === "change") this.#change(message);
  }

  #welcome(hello) {
    this.patience = hello.heartbeat_seconds * 1500; // a message and a half
    this.followed = this.wanted.filter((topic) => hello.topics.includes(topic));
    this.live = true;
    this.#subscribe(); // with the epoch of before: the server knows whether that is its own
    if (this.epoch !== hello.epoch) this.sequences = {};
    this.epoch = hello.epoch;
    this.failures = 0;
    this.listener.live();
  }

  #replace({ topic, sequence, items }) {
    const old = this.items.get(topic);
    const fresh = new Map(Object.entries(items));
    this.items.set(topic, fresh);
    this.sequences[topic] = sequence;
    const added = [...fresh.keys()].some((key) => !old.has(key));
    const removed = [...old.keys()].some((key) => !fresh.has(key));
    this.listener.news(topic, { added, removed, changed: new Set(fresh.keys()), before: old });
  }

  #change({ topic, sequence, changed, removed }) {
    const items = this.items.get(topic);
    const difference = { added: false, removed: false, changed: new Set(), before: new Map() };
    for (const [key, item] of Object.entries(changed)) {
      if (items.has(key)) difference.before.set(key, items.get(key));
      else difference.added = true;
      items.set(key, item);
      difference.changed.add(key);
    }
    for (const key of removed) difference.removed = items.delete(key) || difference.removed;
    this.sequences[topic] = sequence;
    this.listener.news(topic, difference);
  }

  #broke(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.live = false;
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures, 10));
    const wait = most * (0.5 + Math.random() / 2); // so that not all pages come back in the same moment
    this.failures += 1;
    this.timer = setTimeout(() => this.connect(), wait);
    this.listener.broken(performance.now() + wait);
  }

  // A connection may be gone without a word: the server would have sent a heartbeat.
  #watch() {
    const socket = this.socket;
    if (socket === null || performance.now() - this.heardAt < this.patience) return;
    socket.close();
    this.#broke(socket);
  }
}
