// Mouse Match's browser collector: how the mouse moves, in batches, to Splunk's HTTP event collector.
//
//     events ─▶ capture ─▶ points ─▶ batch (each second) ─▶ delivery ─▶ endpoint
//                                      └─ session, tab, page: identity
//
// docs/collector.md says what the options are and what is sent.

import { capture } from "./capture.mjs";
import { delivery } from "./delivery.mjs";
import { claimTab, currentSession, optedOut, privacySignal, randomId, sampled, setOptOut, tab } from "./identity.mjs";

const MOST_POINTS = 2000;
// A page's clock stands still while the computer sleeps; from this difference on it is put right.
const SLEPT_MS = 1000;

// An option as a number; from a script tag it is a text.
const number = (value, otherwise) => (value != null && value !== "" && value >= 0 ? +value : otherwise);
const flag = (value) => value != null && value !== false && value !== "false";

// Starts collecting. Never throws: what goes wrong ends the collecting with one warning.
export function collect(options = {}) {
  const { endpoint, token, session, page } = options;
  const batchMs = number(options.batchMs, 1000);
  const batchPoints = Math.min(number(options.batchPoints, 500) || 1, MOST_POINTS);
  const sample = number(options.sample, 1);
  const pageId = randomId();
  let user = options.user;
  let origin = performance.timeOrigin;
  let last = 0; // time of the last point, tenths of a millisecond since 1970
  let lastPointer = "mouse";
  let sequence = 0;
  let recorded = 0;
  let quietUntil = 0;
  let batch;
  let timer;
  let size;
  let stopCapture;

  const warn = (reason) => {
    stopCapture?.();
    console.warn("MouseMatch: " + reason + " Nothing more is collected on this page.");
  };
  const guard = (work) => (...given) => {
    try {
      return work(...given);
    } catch (error) {
      warn(error + ".");
    }
  };
  const outbox = delivery({
    endpoint,
    token,
    queuePoints: number(options.queuePoints, 20000),
    refused: (status) => warn(endpoint + " answered " + status + "; check the address and the token."),
  });

  function take(event, kind, button, pointer = lastPointer) {
    if (batch && (pointer !== batch.pointer || batch.x.length >= batchPoints)) send();
    if (!batch && (event.timeStamp < quietUntil || !open(event.timeStamp, pointer))) return;
    // Time never steps back. Between batches it steps on: each is read on its own, and points of one and the same time
    // in two of them would lose their order.
    const time = Math.max(Math.round((origin + event.timeStamp) * 10), batch.start ? last : last + 1);
    if (!batch.start) {
      batch.start = Math.floor(time / 10);
      last = batch.start * 10;
    }
    batch.dt.push((time - last) / 10);
    batch.x.push(Math.round(event.clientX * 10) / 10);
    batch.y.push(Math.round(event.clientY * 10) / 10);
    batch.kind.push(kind);
    batch.button.push(button);
    last = time;
    lastPointer = pointer;
    recorded++;
  }

  // Begins a batch if this session is to be recorded; otherwise asks again after a while.
  function open(now, pointer) {
    const name = session || currentSession();
    if (optedOut() || !sampled(name, sample)) {
      quietUntil = now + batchMs;
      return false;
    }
    const slept = Date.now() - performance.now() - origin;
    if (slept > SLEPT_MS) origin += slept;
    size ||= [innerWidth, innerHeight];
    batch = { session: name, pointer, start: 0, dt: [], x: [], y: [], kind: [], button: [] };
    timer = setTimeout(guard(send), batchMs);
    return true;
  }

  // Ends the batch that is open: it waits in the queue.
  function close() {
    if (!batch) return;
    clearTimeout(timer);
    const { session, pointer, start, ...points } = batch;
    batch = undefined;
    const dropped = outbox.makeRoom(points.x.length);
    const event = {
      v: 1,
      session,
      user: user || undefined,
      tab,
      page: typeof page === "function" ? page(location.pathname) : page || location.pathname,
      page_id: pageId,
      seq: sequence++,
      viewport: size,
      dpr: Math.round(devicePixelRatio * 100) / 100,
      pointer,
      dropped: dropped || undefined,
      start,
      points,
    };
    // Delivery adds the key "sent" and the end, each time it sends.
    const text = JSON.stringify({ time: start / 1000, event }).slice(0, -2);
    outbox.add({ text, bytes: new TextEncoder().encode(text).length + 30, points: points.x.length, dropped });
  }

  const send = () => {
    close();
    outbox.pump();
  };
  const leave = (forGood) => {
    close();
    outbox.leave(forGood);
  };

  const collector = {
    // Sends at once, also in a pause after a failure; resolves when it was taken or could not be sent.
    flush: async () => {
      guard(close)();
      await outbox.pump(true);
    },
    // Ends the recording, and sends what there is.
    stop: guard(() => {
      stopCapture?.();
      return collector.flush();
    }),
    // Ends the recording in this browser for good, and throws away what was not sent. false takes it back.
    optOut: guard((out = true) => {
      setOptOut(out);
      if (!out) return;
      stopCapture?.();
      clearTimeout(timer);
      batch = undefined;
      outbox.end();
    }),
    // The points from now on are this user's; without a name, nobody's.
    setUser: guard((name) => {
      if (name !== user) send();
      user = name;
    }),
    get session() {
      return session || currentSession();
    },
    // Of points: recorded + resumed = queued + delivered + dropped + those of the open batch, while the page is shown.
    get counters() {
      return { recorded, ...outbox.counters };
    },
  };

  const start = guard(() => {
    if (!endpoint) return warn("it needs an endpoint.");
    if (optedOut() || (flag(options.respectPrivacySignals) && privacySignal())) return outbox.end();
    const on = (target, name, work) => target.addEventListener(name, guard(work));
    on(document, "visibilitychange", () => document.visibilityState === "hidden" && leave(false));
    on(window, "pagehide", () => leave(true));
    on(window, "pageshow", (event) => event.persisted && outbox.resume());
    on(window, "resize", () => {
      send();
      size = undefined;
    });
    claimTab();
    stopCapture = capture(take, guard);
    outbox.resume();
  });
  // A page that is loaded ahead has neither a mouse nor its tab's storage until it is shown.
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
  return collector;
}
