// Live lists: the marked part of the page is read again, and nothing that a person does is lost.
"use strict";

{
  const EVERY = 2500;
  const part = () => document.querySelector("[data-live]");
  const toggle = document.querySelector("[data-live-switch]");
  const key = `live ${location.pathname}`;
  let on = part()?.dataset.live === "auto" || (toggle && sessionStorage.getItem(key) === "on");

  const show = () => {
    if (!toggle) return;
    toggle.setAttribute("aria-pressed", on);
    toggle.querySelector("span").textContent = on ? "on" : "off";
  };

  // Who reads, chooses or types is left alone.
  const busy = () => document.hidden || document.querySelector("dialog[open], :popover-open, details.curl[open]") || getSelection().type === "Range";

  async function refresh() {
    const old = part();
    if (!on || !old || busy()) return;
    const answer = await fetch(location.href);
    if (answer.redirected) { on = false; return show(); }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
    if (!fresh) return location.reload();
    const known = new Set([...old.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
    const ticked = new Set([...old.querySelectorAll(":checked")].map((box) => box.value));
    const focused = document.activeElement?.closest("[data-live]") ? document.activeElement.getAttribute("href") ?? document.activeElement.value : null;
    let count = 0;
    for (const row of fresh.querySelectorAll("[data-key]")) {
      if (known.size && !known.has(row.dataset.key)) { row.classList.add("flash"); count += 1; }
    }
    for (const box of fresh.querySelectorAll("[type=checkbox]")) box.checked = ticked.has(box.value);
    for (const one of document.querySelectorAll("[data-live-too]")) one.replaceWith(fresh.ownerDocument.getElementById(one.id) ?? "");
    old.replaceWith(fresh);
    document.dispatchEvent(new CustomEvent("fresh", { detail: fresh }));
    if (focused) [...fresh.querySelectorAll("a, input")].find((one) => (one.getAttribute("href") ?? one.value) === focused)?.focus({ preventScroll: true });
    if (count) document.getElementById("said").textContent = count === 1 ? "1 new row" : `${count} new rows`;
  }

  toggle?.addEventListener("click", () => {
    on = !on;
    sessionStorage.setItem(key, on ? "on" : "off");
    show();
    refresh();
  });
  show();
  if (part()) setInterval(() => refresh().catch(() => {}), EVERY);
}
