// One search: dispatched as a job, followed to its end, its results page by page. A search of the address (?q=) waits for
// the reader to start it; a job of the address (?sid=) is shown.
import { call, element } from "./rest.js";

const POLL_MS = 500;
const PAGE = 50; // rows
const PNG = /^iVBORw0KGgo[A-Za-z0-9+/=]+$/; // base64 of a PNG's first bytes, and no more than base64
const DATA_URI = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;
const at = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);

let job = null; // {sid, count, offset}
let turn = 0; // a newer search makes what an older one still gets worthless

for (const [name, id] of [["q", "spl"], ["earliest", "earliest"], ["latest", "latest"]]) {
  if (address.get(name)) at(id).value = address.get(name);
}

async function start() {
  const text = at("spl").value.trim();
  if (!text) return;
  await cancel();
  const mine = ++turn;
  clear();
  remember(text);
  say("Starting …");
  try {
    const form = {
      search: text.startsWith("|") || /^(search|from|savedsearch)\s/i.test(text) ? text : `search ${text}`,
      earliest_time: at("earliest").value.trim(),
      latest_time: at("latest").value.trim(),
    };
    const { sid } = await call("search/jobs", { form });
    if (mine === turn) await follow(sid, mine);
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

async function follow(sid, mine) {
  job = { sid, count: 0, offset: 0 };
  at("cancel").disabled = false;
  for (;;) {
    const content = (await call(`search/jobs/${encodeURIComponent(sid)}`)).entry[0].content;
    if (mine !== turn) return;
    const count = Number(content.resultCount ?? 0);
    showMessages(content.messages ?? []);
    if (content.isFailed) throw new Error(messageOf(content) ?? "The search failed.");
    say(`${state(content)}: ${count} ${count === 1 ? "row" : "rows"}, ${Number(content.runDuration ?? 0).toFixed(1)} s`);
    if (content.isDone) {
      job.count = count;
      at("cancel").disabled = true;
      await show(0, mine);
      return;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
    if (mine !== turn) return;
  }
}

async function show(offset, mine = turn) {
  const path = `search/v2/jobs/${encodeURIComponent(job.sid)}/results`;
  const answer = await call(path, { query: { count: PAGE, offset } });
  if (mine !== turn) return;
  const names = (answer.fields ?? []).map((field) => field.name ?? field).filter((name) => name === "_time" || name === "_raw" || !name.startsWith("_"));
  const rows = answer.results ?? [];
  job.offset = offset;
  const head = element("tr");
  head.append(...names.map((name) => element("th", name)));
  at("results").tHead.replaceChildren(head);
  at("results").tBodies[0].replaceChildren(...rows.map((each) => row(each, names)));
  at("results").hidden = !rows.length;
  at("pager").hidden = job.count <= PAGE;
  at("before").disabled = offset === 0;
  at("after").disabled = offset + PAGE >= job.count;
  at("place").textContent = `${offset + 1}–${Math.min(offset + PAGE, job.count)} of ${job.count}`;
}

function row(values, names) {
  const made = element("tr");
  made.append(...names.map((name) => cell(values[name], name)));
  return made;
}

/** A value as text, and as pictures where it is base64 of a PNG or a data URI of an image. */
function cell(value, name) {
  const made = element("td", "", name === "_raw" ? "raw" : "");
  const parts = Array.isArray(value) ? value : value === undefined || value === null ? [] : [String(value)];
  const sources = parts.map(imageSource);
  if (parts.length && sources.every(Boolean)) {
    const images = element("span", "", "images");
    for (const source of sources) {
      const image = element("img");
      image.src = source;
      image.alt = `${name}, a picture`;
      image.loading = "lazy";
      images.append(image);
    }
    made.append(images);
  } else {
    made.textContent = parts.join("\n");
  }
  return made;
}

function imageSource(text) {
  if (DATA_URI.test(text)) return text;
  return PNG.test(text) ? `data:image/png;base64,${text}` : null;
}

async function cancel() {
  turn += 1;
  const running = !at("cancel").disabled && job;
  at("cancel").disabled = true;
  if (!running) return;
  try {
    await call(`search/jobs/${encodeURIComponent(running.sid)}/control`, { form: { action: "cancel" } });
    say("Cancelled.");
  } catch (error) {
    fail(error);
  }
}

function clear() {
  at("results").hidden = true;
  at("pager").hidden = true;
  at("messages").replaceChildren();
}

function showMessages(messages) {
  const items = messages.map(({ type, text }) => element("li", text, /^[A-Z]+$/.test(type) ? type : ""));
  at("messages").replaceChildren(...items);
}

function messageOf(content) {
  return (content.messages ?? []).find(({ type }) => type === "FATAL" || type === "ERROR")?.text;
}

function state(content) {
  const word = String(content.dispatchState ?? "").toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function say(text) {
  at("state").classList.remove("failed");
  at("state").textContent = text;
}

function fail(error) {
  at("cancel").disabled = true;
  at("state").classList.add("failed");
  at("state").textContent = error.message;
}

function remember(text) {
  const query = new URLSearchParams({ q: text, earliest: at("earliest").value, latest: at("latest").value });
  history.replaceState(null, "", `?${query}`);
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
at("spl").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    start();
  }
});
at("cancel").addEventListener("click", cancel);
at("before").addEventListener("click", () => show(job.offset - PAGE).catch(fail));
at("after").addEventListener("click", () => show(job.offset + PAGE).catch(fail));
if (address.get("sid")) follow(address.get("sid"), turn).catch(fail);
at("spl").focus();
