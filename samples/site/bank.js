// The little that the example's pages do. The collector needs none of it.

const who = document.querySelector(".who");
if (who) fetch("who").then((answer) => answer.text()).then((name) => (who.textContent = name));

document.querySelector("#transfer")?.addEventListener("submit", (event) => {
  event.preventDefault();
  event.target.querySelector("output").textContent = "Sent. (Nothing was: this is an example.)";
});

document.querySelector("#opt-out")?.addEventListener("click", (event) => {
  window.MouseMatch?.optOut();
  event.target.textContent = "You are not recorded in this browser.";
});
