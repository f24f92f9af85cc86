// A session as the page knows it: who has the mouse, its windows with their images and LLRs, its scorings over time.

import { WINDOW_POINTS } from "./portrait.js";
import { values } from "./splunkd.js";

const LEAST_DISTANCE_PX = 50; // mousescore takes no window with a shorter path for evidence

export class Session {
  /** who: "you" or "somebody else". number: from 1. */
  constructor(who, number) {
    this.id = `playground-${crypto.getRandomValues(new Uint32Array(2)).reduce((text, each) => text + each.toString(36), "")}`;
    this.who = who;
    this.label = `Session ${number} · ${who}`;
    this.begun = Date.now() / 1000;
    this.start = this.begun;
    this.windows = [];
    this.scorings = [];
    this.lags_ms = []; // of each full window: from its last point until its score was here
    this.row = null;
  }

  /** Takes in a row of `mouseencode` or `mousescore`. points: those that the page has seen, to tell how late it comes. */
  hear(row, points) {
    this.row = row;
    const shown_ms = performance.timeOrigin + performance.now();
    while ((this.lags_ms.length + 1) * WINDOW_POINTS <= Number(row.points)) {
      const last = points[(this.lags_ms.length + 1) * WINDOW_POINTS - 1];
      this.lags_ms.push(last ? shown_ms - last.time_ms : null);
    }
    this.start = Number(row.start);
    const images = values(row.image);
    const starts = values(row.window_start).map(Number);
    const seconds = values(row.window_active_s).map(Number);
    const llrs = spread(values(row.window_llr).map(Number), images, values(row.window_distance_px).map(Number));
    this.windows = images.map((image, i) => ({
      image,
      start: starts[i],
      end: starts[i + 1] ?? Number(row.end),
      active_s: seconds[i] ?? 0,
      llr: llrs[i],
    }));
    const score = Number.parseFloat(row.match_score);
    if (Number.isNaN(score)) return;
    const evidence_s = Number(row.match_evidence_s ?? 0);
    const verdict = values(row.match_verdict)[0] ?? "insufficient";
    this.scorings.push({ end: Number(row.end), score, verdict, evidence_s });
  }

  get verdict() {
    return values(this.row?.match_verdict)[0] ?? "";
  }

  get active_s() {
    return Number(this.row?.active_s ?? 0);
  }
}

/** An LLR or null for each image: still windows and copies of others have none. All null when that does not add up. */
function spread(llrs, images, distances) {
  const counts = images.map((image, i) => !(distances[i] < LEAST_DISTANCE_PX) && images.indexOf(image) === i);
  if (counts.filter(Boolean).length !== llrs.length) return images.map(() => null);
  let next = 0;
  return counts.map((scored) => (scored ? llrs[next++] : null));
}
