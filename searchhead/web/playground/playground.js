// The playground: enroll by moving your own mouse, see your score live, hand the mouse over, see the alert.
//
//   pointer ─ collector ─▶ HEC ─▶ index ─▶ search: mouseencode [ | mousescore | mouseenroll ] ─▶ this page

import { runSchedules } from "./alerts.js";
import { Follow } from "./follow.js";
import { Movement, drawPath } from "./movement.js";
import { Portrait, WINDOW_POINTS } from "./portrait.js";
import { Session } from "./session.js";
import { Splunkd, SplunkdError, quoted, sleep } from "./splunkd.js";
import { Tasks } from "./tasks.js";
import { at, reasons, showCollecting, showGallery, showGoingOn, showHistory, showProblem, showScore, showStep } from "./view.js";

const BATCH_MS = 250;
const UNDELIVERED_MS = 5_000; // movement that HEC has not taken for so long is told
const EARLIER_S = 60; // how far before a session's first point a search looks, for clocks that differ
const RETRY_AFTER_S = 10; // active seconds more after a refused enrollment
const ENCODE = "mouseencode by tab"; // as the saved search encodes sessions
const TEMPLATES = "mousematch_templates";

class Playground {
  constructor(config, collect) {
    this.config = config;
    this.collect = collect;
    this.splunkd = new Splunkd(config);
    this.movement = new Movement(window);
    this.portrait = new Portrait();
    this.tasks = new Tasks(at("board"), (title, hint) => {
      at("task-title").textContent = title;
      at("task-hint").textContent = hint;
    });
    this.sessions = [];
    this.threshold = 0.5;
    this.need = { active_s: 60, windows: 3 };
    this.begin = at("begin");
  }

  /** Makes the page ready; throws SplunkdError when the search head does not let it. */
  async open() {
    await this.#readRequirements();
    this.begin.addEventListener("submit", (event) => this.#named(event));
    at("somebody-else").addEventListener("click", () => this.score("somebody else"));
    at("myself").addEventListener("click", () => this.score("you"));
    at("forget").addEventListener("click", () => this.forget());
    at("run-schedules").addEventListener("click", () => this.runSchedules());
    requestAnimationFrame(() => this.#draw());
    setInterval(() => this.#watchDelivery(), 1000);
    showStep("enroll");
  }

  /** Collects until there is enough for a template, then enrolls. */
  enroll() {
    this.enrollAfter_s = 0;
    this.#begin(new Session("you, enrolling", 1), ENCODE, (session) => {
      this.#collecting(session);
      showGallery([session]);
      const windows = session.windows.length;
      if (session.active_s >= Math.max(this.need.active_s, this.enrollAfter_s) && windows >= this.need.windows) this.#store(session);
    });
    showStep("enroll");
    at("now").dataset.verdict = "collecting";
  }

  /** Another session under the enrolled name, scored as it goes. who: "you" or "somebody else". */
  score(who) {
    const session = new Session(who, this.sessions.length + 1);
    this.sessions.push(session);
    showStep(this.sessions.some((each) => each.who !== "you") ? "handover" : "score");
    at("actions").hidden = false;
    at("somebody-else").className = "";
    at("run-schedules").className = "second";
    this.#begin(session, `${ENCODE} | \`mousematch_score_by_policy\``, (current) => {
      const threshold = Number.parseFloat(current.row.match_threshold);
      if (!Number.isNaN(threshold)) this.threshold = threshold;
      showScore(current, this.threshold);
      showHistory(this.sessions, this.threshold);
      const unscored = current.windows.length > 0 && current.scorings.length === 0;
      this.#trouble("score", unscored ? reasons(current.row) : "");
      if (current.verdict === "mismatch") this.#mismatch();
    });
    at("now").dataset.verdict = "insufficient";
    showScore(session, this.threshold);
    showHistory(this.sessions, this.threshold);
    this.#link(session);
  }

  /** The mouse is in other hands: what comes next is the alert. */
  #mismatch() {
    showStep("alert");
    at("somebody-else").className = "second";
    at("run-schedules").className = "";
  }

  /** Deletes the template, as far as the role may, and begins anew. */
  async forget() {
    try {
      await this.splunkd.remove(TEMPLATES, { user: this.name });
    } catch (error) {
      return showProblem(`The template of “${this.name}” is still there: ${error.message}`, { again: () => this.forget() });
    }
    await this.#end();
    location.reload();
  }

  async runSchedules() {
    at("run-schedules").disabled = true;
    await this.#collector?.flush();
    await runSchedules(this.splunkd, this.sessions);
    at("run-schedules").disabled = false;
  }

  #collector = null;
  #follow = null;

  async #readRequirements() {
    const given = await this.splunkd.entities("configs/conf-mousematch/enrollment").then(
      ([stanza]) => stanza?.content ?? {},
      (error) => {
        if (error.status === 0 || error.status === 401) throw error;
        return {}; // a role that may not read the settings gets the shipped ones
      },
    );
    this.need = {
      active_s: Number(given.min_active_s ?? this.need.active_s),
      windows: Number(given.min_windows ?? this.need.windows),
    };
  }

  async #named(event) {
    event.preventDefault();
    this.name = at("name").value.trim();
    if (!this.name) return at("name").focus();
    showProblem(null);
    try {
      const [known] = await this.splunkd.documents(TEMPLATES, { user: this.name }, "user,windows,active_s,enrolled_at");
      if (known && !event.submitter?.dataset.anew) this.#offer(known);
      else this.enroll();
    } catch (error) {
      showProblem(error.message, { again: () => this.begin.requestSubmit() });
    }
  }

  /** There is a template of this name: use it, or make a new one in its place. */
  #offer(known) {
    const when = new Date(1000 * known.enrolled_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const use = Object.assign(document.createElement("button"), { type: "button", textContent: "Use this template" });
    const anew = Object.assign(document.createElement("button"), { textContent: "Replace it", className: "second" });
    anew.dataset.anew = "1";
    use.addEventListener("click", () => this.score("you"));
    at("known").replaceChildren(`${this.name} is enrolled: ${known.windows} windows, ${when}. `, use, " ", anew);
    at("known").hidden = false;
    use.focus();
  }

  /** Ends the session before and begins this one: collector, task, searches. */
  #begin(session, pipeline, heard) {
    this.#end();
    this.session = session;
    this.movement.reset();
    this.portrait.reset();
    this.drawn = -1;
    this.delivered = 0;
    this.undelivered = Date.now();
    this.troubles = { search: "", delivery: "", score: "" };
    showProblem(null);
    showGoingOn(`${session.label}: move the mouse.`);
    this.#collector = this.collect({
      endpoint: this.config.hec.endpoint,
      token: this.config.hec.token,
      session: session.id,
      user: this.name,
      batchMs: BATCH_MS,
    });
    this.tasks.start();
    at("task").focus({ preventScroll: true });
    const collector = this.#collector;
    const follow = () => (this.#follow = new Follow({
      movement: this.movement,
      flush: () => collector.flush(),
      search: async (signal) => {
        const spl = `search \`mousematch_telemetry\` session=${quoted(session.id)} | \`mousematch_names\` | ${pipeline}`;
        const { rows } = await this.splunkd.search(spl, { earliest: session.begun - EARLIER_S, signal });
        return rows[0];
      },
      heard: (row, { took_ms }) => {
        if (!Number(row.points)) return;
        session.hear(row, this.movement.points);
        const behind = (Date.now() / 1000 - Number(row.end)).toFixed(1);
        const seen = Number(row.points).toLocaleString("en");
        showGoingOn(`${seen} points stored and searched; the search took ${(took_ms / 1000).toFixed(1)} s, its last point is ${behind} s old.`);
        heard(session);
      },
      failed: (error) => this.#trouble("search", error ? `${error.message} Trying again.` : ""),
    }));
    this.followAgain = follow;
    follow();
  }

  #end() {
    this.#follow?.stop();
    const ended = this.#collector?.stop();
    this.#follow = this.#collector = null;
    return ended;
  }

  /** What keeps going wrong while a session runs, and when it is over (""); the first of them is shown. */
  #trouble(kind, text) {
    if (this.troubles[kind] === text || this.storing) return;
    this.troubles[kind] = text;
    showProblem(Object.values(this.troubles).find(Boolean) ?? null);
  }

  #collecting(session) {
    const windows = { seen: session.windows.length, points: this.movement.length };
    showCollecting({ active_s: Math.max(session.active_s, Math.min(this.movement.active_s, this.need.active_s)), windows, need: this.need });
  }

  /** Makes the template; what mouseenroll refuses is told with its reason, and tried again with more material. */
  async #store(session) {
    if (this.storing) return;
    this.storing = true;
    this.#follow.stop();
    showGoingOn("mouseenroll makes your template …");
    try {
      await this.#collector.flush();
      const spl = `search \`mousematch_telemetry\` session=${quoted(session.id)} | \`mousematch_names\` | ${ENCODE} | mouseenroll`;
      const { rows, messages } = await this.splunkd.search(spl, { earliest: session.begun - EARLIER_S });
      const [row] = rows;
      if (["enrolled", "updated"].includes(row?.status)) {
        this.sessions = [];
        this.template = row;
        this.score("you");
        showGoingOn(`Enrolled from ${row.windows} windows, consistency ${row.consistency || "not known"}. Now every movement is compared.`);
        return;
      }
      const reason = row?.reason || messages.map((each) => each.text).join(" ") || "mouseenroll gave no row.";
      throw new SplunkdError(`Not enrolled: ${reason}`);
    } catch (error) {
      this.enrollAfter_s = session.active_s + RETRY_AFTER_S;
      const beginAnew = { again: () => this.enroll(), label: "Begin anew" };
      showProblem(`${error.message} It is tried again after ${RETRY_AFTER_S} more seconds of movement.`, beginAnew);
      if (this.session === session) this.followAgain();
    } finally {
      this.storing = false;
    }
  }

  #link(session) {
    const query = new URLSearchParams({ "form.session": session.id, "form.user": this.name });
    at("open-session").href = `${this.config.views}/session?${query}`;
  }

  /** Tells when HEC does not take what was recorded. */
  #watchDelivery() {
    if (!this.#collector) return;
    const { recorded, delivered } = this.#collector.counters;
    const now = Date.now();
    if (recorded <= delivered || delivered > this.delivered) this.undelivered = now;
    this.delivered = delivered;
    const late = now - this.undelivered > UNDELIVERED_MS;
    this.#trouble("delivery", late ? "The HTTP Event Collector does not take your movement. It is kept and sent once it is taken again." : "");
  }

  #draw() {
    const { points } = this.movement;
    const now = Date.now();
    if (points.length !== this.drawn && this.session) {
      for (; this.portrait.points < points.length; ) this.portrait.add(points[this.portrait.points]);
      const image = new ImageData(this.portrait.pixels(), 64, 64);
      at("portrait").getContext("2d").putImageData(image, 0, 0);
      const number = Math.floor(Math.max(points.length - 1, 0) / WINDOW_POINTS) + 1;
      at("portrait-caption").textContent = `Window ${number}, ${Math.round((100 * this.portrait.n) / WINDOW_POINTS)} % full`;
      if (at("now").dataset.verdict === "collecting") this.#collecting(this.session);
      this.drawn = points.length;
    }
    if (this.session) drawPath(at("path"), points, { now_ms: now, frame: at("task").getBoundingClientRect() });
    requestAnimationFrame(() => this.#draw());
  }
}

async function start() {
  showProblem(null);
  try {
    const answer = await fetch("playground/config.json", { credentials: "same-origin" });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) {
      throw new SplunkdError("You are not signed in. Open the link again that the search head has printed.");
    }
    if (!answer.ok) throw new SplunkdError(`The page's settings could not be read (status ${answer.status}).`);
    const config = { views: "/en-US/app/mousematch", ...(await answer.json()) };
    const { collect } = await import(config.collector);
    const playground = new Playground(config, collect);
    await playground.open();
    globalThis.playground = playground;
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    at("begin-enroll").disabled = true;
    showProblem(error instanceof SplunkdError ? error.message : `The playground could not start: ${error.message}`, {
      again: () => location.reload(),
    });
  }
}

await start();
