// Batches → the endpoint: in order, one request at a time, again until they are taken.
//
//     add ─▶ queue (bounded) ─▶ post ─▶ 2xx: forgotten · 408, 429, 5xx, no answer: later · any other: the end

import { keep, recall } from "./identity.mjs";

// Browsers let the requests that may outlive a page hold 64 KiB together.
const REQUEST_BYTES = 60e3;
const BACK_OFF_MS = 1e3;
const LONGEST_BACK_OFF_MS = 60e3;
const LONGEST_RETRY_AFTER_MS = 600e3;
const ANSWER_MS = 30e3;

// A batch is {text, bytes, points, dropped}: JSON text without its last key "sent" and without its end.
// refused(status) is called once, when the endpoint says that asking again is useless.
export function delivery({ endpoint, token, queuePoints, refused }) {
  const unsent = "mousematch.unsent " + endpoint;
  const counters = { resumed: 0, queued: 0, delivered: 0, dropped: 0, requests: 0 };
  let queue = [];
  let failures = 0;
  let pause; // timer of the pause after a failure
  let running; // promise of the requests that are under way
  let ended = false;

  // Makes room for a batch of so many points: drops the oldest ones. Returns how many points it drops, those that they
  // tell of included: the one that is coming tells of them.
  function makeRoom(points) {
    let lost = 0;
    let oldest;
    while (counters.queued + points > queuePoints && (oldest = queue.find((batch) => !batch.flying))) {
      lost += oldest.points + oldest.dropped;
      drop(oldest);
    }
    return lost;
  }

  function add(batch) {
    queue.push(batch);
    counters.queued += batch.points;
    if (ended) drop(batch);
  }

  function drop(batch) {
    counters.dropped += batch.points;
    remove(batch);
  }

  function remove(batch) {
    counters.queued -= batch.points;
    queue.splice(queue.indexOf(batch), 1);
  }

  // Sends what is waiting. anyway: also in a pause. Resolves when it was taken, or could not be sent.
  function pump(anyway) {
    if (anyway || !pause) running ||= postAll().finally(() => (running = undefined));
    return running;
  }

  async function postAll() {
    while (!ended && queue.length && (await post(batchesFor(REQUEST_BYTES))));
  }

  // The oldest batches that a request of so many bytes can hold.
  function batchesFor(room) {
    const waiting = queue.filter((batch) => !batch.flying);
    const full = waiting.findIndex((batch, place) => (room -= batch.bytes) < 0 && (place > 0 || queue[0].flying));
    return full < 0 ? waiting : waiting.slice(0, full);
  }

  // Whether the endpoint took them.
  async function post(batches, leaving) {
    if (!batches.length) return false;
    clearTimeout(pause);
    pause = 0;
    counters.requests++;
    for (const batch of batches) batch.flying = true;
    const { status, wait } = await request(batches.map((batch) => batch.text + ',"sent":' + Date.now() + "}}").join("\n"), leaving);
    // What was dropped meanwhile, or left to the next page, is in the queue no more.
    const asked = batches.filter((batch) => queue.includes(batch));
    for (const batch of asked) batch.flying = false;
    if (status >= 200 && status < 300) {
      failures = 0;
      for (const batch of asked) {
        counters.delivered += batch.points;
        remove(batch);
      }
      return true;
    }
    if (ended) return false;
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      end();
      refused(status);
    } else {
      // Somewhere in the second half of the pause, so that a site's browsers do not come back all at once.
      const backOff = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** failures++) * (0.5 + Math.random() / 2);
      clearTimeout(pause);
      pause = setTimeout(() => {
        pause = 0;
        pump();
      }, Math.max(backOff, wait));
    }
    return false;
  }

  // The answer's status, 0 if there is none; and the milliseconds that it asks to wait.
  async function request(body, leaving) {
    try {
      if (leaving && !("keepalive" in Request.prototype)) {
        // A beacon can have no header, and nobody hears what becomes of it.
        const query = token ? "?token=" + encodeURIComponent(token) : "";
        return { status: navigator.sendBeacon(endpoint + query, body) ? 200 : 0, wait: 0 };
      }
      const answer = await fetch(endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(token && { Authorization: "Splunk " + token }) },
        body,
        keepalive: true,
        // An expired login answers with a redirect to a page, which would look like success.
        redirect: "error",
        signal: AbortSignal.timeout?.(ANSWER_MS),
      });
      return { status: answer.status, wait: pauseAsked(answer.headers.get("Retry-After")) };
    } catch {
      // No network, no answer in time, or one that this page may not read.
      return { status: 0, wait: 0 };
    }
  }

  // The page is hidden and may not live to see an answer: sends besides a request that is under way what there is room
  // for. for good: leaves the rest to the tab's next page; after a failure, everything.
  function leave(forGood) {
    if (ended) return;
    let room = REQUEST_BYTES;
    for (const batch of queue) if (batch.flying) room -= batch.bytes;
    post(batchesFor(room), true);
    const rest = queue.filter((batch) => failures || !batch.flying);
    if (forGood && rest.length && keep("sessionStorage", unsent, JSON.stringify(rest))) rest.forEach(remove);
  }

  // Takes over what the tab's last page left.
  function resume() {
    const rest = recall("sessionStorage", unsent);
    keep("sessionStorage", unsent);
    for (const { text, bytes, points, dropped } of JSON.parse(rest || "[]")) {
      counters.resumed += points;
      add({ text, bytes, points, dropped });
    }
    pump();
  }

  // Sends nothing any more.
  function end() {
    ended = true;
    clearTimeout(pause);
    queue.slice().forEach(drop);
    keep("sessionStorage", unsent);
  }

  return { add, pump, leave, resume, end, makeRoom, counters };
}

// Milliseconds that the header Retry-After asks for: it has seconds, or a date.
function pauseAsked(header) {
  const asked = header > 0 ? header * 1e3 : Date.parse(header) - Date.now();
  return Math.min(asked > 0 ? asked : 0, LONGEST_RETRY_AFTER_MS);
}
