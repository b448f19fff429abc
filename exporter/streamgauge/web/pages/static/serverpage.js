// Asks the server for the page as it is now, and changes what has changed. What is shown, in which order and in which
// words is decided there; between two such pages only figures are written here.
import { setClock } from "./clock.js";
import { keepOrder } from "./order.js";
import { patch } from "./patch.js";

const PARTS = ["sources", "jobs", "clusters", "carried"];

export class ServerPage {
  /** @param {number} patienceMs how long to wait for an answer */
  constructor(patienceMs) {
    this.patienceMs = patienceMs;
    this.askedAt = -Infinity;
    this.asking = null;
  }

  /**
   * @param {{anew: boolean}} options whether rows may change their places
   * @returns {Promise<string | null | undefined>} why it did not work; null: it did; undefined: a newer question took over
   */
  async ask({ anew }) {
    this.asking?.abort();
    const request = new AbortController();
    this.asking = request;
    this.askedAt = performance.now();
    const patience = setTimeout(() => request.abort("timeout"), this.patienceMs);
    try {
      const headers = { Accept: "text/html" };
      const answer = await fetch(location.href, { signal: request.signal, headers, cache: "no-store" });
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      const text = await answer.text();
      if (request !== this.asking) return undefined;
      show(text, anew);
      return null;
    } catch (error) {
      if (request !== this.asking) return undefined;
      return error === "timeout" ? "no answer in time" : error instanceof TypeError ? "no connection" : error.message;
    } finally {
      clearTimeout(patience);
      if (request === this.asking) this.asking = null;
    }
  }
}

function show(text, anew) {
  const page = new DOMParser().parseFromString(text, "text/html");
  if (page.body.dataset.assets !== document.body.dataset.assets) {
    location.reload(); // the exporter was upgraded: its page needs its own script
    return;
  }
  setClock(Number(page.body.dataset.now));
  for (const id of PARTS) {
    const shown = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (!anew) keepOrder(shown, fresh);
    patch(shown, fresh);
  }
}
