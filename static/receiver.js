// Brings the list up to date when something has arrived; what a person opened or closed stays so.
const second = 1000;

document.addEventListener("click", (event) => {
  const summary = event.target.closest("summary");
  if (summary) summary.parentElement.dataset.chosen = "";
});

async function look() {
  const list = document.getElementById("requests");
  const last = await (await fetch("/last")).text();
  if (last === list.dataset.last) return;
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  const fresh = page.getElementById("requests");
  for (const item of list.querySelectorAll("details[data-chosen]")) {
    const same = page.getElementById(item.id);
    if (!same) continue;
    same.open = item.open;
    same.dataset.chosen = "";
  }
  list.replaceWith(fresh);
}

setInterval(() => document.hidden || look().catch(() => {}), second);
