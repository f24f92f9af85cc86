// The score over time: sessions side by side, each scoring a dot, each window a bar of its log-likelihood ratio below.

import { signed } from "./numbers.js";

const WIDTH = 1200;
const [TOP, SCORE_HEIGHT, BARS_TOP, BARS_HEIGHT] = [34, 190, 262, 84];
const [LEFT, RIGHT] = [52, 16];
const HEIGHT = BARS_TOP + BARS_HEIGHT + 26;
const GAP_S = 2; // between sessions
const LEAST_S = 30; // the time axis is never shorter
const LARGEST_LLR = 8; // bars of more are cut off there

/** Draws the sessions into a place of the page: [{label, start, scorings: [{end, score, verdict}], windows: [{start, end, llr}]}]. */
export function drawChart(place, sessions, threshold) {
  const shown = sessions.filter((session) => session.scorings.length || session.windows.length);
  const lengths = shown.map((session) => Math.max(2, lastTime(session) - session.start));
  const total = Math.max(LEAST_S, lengths.reduce((sum, each) => sum + each + GAP_S, 0) - GAP_S);
  const scale = (WIDTH - LEFT - RIGHT) / total;
  const y = (score) => TOP + (1 - score) * SCORE_HEIGHT;
  const zero = BARS_TOP + BARS_HEIGHT / 2;
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(shown, threshold) });

  chart.append(svg("rect", { class: "above", x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: y(threshold) - TOP }));
  chart.append(svg("rect", { class: "below", x: LEFT, y: y(threshold), width: WIDTH - LEFT - RIGHT, height: y(0) - y(threshold) }));
  for (const score of [0, 0.25, 0.5, 0.75, 1]) {
    chart.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(score), y2: y(score) }));
    chart.append(text(LEFT - 10, y(score) + 5, score.toFixed(2), "end"));
  }
  chart.append(svg("line", { class: "threshold", x1: LEFT, x2: WIDTH - RIGHT, y1: y(threshold), y2: y(threshold) }));
  chart.append(svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: zero, y2: zero }));
  chart.append(text(LEFT - 10, zero + 5, "LLR", "end"));

  let begin = 0;
  for (const [i, session] of shown.entries()) {
    const x = (time) => LEFT + (begin + time - session.start) * scale;
    if (i) {
      const border = LEFT + (begin - GAP_S / 2) * scale;
      chart.append(svg("line", { class: "border", x1: border, x2: border, y1: 10, y2: BARS_TOP + BARS_HEIGHT }));
    }
    const label = text(x(session.start) + 2, 22, session.label, "start");
    label.classList.add("session");
    chart.append(label);
    for (const window of session.windows) chart.append(...bar(window, x, zero));
    const way = session.scorings.map((each) => `${x(each.end).toFixed(1)},${y(each.score).toFixed(1)}`);
    if (way.length > 1) chart.append(svg("polyline", { class: "way", points: way.join(" ") }));
    for (const each of session.scorings) {
      const dot = svg("circle", { class: `dot ${each.verdict}`, cx: x(each.end), cy: y(each.score), r: 5 });
      dot.append(svg("title", {}, `${each.score.toFixed(3)}: ${each.verdict}, ${each.evidence_s.toFixed(0)} s of evidence`));
      chart.append(dot);
    }
    begin += lengths[i] + GAP_S;
  }
  const step = [5, 10, 20, 30, 60, 120, 300].find((each) => total / each <= 12) ?? 600;
  for (let time = 0; time <= total; time += step) {
    chart.append(text(LEFT + time * scale, HEIGHT - 6, `${time} s`, time ? "middle" : "start"));
  }
  place.replaceChildren(chart);
}

/** Fills a table with the same figures. */
export function fillTable(table, sessions) {
  const head = ["Session", "Window", "LLR", "Active s"];
  const rows = sessions.flatMap((session) =>
    session.windows.map((window, i) => [session.label, i + 1, window.llr?.toFixed(2) ?? "not scored", window.active_s.toFixed(1)]),
  );
  table.replaceChildren(row("th", head), ...rows.map((each) => row("td", each)));
}

function bar(window, x, zero) {
  const [from, to] = [x(window.start) + 1, Math.max(x(window.end) - 1, x(window.start) + 3)];
  if (window.llr === null) return [svg("rect", { class: "unscored", x: from, y: zero - 1, width: to - from, height: 2 })];
  const height = (Math.min(Math.abs(window.llr), LARGEST_LLR) / LARGEST_LLR) * (BARS_HEIGHT / 2 - 2);
  const place = { x: from, y: window.llr < 0 ? zero : zero - height, width: to - from, height: Math.max(height, 1) };
  const made = svg("rect", { class: window.llr < 0 ? "against" : "for", rx: 2, ...place });
  made.append(svg("title", {}, `log-likelihood ratio ${window.llr.toFixed(2)}`));
  if (to - from < 36) return [made];
  return [made, text((from + to) / 2, window.llr < 0 ? zero - 6 : zero + 18, signed(window.llr), "middle")];
}

function lastTime(session) {
  return Math.max(session.start, ...session.scorings.map((each) => each.end), ...session.windows.map((each) => each.end));
}

function summary(sessions, threshold) {
  const ends = sessions.map((session) => {
    const last = session.scorings.at(-1);
    return last ? `${session.label}: ${last.score.toFixed(2)}, ${last.verdict}` : `${session.label}: no score yet`;
  });
  return `Match score over time, threshold ${threshold.toFixed(2)}. ${ends.join("; ") || "No session yet"}.`;
}

function row(tag, cells) {
  const made = document.createElement("tr");
  for (const cell of cells) made.append(Object.assign(document.createElement(tag), { textContent: cell }));
  return made;
}

function text(x, y, words, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, words);
}

function svg(tag, attributes, words) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (words !== undefined) made.textContent = words;
  return made;
}
