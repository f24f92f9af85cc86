// splunkd's REST side for these pages: same origin, the session's cookie, the form key in a header.

const { raw, app, csrfCookie, user } = document.body.dataset;

/** One call: its JSON. `path` below the app's namespace, `form` makes it a POST. Throws an Error whose message is splunkd's. */
export async function call(path, { query = {}, form, method = form ? "POST" : "GET", signal } = {}) {
  const address = `${raw}/servicesNS/${encodeURIComponent(user)}/${app}/${path}?${new URLSearchParams({ output_mode: "json", ...query })}`;
  const request = { method, signal, headers: method === "GET" ? {} : { "X-Splunk-Form-Key": formKey() } };
  if (form) request.body = new URLSearchParams({ output_mode: "json", ...form });
  let response;
  try {
    response = await fetch(address, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The search head does not answer. Does make serve still run?");
  }
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    throw new Error(`The search head answered ${response.status} and no JSON.`);
  }
  if (!response.ok) throw new Error(answer.messages?.[0]?.text ?? `The search head answered ${response.status}.`);
  return { ...answer, status: response.status };
}

function formKey() {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith(`${csrfCookie}=`)) ?? "";
  return cookie.slice(csrfCookie.length + 1);
}

/** An element with text; nothing that comes from data is ever read as HTML. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (className) made.className = className;
  return made;
}
