// Brings the list up to date when something has arrived; what is open stays open.
const second = 1000;

async function look() {
  const list = document.getElementById("requests");
  const last = await (await fetch("/last")).text();
  if (last === list.dataset.last) return;
  const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
  const fresh = page.getElementById("requests");
  for (const item of list.querySelectorAll("details[open]")) {
    const same = page.getElementById(item.id);
    if (same) same.open = true;
  }
  list.replaceWith(fresh);
}

setInterval(() => document.hidden || look().catch(() => {}), second);
