// The alerts that have fired, from alerts/fired_alerts/-; asked for again every ten seconds while the page is seen.
import { call, element } from "./rest.js";

const AGAIN_MS = 10_000;
const SEVERITIES = ["", "debug", "info", "warning", "error", "severe", "fatal"]; // savedsearches.conf's alert.severity
const { app } = document.body.dataset;
const at = (id) => document.getElementById(id);

async function refresh() {
  const message = at("message");
  try {
    const feed = await call("alerts/fired_alerts/-", { query: { count: 200, sort_key: "trigger_time", sort_dir: "desc" } });
    const alerts = (feed.entry ?? []).map((entry) => entry.content);
    alerts.sort((one, other) => other.trigger_time - one.trigger_time);
    at("alerts").hidden = !alerts.length;
    at("alerts").tBodies[0].replaceChildren(...alerts.map(row));
    message.classList.remove("failed");
    message.textContent = alerts.length
      ? `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}`
      : "No alert has fired. Alerts come from scheduled searches that find something.";
  } catch (error) {
    message.classList.add("failed");
    message.textContent = error.message;
  }
}

function row(alert) {
  const made = element("tr");
  const link = element("a", alert.savedsearch_name);
  const query = new URLSearchParams({ sid: alert.sid });
  link.href = `/en-US/app/${app}/search?${query}`;
  const name = element("td");
  name.append(link);
  made.append(
    element("td", time(alert.trigger_time)),
    name,
    element("td", SEVERITIES[alert.severity] ?? String(alert.severity), `severity s${Number(alert.severity)}`),
    element("td", String(alert.triggered_alerts ?? "")),
    element("td", alert.expiration_time_rendered ?? ""),
  );
  return made;
}

function time(epoch) {
  return Number(epoch) ? new Date(Number(epoch) * 1000).toLocaleString() : "";
}

refresh();
setInterval(() => document.hidden || refresh(), AGAIN_MS);
