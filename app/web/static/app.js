// The web app's one small script. Every page works without it; with it: keys, a theme that is kept, copying.
"use strict";

const root = document.documentElement;
const YEAR = 31536000;

function keep(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = value
    ? `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax${secure}`
    : `${name}=; path=/; max-age=0; samesite=lax${secure}`;
}

// --- theme: the server writes it into the page, so nothing flashes.
function shownTheme() {
  return root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  if (button.dataset.act === "theme") {
    event.preventDefault();
    const next = shownTheme() === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    keep("attune-theme", next);
  } else if (button.dataset.act === "keys") {
    event.preventDefault();
    showKeys();
  } else if (button.dataset.act === "copy") {
    const from = document.getElementById(button.dataset.from);
    navigator.clipboard.writeText(from.value || from.textContent.trim()).then(() => say("Copied."));
  } else if (button.dataset.act === "all") {
    const boxes = document.querySelectorAll(`input[type=checkbox][name="${button.dataset.of}"]`);
    const on = ![...boxes].every((box) => box.checked);
    boxes.forEach((box) => { box.checked = on; box.dispatchEvent(new Event("change", { bubbles: true })); });
  }
});

// --- said aloud to screen readers, and shown by whoever wants to.
function say(words) {
  const live = document.getElementById("live");
  if (live) live.textContent = words;
}

// --- keys. An element says its own: data-key="a" is pressed or focused by `a`; data-key="g i" by `g`, then `i`.
// Lists: j and k move among the [data-row] of a page. `?` shows all of it.
const areOff = root.dataset.keys === "off";
let before = "";
let beforeTimer = 0;

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
    !/^(checkbox|radio|button|submit)$/.test(target.type || "");
}
function visible(element) {
  return element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
}
function use(element) {
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) {
    element.focus();
    if (element.select) element.select();
  } else {
    element.click();
  }
}
function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter(visible);
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement) ||
    row.closest("tr")?.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target)) { event.target.blur(); return; }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") { event.preventDefault(); showKeys(); return; }
  if (areOff || event.key.length !== 1) return;
  const pressed = before ? `${before} ${event.key}` : event.key;
  before = "";
  clearTimeout(beforeTimer);
  if (event.key === "g" && pressed === "g") {
    before = "g";
    beforeTimer = setTimeout(() => { before = ""; }, 1200);
    return;
  }
  const found = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === pressed && visible(one));
  if (found) { event.preventDefault(); use(found); return; }
  if ((pressed === "j" && move(1)) || (pressed === "k" && move(-1))) event.preventDefault();
});

function showKeys() {
  const dialog = document.getElementById("keys");
  const list = dialog.querySelector("dl");
  list.replaceChildren();
  const told = [];
  if (!areOff) {
    if (document.querySelector("[data-row]")) told.push(["j", "Next in the list"], ["k", "The one before"]);
    for (const one of document.querySelectorAll("[data-key]")) {
      if (visible(one)) told.push([one.dataset.key, one.dataset.says || one.getAttribute("aria-label") || one.textContent.trim()]);
    }
  }
  told.push(["?", "Show the keys of this page"], ["Esc", "Leave a field, close this"]);
  for (const [keys, says] of told) {
    const term = document.createElement("dt");
    for (const key of keys.split(" ")) {
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      term.append(kbd, " ");
    }
    const words = document.createElement("dd");
    words.textContent = says;
    list.append(term, words);
  }
  dialog.showModal();
}

// --- a form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// --- a filter sends itself when something is chosen.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.matches("[data-self]") && event.target.tagName === "SELECT") form.requestSubmit();
});

// --- what only makes sense with a script is hidden until now.
document.querySelectorAll("[data-script]").forEach((one) => one.removeAttribute("hidden"));
// The reader's zone, offered where a form asks for it.
document.querySelectorAll("input[data-zone], select[data-zone]").forEach((one) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && (!one.value || one.value === "UTC")) one.value = zone;
});
// Where something was wrong in a form, that is where one goes on.
document.querySelector("[aria-invalid=true]")?.focus();
// On a narrow screen the places scroll sideways: the one we are at is in sight.
const places = document.querySelector(".places");
const here = places?.querySelector("[aria-current]");
if (here && places.scrollWidth > places.clientWidth) {
  places.scrollLeft = here.offsetLeft - (places.clientWidth - here.offsetWidth) / 2;
}
