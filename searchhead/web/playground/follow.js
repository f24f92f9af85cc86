// Follows a session with searches: the next one begins as soon as the last has ended and something new has been sent.
// When a window is full a search begins at once, so that its score comes early. Just before that none begins any more
// which would still be running then: on few cores each would slow the other down.

import { WINDOW_POINTS } from "./portrait.js";
import { sleep } from "./splunkd.js";

const MOST_AT_ONCE = 2;
const AFTER_FAILURE_MS = 2_000;
const IDLE_MS = 50;
const FIRST_GUESS_MS = 700; // how long a search takes, until one has
const RATE_MS = 2_000; // the pace of the mouse is that of the latest so many milliseconds

export class Follow {
  /**
   * search(): → row of the session, or undefined. flush(): sends what the collector holds, resolves when it is stored.
   * movement: the points so far. heard(row, {took_ms}): newer rows only. failed(error), and failed(null) when it is over.
   */
  constructor({ search, flush, movement, heard, failed }) {
    Object.assign(this, { search, flush, movement, heard, failed });
    this.running = 0;
    this.begun = 0;
    this.shown = 0;
    this.seen = 0;
    this.windows = 0;
    this.usual_ms = FIRST_GUESS_MS;
    this.stopped = false;
    this.abort = new AbortController();
    this.ended = this.#loop();
  }

  /** Ends it; what is under way is forgotten. */
  stop() {
    this.stopped = true;
    this.abort.abort();
  }

  async #loop() {
    while (!this.stopped) {
      const windows = Math.floor(this.movement.length / WINDOW_POINTS);
      const full = windows > this.windows;
      const news = this.movement.length > this.seen;
      if (full ? this.running < MOST_AT_ONCE : news && this.running === 0 && this.#untilFull_ms() > this.usual_ms) {
        this.windows = windows;
        this.seen = this.movement.length;
        this.#once();
      }
      await sleep(IDLE_MS);
    }
  }

  /** When the window will be full at the present pace of the mouse, from now. */
  #untilFull_ms() {
    const { points } = this.movement;
    const now = performance.timeOrigin + performance.now();
    let first = points.length;
    while (first > 0 && now - points[first - 1].time_ms < RATE_MS) first -= 1;
    const missing = WINDOW_POINTS - (points.length % WINDOW_POINTS);
    return (missing * RATE_MS) / (points.length - first); // a mouse at rest: Infinity
  }

  async #once() {
    const number = ++this.begun;
    const began = performance.now();
    this.running += 1;
    try {
      await this.flush();
      const row = await this.search(this.abort.signal);
      const took_ms = performance.now() - began;
      this.usual_ms += 0.3 * (took_ms - this.usual_ms);
      if (this.stopped || number < this.shown) return;
      this.shown = number;
      this.failed(null);
      if (row) this.heard(row, { took_ms });
    } catch (error) {
      if (this.stopped || error.name === "AbortError") return;
      this.failed(error);
      this.seen = 0; // try again, whether the mouse moves or not
      await sleep(AFTER_FAILURE_MS);
    } finally {
      this.running -= 1;
    }
  }
}
