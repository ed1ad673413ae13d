// Everything here is an extra: each page and each dialog works without it.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
// A dialog has a place of its own for it: what lies behind one is not read out.
const say = (text) => all("[data-said]").forEach((place) => { place.textContent = text; });
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const lost = (problem) => { say("The portal did not answer. Try again."); console.warn(problem); };

// Dialogs: an opener is a link to the dialog's own address; its <dialog> is shown in place.
let opener = null;
let before = "";

const state = (dialog) => new URLSearchParams(new FormData(dialog.querySelector("form"))).toString();

function show(dialog, inPlace) {
  dialog.removeAttribute("open");
  dialog.inPlace = inPlace;
  dialog.showModal();
  before = state(dialog);
  if (dialog.querySelector("[aria-invalid], .conflict")) before = null;
  (dialog.querySelector("[aria-invalid]") ?? dialog.querySelector("[autofocus]"))?.focus();
}

function leave(dialog, asked) {
  const guard = dialog.querySelector(".guard");
  if (!asked && dialog.querySelector("[type=submit]:not([data-test])") && state(dialog) !== before) {
    guard.hidden = false;
    guard.querySelector("[data-keep]").focus();
    return;
  }
  dialog.close();
  if (!dialog.inPlace) return location.assign(dialog.dataset.back);
  dialog.remove();
  opener?.focus();
}

async function open(link) {
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href);
    const dialog = parse(await answer.text()).querySelector("dialog");
    if (!dialog || answer.redirected) return location.assign(link.href);
    const menu = link.closest("[popover]");
    menu?.hidePopover();
    opener = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : link;
    document.body.append(dialog);
    show(dialog, true);
    ready(dialog);
  } catch {
    location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

// Test webhook, Try filters: the same post, but only the result and the errors are taken from the answer.
async function test(button) {
  const form = button.form;
  const dialog = form.closest("dialog");
  button.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(button.getAttribute("formaction") ?? form.getAttribute("action"), { method: "POST", body });
    const page = parse(await answer.text());
    const place = button.dataset.result ?? "test-result";
    const result = page.getElementById(place);
    if (!result) {
      form.querySelector("#problem").hidden = false;
      form.querySelector("#problem p").textContent = page.querySelector(".lost p:not([class])")?.textContent ?? "The test could not be run. Sign in again, then repeat it.";
      return form.querySelector("#problem").scrollIntoView({ block: "nearest" });
    }
    form.querySelector(`#${place}`).replaceWith(result);
    errors(form, page);
    ready(result);
    result.scrollIntoView({ block: "nearest" });
    dialog.querySelector("[aria-invalid]")?.focus();
  } catch (problem) {
    lost(problem);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// Payloads follow what is typed, while they are open.
let pending = 0;

async function payloads(form) {
  const box = form.querySelector("[data-payloads]");
  if (!box?.open) return;
  const body = new URLSearchParams(new FormData(form));
  try {
    const page = parse(await (await fetch(box.querySelector("[data-refresh]").getAttribute("formaction"), { method: "POST", body })).text());
    const fresh = page.getElementById("payloads");
    if (fresh) box.querySelector("#payloads").replaceWith(fresh);
  } catch (problem) {
    lost(problem);
  }
}

// Another environment has other credentials: the answer to the form as it stands brings its list.
async function credentials(form) {
  try {
    const page = parse(await (await fetch("/settings/webhooks/payloads", { method: "POST", body: new URLSearchParams(new FormData(form)) })).text());
    const fresh = page.getElementById("f-credential_id")?.closest(".field");
    if (fresh) form.querySelector("#f-credential_id").closest(".field").replaceWith(fresh);
  } catch (problem) {
    lost(problem);
  }
}

function later(form) {
  clearTimeout(pending);
  pending = setTimeout(() => payloads(form), 300);
}

function errors(form, page) {
  for (const line of all(".error[id]", form)) {
    line.textContent = page.getElementById(line.id)?.textContent ?? "";
    for (const field of all(`[aria-describedby~="${line.id}"]:not(fieldset)`, form)) {
      field.toggleAttribute("aria-invalid", line.textContent !== "");
      if (line.textContent) { field.setAttribute("aria-invalid", "true"); field.closest("details")?.setAttribute("open", ""); }
    }
  }
  const told = page.getElementById("problem");
  form.querySelector("#problem").hidden = told?.hidden ?? true;
  form.querySelector("#problem p").textContent = told?.querySelector("p").textContent ?? "";
}

// Copying needs a secure context; elsewhere the text is marked, ready for the keyboard.
async function copy(button) {
  const source = document.getElementById(button.dataset.copyFrom);
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? source.textContent);
    say("Copied");
    const use = button.querySelector("use");
    const was = use.getAttribute("href");
    use.setAttribute("href", was.replace(/#.*/, "#check"));
    button.classList.add("done");
    setTimeout(() => { use.setAttribute("href", was); button.classList.remove("done"); }, 2000);
  } catch {
    if (source) getSelection().selectAllChildren(source);
    say(source ? "Selected. Press Control C to copy." : `Copy it by hand: ${button.dataset.copy}`);
  }
}

function generate(id) {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const input = document.getElementById(id);
  input.value = btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, "");
  input.type = "text";
  input.focus();
}

function addHeader(button) {
  const rows = button.parentElement.querySelector(".header-rows");
  const row = rows.lastElementChild.cloneNode(true);
  const number = rows.children.length + 1;
  for (const input of all("input", row)) {
    input.value = "";
    input.placeholder = "";
    input.setAttribute("aria-label", `${input.name === "header_name" ? "Name" : "Value"} of header ${number}`);
  }
  rows.append(row);
  row.querySelector("input").focus();
}

function addFilter(button) {
  const rows = button.closest("fieldset").querySelector(".filter-rows");
  const row = rows.lastElementChild.cloneNode(true);
  for (const field of all("input, select", row)) {
    if (field.matches("select")) field.selectedIndex = 0; else field.value = "";
    field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, rows.children.length + 1));
  }
  rows.append(row);
  row.querySelector("input").focus();
}

// Puts a part into a text area, where the cursor is.
function insert(button) {
  const area = document.getElementById(button.dataset.into);
  area.setRangeText(button.dataset.insert, area.selectionStart, area.selectionEnd, "end");
  area.focus();
}

function reveal(button) {
  const input = document.getElementById(button.dataset.show);
  input.type = input.type === "password" ? "text" : "password";
  button.setAttribute("aria-pressed", input.type === "text");
}

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

function ago(time) {
  let value = (new Date(time.dateTime) - Date.now()) / 1000;
  const [unit] = steps.find(([, size]) => Math.abs(value) < size || ((value /= size), false));
  time.title ||= time.textContent;
  time.textContent = words.format(Math.round(value), unit);
}

function ready(root) {
  all("time[data-ago]", root).forEach(ago);
}

document.addEventListener("click", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const hit = (selector) => event.target.closest(selector);
  const dialog = hit("dialog");
  let found;
  if (plain && (found = hit("a[data-dialog]"))) { event.preventDefault(); open(found); }
  else if (plain && dialog && hit("[data-close]")) { event.preventDefault(); leave(dialog); }
  else if (hit("[data-discard]")) leave(dialog, true);
  else if (hit("[data-keep]")) { hit(".guard").hidden = true; dialog.querySelector("input:not([type=hidden]), textarea")?.focus(); }
  else if ((found = hit("[data-copy], [data-copy-from]"))) copy(found);
  else if ((found = hit("[data-generate]"))) generate(found.dataset.generate);
  else if ((found = hit("[data-add-header]"))) addHeader(found);
  else if ((found = hit("[data-add-filter]"))) addFilter(found);
  else if ((found = hit("[data-insert]"))) insert(found);
  else if ((found = hit("[data-show]"))) reveal(found);
});

// One submit is one request: the second is dropped until the page answers.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.getAttribute("method") !== "post") return; // form.method is the field of that name
  if (form.querySelector("[aria-busy]")) return event.preventDefault();
  if (submitter?.hasAttribute("data-test")) { event.preventDefault(); return test(submitter); }
  if (submitter?.hasAttribute("data-refresh")) { event.preventDefault(); return payloads(form); }
  submitter?.setAttribute("aria-busy", "true");
});

document.addEventListener("input", (event) => { if (event.target.form?.querySelector("[data-payloads][open]")) later(event.target.form); });
document.addEventListener("toggle", (event) => { if (event.target.matches("[data-payloads][open]")) payloads(event.target.closest("form")); }, true);
document.addEventListener("change", (event) => {
  if (event.target.name === "environment" && event.target.form?.querySelector("#f-credential_id")) credentials(event.target.form);
  const name = event.target.dataset.tickAll;
  if (name) all(`input[name="${name}"]`).forEach((box) => { box.checked = event.target.checked; });
});

addEventListener("pageshow", () => all("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy")));

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("dialog[open]");
  if (event.key === "Escape" && dialog && !document.querySelector(":popover-open")) { event.preventDefault(); leave(dialog); }
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key === "/" && !dialog && !typing) { const search = document.querySelector("[type=search]"); if (search) { event.preventDefault(); search.focus(); } }
});
document.addEventListener("cancel", (event) => { event.preventDefault(); leave(event.target); }, true);

document.addEventListener("fresh", (event) => ready(event.detail));
ready(document);
setInterval(() => ready(document), 30000);
const waiting = document.querySelector("dialog[open]");
if (waiting) show(waiting, false);
else document.querySelector("[aria-invalid]")?.focus();
