// What the page shows: the ring or the score, the windows, problems. Nothing here asks the search head anything.

import { drawChart, fillTable } from "./chart.js";
import { signed } from "./numbers.js";
import { values } from "./splunkd.js";

export const at = (id) => document.getElementById(id);

const VERDICTS = {
  match: "It is you",
  mismatch: "Somebody else moves the mouse",
  insufficient: "Too little movement yet",
  not_enrolled: "Nobody of this name is enrolled",
};
const NEWEST_FIRST = 24; // images shown of a session

/** Marks the step that is on, and those before it as done. */
export function showStep(step) {
  let before = true;
  for (const each of at("steps").children) {
    const current = each.dataset.step === step;
    if (current) before = false;
    each.classList.toggle("done", before);
    if (current) each.setAttribute("aria-current", "step");
    else each.removeAttribute("aria-current");
  }
}

/** A sentence on what is wrong, with a button if something can be done about it; null takes it away. */
export function showProblem(text, { again, label = "Try again" } = {}) {
  at("problem").hidden = !text;
  if (!text) return;
  if (at("problem-text").textContent !== text) at("problem-text").textContent = text;
  at("problem-again").hidden = !again;
  at("problem-again").textContent = label;
  at("problem-again").onclick = again ?? null;
}

/** What is going on, in a line. */
export function showGoingOn(text) {
  at("going-on").textContent = text;
}

/** The ring while material is collected: active seconds (mine, and those the search has seen) and windows of those needed. */
export function showCollecting({ active_s, windows, need }) {
  const share = Math.min(active_s / need.active_s, windows.seen / need.windows, 1);
  at("now").dataset.verdict = "collecting";
  ring(share, Math.min(Math.floor(active_s), need.active_s), `of ${need.active_s} active s`);
  verdict("Getting to know you");
  facts([
    ["windows", `${Math.min(windows.seen, 99)} of ${need.windows}`],
    ["points", windows.points.toLocaleString("en")],
  ]);
}

/** The score of a session, or that there is none yet. */
export function showScore(session, threshold) {
  const row = session?.row;
  const found = session?.verdict || "insufficient";
  const score = Number.parseFloat(row?.match_score);
  at("now").dataset.verdict = found;
  if (Number.isNaN(score)) ring(0, "–", "match score");
  else ring(score, score.toFixed(2), "match score");
  verdict(VERDICTS[found] ?? found);
  const llr = Number.parseFloat(row?.match_llr);
  const far = Number.parseFloat(row?.match_far);
  facts([
    ["threshold", threshold.toFixed(2)],
    ["evidence", `${Number(row?.match_evidence_s ?? 0).toFixed(0)} s`],
    ["session LLR", Number.isNaN(llr) ? "–" : signed(llr)],
    ["FAR at the threshold", Number.isNaN(far) ? "–" : `${(100 * far).toFixed(0)} %`],
  ]);
}

/** Chart, table and gallery of all sessions that were scored. */
export function showHistory(sessions, threshold) {
  at("history").hidden = at("windows").hidden = false;
  drawChart(at("chart"), sessions, threshold);
  fillTable(at("table"), sessions);
  showGallery(sessions);
}

/** The windows of each session, its images as mouseencode drew them. */
export function showGallery(sessions) {
  at("windows").hidden = false;
  const gallery = at("gallery");
  const rows = [...sessions].reverse().filter((session) => session.windows.length);
  for (const session of rows) {
    let row = gallery.querySelector(`[data-session="${CSS.escape(session.id)}"]`);
    if (!row) {
      row = Object.assign(document.createElement("section"), { className: "gallery-row" });
      row.dataset.session = session.id;
      row.append(Object.assign(document.createElement("h3"), { textContent: session.label }));
      row.append(Object.assign(document.createElement("ol"), { className: "tiles" }));
      gallery.prepend(row);
    }
    fillTiles(row.lastElementChild, session);
  }
  for (const row of [...gallery.children]) {
    if (!rows.some((session) => session.id === row.dataset.session)) row.remove();
  }
}

function fillTiles(list, session) {
  const shown = session.windows.slice(-NEWEST_FIRST);
  const first = session.windows.length - shown.length;
  while (list.children.length > shown.length) list.lastElementChild.remove();
  for (const [i, window] of shown.entries()) {
    let tile = list.children[i];
    if (!tile) {
      tile = document.createElement("li");
      tile.append(new Image(96, 96), document.createElement("p"));
      list.append(tile);
    }
    const [image, words] = tile.children;
    const source = `data:image/png;base64,${window.image}`;
    if (image.src !== source) image.src = source;
    image.alt = `Window ${first + i + 1} of ${session.label}`;
    image.className = "pixels screen";
    words.textContent = window.llr === null || window.llr === undefined ? `${window.active_s.toFixed(0)} s` : signed(window.llr);
    tile.className = window.llr === null || window.llr === undefined ? "" : window.llr < 0 ? "against" : "for";
    tile.title = `Window ${first + i + 1}: ${window.active_s.toFixed(1)} active seconds`;
  }
}

function ring(share, number, unit) {
  at("ring-done").setAttribute("stroke-dasharray", `${(100 * share).toFixed(1)} 100`);
  at("ring-number").textContent = number;
  at("ring-unit").textContent = unit;
}

function verdict(text) {
  if (at("verdict").textContent !== text) at("verdict").textContent = text;
}

function facts(pairs) {
  at("facts").replaceChildren(
    ...pairs.flatMap(([name, value]) => [
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]),
  );
}

/** The reasons of a row that mousescore could not score, or could score only in part. */
export function reasons(row) {
  return values(row?.match_error).join(" ");
}
