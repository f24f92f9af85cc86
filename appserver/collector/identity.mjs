// Who sends: session, tab and page, all of them random numbers that say nothing about a person. No cookies.

const IDLE_MS = 30 * 60e3;
const SESSION = "mousematch.session";
const TAB = "mousematch.tab";
const OPT_OUT = "mousematch.optout";

// Storage may be switched off, full or blocked: then the page's own memory has to do.
const memory = {};

export function recall(storage, name) {
  try {
    return window[storage].getItem(name);
  } catch {
    return memory[name];
  }
}

// A value of undefined removes it. Whether it is kept beyond this page.
export function keep(storage, name, value) {
  try {
    if (value === undefined) window[storage].removeItem(name);
    else window[storage].setItem(name, value);
    return true;
  } catch {
    memory[name] = value;
    return false;
  }
}

// 96 random bits. crypto.randomUUID would need https.
export const randomId = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("");

// The session of this browser; a new one after half an hour without movement in any of its tabs.
export function currentSession() {
  const now = Date.now();
  let [id, seen] = (recall("localStorage", SESSION) || "").split(" ");
  if (!id || !(Math.abs(now - seen) < IDLE_MS)) {
    id = randomId();
    seen = 0;
  }
  // Writing once a minute is often enough.
  if (now - seen > 60e3) keep("localStorage", SESSION, id + " " + now);
  return id;
}

// Whether a session is among the share that is recorded: the same answer on all of its pages.
export function sampled(session, share) {
  let hash = 0;
  for (const letter of session) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x5bd1e995) + 1;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32 < share;
}

export const optedOut = () => recall("localStorage", OPT_OUT) === "1";
export const setOptOut = (out) => keep("localStorage", OPT_OUT, out ? "1" : undefined);

// Do-Not-Track, or Global Privacy Control.
export const privacySignal = () => navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";

// This tab's name, which its next page goes on with. The page that is shown keeps it to itself: a tab that is opened
// from this one, or duplicated, gets a copy of the storage, and must not find the name in there.
export let tab;

export function claimTab() {
  tab = recall("sessionStorage", TAB) || tab || randomId();
  keep("sessionStorage", TAB);
}

addEventListener("pagehide", () => tab && keep("sessionStorage", TAB, tab));
addEventListener("pageshow", (event) => event.persisted && tab && claimTab());
