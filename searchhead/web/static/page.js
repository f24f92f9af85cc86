// Runs before anything is drawn: the theme, so that no page flashes, and a list of what goes wrong.
//
// Theme: ?theme=light|dark, else what the reader has chosen before, else the view's own, else what the browser prefers.

window.__errors = [];
window.addEventListener("error", (event) => window.__errors.push(String(event.message)));
window.addEventListener("unhandledrejection", (event) => window.__errors.push(`unhandled: ${event.reason}`));

(() => {
  const KEY = "mousematch.theme";
  const page = document.documentElement;
  const known = (theme) => (theme === "light" || theme === "dark" ? theme : null);
  const preferred = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const address = new URLSearchParams(location.search);
  show(known(address.get("theme")) ?? known(localStorage.getItem(KEY)) ?? known(page.dataset.viewTheme) ?? preferred());

  function show(theme) {
    page.dataset.theme = theme;
    window.dispatchEvent(new CustomEvent("theme", { detail: theme }));
    const button = document.getElementById("theme");
    if (button) button.textContent = theme === "dark" ? "Light" : "Dark";
  }

  function choose(theme) {
    localStorage.setItem(KEY, theme);
    const here = new URL(location.href);
    if (here.searchParams.has("theme")) {
      here.searchParams.delete("theme"); // the choice holds now
      history.replaceState(history.state, "", here);
    }
    show(theme);
  }

  async function logOut() {
    const name = `${document.body.dataset.csrfCookie}=`;
    const cookie = document.cookie.split("; ").find((one) => one.startsWith(name)) ?? name;
    await fetch("/logout", { method: "POST", headers: { "X-Splunk-Form-Key": cookie.slice(name.length) } });
    location.assign("/");
  }

  document.addEventListener("DOMContentLoaded", () => {
    show(page.dataset.theme);
    const bar = document.querySelector("[data-colour]");
    if (bar) bar.style.setProperty("--app", bar.dataset.colour);
    document.getElementById("theme").addEventListener("click", () => choose(page.dataset.theme === "dark" ? "light" : "dark"));
    document.getElementById("logout")?.addEventListener("click", logOut);
  });
})();
