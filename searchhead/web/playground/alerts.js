// The scheduled searches, run now instead of at their time, and the alert that they raise.

import { quoted } from "./splunkd.js";
import { at } from "./view.js";

const SCORE = "Mouse Match - Score recent sessions";
const ALERT = "Mouse Match - Alert - Somebody else moves the mouse";

/** Runs both searches and shows, step by step, what came of them. sessions: of this page. */
export async function runSchedules(splunkd, sessions) {
  const log = at("alerts-list");
  at("alerts").hidden = false;
  log.replaceChildren();
  try {
    for (const name of [SCORE, ALERT]) {
      const line = tell(log, `${name} …`);
      const job = await splunkd.dispatch(name);
      const count = Number(job.resultCount ?? 0);
      line.replaceChildren(bold(name), ` ended after ${Number(job.runDuration ?? 0).toFixed(1)} s with ${count} ${count === 1 ? "row" : "rows"}.`);
    }
    await showFired(splunkd, log);
    await showAlerts(splunkd, log, sessions);
  } catch (error) {
    tell(log, error.message).className = "wrong";
  }
}

/** Whether the alert stands among the triggered ones, as Splunk's menu Activity > Triggered Alerts has them. */
async function showFired(splunkd, log) {
  const fired = await splunkd.entities(`alerts/fired_alerts/${encodeURIComponent(ALERT)}`, { owner: "-" }).catch((error) => {
    if (error.status === 404) return [];
    throw error;
  });
  const [latest] = fired.sort((a, b) => triggered(b) - triggered(a));
  if (!latest) return;
  const line = tell(log, "");
  line.className = "fired";
  line.append(bold("Triggered: "), `${ALERT}, ${new Date(triggered(latest) * 1000).toLocaleTimeString()}.`);
}

/** The alerts about these sessions, each with the way to its session. */
async function showAlerts(splunkd, log, sessions) {
  const ids = sessions.map((session) => quoted(session.id)).join(", ");
  const { rows } = await splunkd.search(`search \`mousematch_alerts\` | where in(session, ${ids}) | sort - _time`);
  if (!rows.length) tell(log, "No alert about a session of this page: none is a mismatch with enough evidence yet.");
  for (const row of rows) {
    const line = tell(log, "");
    line.className = "alert";
    const link = document.createElement("a");
    link.href = row.drilldown;
    link.textContent = "Open the session";
    const { label } = sessions.find((session) => session.id === row.session);
    line.append(bold(`Alert, ${label}: `), row.risk_message ?? row.match_verdict, " ", link);
  }
}

function triggered(entry) {
  return Number(entry.content?.trigger_time ?? 0);
}

function tell(log, text) {
  const line = document.createElement("li");
  line.textContent = text;
  log.append(line);
  return line;
}

function bold(text) {
  return Object.assign(document.createElement("b"), { textContent: text });
}
