// splunkd's REST side, as a page of Splunk Web reaches it: same origin, the session's cookie, the form key in a header.
//
//   search → POST search/jobs (oneshot) ─▶ rows
//   dispatch → POST saved/searches/<name>/dispatch ─▶ sid ─▶ GET search/jobs/<sid> until it is done

const POLL_MS = 250;
const LONGEST_JOB_MS = 120_000;

/** What went wrong, in a sentence for the reader. `status`: HTTP status, 0 when nothing answered. */
export class SplunkdError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

export class Splunkd {
  /** config: {splunkd, app, user, csrf_cookie} of config.json. */
  constructor(config) {
    this.app = config.app;
    this.root = config.splunkd;
    this.user = config.user;
    this.csrfCookie = config.csrf_cookie;
  }

  /** The rows of a search: [{field: text, or [text, …]}]. options: {earliest, latest (epoch seconds), signal}. */
  async search(spl, { earliest, latest, signal } = {}) {
    const form = { search: spl, exec_mode: "oneshot", output_mode: "json", count: 0 };
    if (earliest !== undefined) form.earliest_time = earliest.toFixed(3);
    if (latest !== undefined) form.latest_time = latest.toFixed(3);
    const answer = await this.call("POST", "search/jobs", { form, signal });
    const failed = fatal(answer.messages);
    if (failed) throw new SplunkdError(`The search failed: ${failed}`);
    return { rows: answer.results ?? [], messages: answer.messages ?? [] };
  }

  /** Runs a saved search now, its alert actions too, and waits for its end: the finished job's content. */
  async dispatch(name, { signal } = {}) {
    const path = `saved/searches/${encodeURIComponent(name)}/dispatch`;
    const form = { trigger_actions: 1, output_mode: "json" };
    const { sid } = await this.call("POST", path, { form, owner: "nobody", signal });
    const deadline = Date.now() + LONGEST_JOB_MS;
    while (Date.now() < deadline) {
      const feed = await this.call("GET", `search/jobs/${encodeURIComponent(sid)}`, { query: {}, signal });
      const job = feed.entry?.[0]?.content ?? {};
      if (job.isFailed) throw new SplunkdError(`“${name}” failed: ${fatal(job.messages) || "see its job."}`);
      if (job.isDone) return { sid, ...job };
      await sleep(POLL_MS);
    }
    throw new SplunkdError(`“${name}” has not ended after ${LONGEST_JOB_MS / 1000} s.`);
  }

  /** Entities of an endpoint: [{name, content, links, updated, …}]. */
  async entities(path, { query = {}, owner = "-", signal } = {}) {
    const feed = await this.call("GET", path, { query: { count: 0, ...query }, owner, signal });
    return feed.entry ?? [];
  }

  /** Documents of a KV store collection that meet the query. */
  async documents(collection, query, fields) {
    const path = `storage/collections/data/${collection}`;
    return this.call("GET", path, { query: { query: JSON.stringify(query), fields }, owner: "nobody" });
  }

  /** Deletes the documents of a collection that meet the query. */
  async remove(collection, query) {
    const path = `storage/collections/data/${collection}`;
    await this.call("DELETE", path, { query: { query: JSON.stringify(query) }, owner: "nobody" });
  }

  /** One call; its answer from JSON. Throws SplunkdError. */
  async call(method, path, { form, query, owner = this.user, signal } = {}) {
    const address = new URL(`${this.root}/servicesNS/${encodeURIComponent(owner)}/${this.app}/${path}`, location.href);
    for (const [name, value] of Object.entries({ output_mode: "json", ...query })) {
      if (!form && value !== undefined) address.searchParams.set(name, value);
    }
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    if (method !== "GET") headers["X-Splunk-Form-Key"] = cookie(this.csrfCookie);
    const body = form && new URLSearchParams(form);
    let response;
    try {
      response = await fetch(address, { method, headers, body, signal, credentials: "same-origin" });
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      throw new SplunkdError("The search head does not answer. Is it still running?");
    }
    const text = await response.text();
    if (!response.ok) throw new SplunkdError(refusal(response.status, text), response.status);
    try {
      return text ? JSON.parse(text) : {};
    } catch {
      throw new SplunkdError(`The search head's answer to ${path} is no JSON: ${text.slice(0, 80)}`, response.status);
    }
  }
}

/** A text as an SPL string, quotes included. */
export function quoted(text) {
  return `"${String(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A field's values as an array, whether a row has none, one or many. */
export function values(value) {
  return value === undefined || value === null || value === "" ? [] : Array.isArray(value) ? value : [value];
}

export function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function fatal(messages) {
  return (messages ?? [])
    .filter((each) => /^(FATAL|ERROR)$/i.test(each.type))
    .map((each) => each.text)
    .join(" ");
}

function refusal(status, text) {
  if (status === 401) return "You are not signed in, or no longer. Open the link again that the search head has printed.";
  let told = "";
  try {
    told = fatal(JSON.parse(text).messages) || (JSON.parse(text).messages ?? []).map((each) => each.text).join(" ");
  } catch {
    told = new DOMParser().parseFromString(text, "text/html").body.textContent.trim().slice(0, 200);
  }
  if (status === 403) return `Your role may not do this. ${told}`.trim();
  return told || `The search head answered with status ${status}.`;
}
