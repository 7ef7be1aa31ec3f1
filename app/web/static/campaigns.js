// Campaign pages: counts that follow the form, a run that is followed live. Each works without this, by asking again.
"use strict";

let newest = 0;
async function load(place, address) {
  const mine = ++newest;
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (mine < Number(place.dataset.shown || 0)) return;
    if (answer.ok && !answer.redirected) {
      place.innerHTML = await answer.text();
      place.dataset.shown = String(mine);
    }
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// A part that costs more than the page is fetched after it.
document.querySelectorAll("[data-load]").forEach((place) => load(place, place.dataset.load));

// How many contacts the conditions leave, a moment after the last change.
const form = document.querySelector("form[data-count]");
if (form) {
  const place = document.getElementById("audience-size");
  let timer = 0;
  const count = () => {
    const told = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (/^c\d+\./.test(name) && typeof value === "string") told.append(name, value);
    }
    load(place, `${form.dataset.count}?${told}`);
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(count, 400); });
  count();
}

// A run, followed: the server tells what changed; the browser asks again by itself when the answer ends.
const followed = document.querySelector("[data-stream]");
if (followed && window.EventSource) {
  const source = new EventSource(followed.dataset.stream);
  source.addEventListener("progress", (event) => { followed.innerHTML = event.data; });
  source.addEventListener("end", () => { source.close(); location.reload(); });
  addEventListener("pagehide", () => source.close());
}
