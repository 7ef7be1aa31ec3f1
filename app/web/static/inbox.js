// The inbox: rechecks an edit while it is typed, opens panels by key, counts what is ticked. All of it works without.
"use strict";

// --- panels: a key opens one and puts the cursor where one begins.
function openPanel(panel) {
  panel.open = true;
  panel.scrollIntoView({ block: "nearest" });
  const first = panel.querySelector("[data-first]");
  if (first) first.focus();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open]");
  if (link) {
    event.preventDefault();
    openPanel(document.getElementById(link.dataset.open));
    return;
  }
  const summary = event.target.closest("details.panel > summary");
  // A key clicks the summary as well: focus follows once it is open.
  if (summary) setTimeout(() => { if (summary.parentElement.open) openPanel(summary.parentElement); }, 0);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const panel = document.activeElement && document.activeElement.closest("details.panel[open]");
  if (panel) { panel.open = false; panel.querySelector("summary").focus(); }
});

// --- chips that begin a reason.
document.querySelectorAll("[data-fills]").forEach((chips) => {
  chips.addEventListener("click", (event) => {
    const chip = event.target.closest("button[value]");
    if (!chip) return;
    const field = document.getElementById(chips.dataset.fills);
    field.value = field.value.trim() ? `${field.value.trim()}; ${chip.value.toLowerCase()}` : chip.value;
    field.focus();
  });
});

// --- an edit is checked while it is typed; only the newest answer counts.
document.querySelectorAll("form[data-recheck]").forEach((form) => {
  const place = form.querySelector("[data-rechecked]");
  let timer = 0;
  let asked = 0;
  async function recheck() {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.recheck, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "text/html" },
      });
      const told = await answer.text();
      if (mine !== asked) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const part = new DOMParser().parseFromString(told, "text/html").getElementById("rechecked");
      place.replaceChildren(part ? document.importNode(part, true) : "");
    } catch {
      if (mine === asked) place.textContent = "The words could not be checked just now. Saving checks them again.";
    }
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(recheck, 350);
  });
});

// --- a batch: count, and keep to equal ones.
const batch = document.getElementById("batch");
if (batch && document.getElementById("batch-bar")) {
  const boxes = [...batch.querySelectorAll("input[name=item]")];
  const count = batch.querySelector("[data-count]");
  const words = batch.querySelector("[data-words]");
  const all = batch.querySelector("[data-like-all]");
  const bar = document.getElementById("batch-bar");
  const before = [count.textContent, words.textContent];
  const most = Number(batch.dataset.most);
  function told() {
    const on = boxes.filter((box) => box.checked);
    const like = on.length ? on[0].dataset.like : null;
    boxes.forEach((box) => { box.disabled = like !== null && box.dataset.like !== like; });
    count.textContent = on.length ? `${on.length} ticked` : before[0];
    words.textContent = on.length
      ? `${boxes.filter((box) => box.dataset.like === like).length} on this page offer the same content.` : before[1];
    all.disabled = !on.length;
    bar.hidden = !on.length;
  }
  batch.addEventListener("change", told);
  all.addEventListener("click", () => {
    const like = boxes.find((box) => box.checked)?.dataset.like;
    boxes.filter((box) => box.dataset.like === like).slice(0, most).forEach((box) => { box.checked = true; });
    told();
  });
  told();
  // x ticks the row one stands on.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = document.activeElement && document.activeElement.closest("tr");
    const box = row && row.querySelector("input[name=item]");
    if (box && !box.disabled && document.activeElement !== box) { event.preventDefault(); box.click(); }
  });
}
