// The chat, live: a question is sent without leaving the page, and its answer followed while it comes. Without this
// the same forms are posted and the whole page comes back.
"use strict";

const rounds = document.querySelector("[data-conversation]");
const composer = document.querySelector("form[data-composer]");
const box = document.getElementById("f-words");
let source = null;

// --- sending.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-live-page]")) {
    if (!form.elements.live) form.append(hidden("live", "page"));
  } else if (form.matches("[data-live]") && rounds && window.EventSource) {
    event.preventDefault();
    if (!form.dataset.busy && !source) send(form, event.submitter);
  }
}, true);

function hidden(name, value) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = name;
  field.value = value;
  return field;
}

async function send(form, submitter) {
  const told = new URLSearchParams(new FormData(form));
  if (submitter?.name) told.set(submitter.name, submitter.value);
  told.set("live", "piece");
  form.dataset.busy = "yes";
  wrong("");
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: told, headers: { accept: "text/html" }, redirect: "manual",
    });
    if (answer.status === 202) {
      show(await answer.text());
      if (form === composer) box.value = "";
      follow();
      box.focus({ preventScroll: true });
    } else if (answer.headers.get("content-type")?.startsWith("application/json")) {
      const why = (await answer.json()).detail;
      if (form !== composer) await refresh(true);
      wrong(why);
    } else if (answer.type === "opaqueredirect") {
      wrong("You are signed out. Sign in in another tab; what you wrote is still here, so ask again then.");
    } else {
      wrong("That did not work, and nothing was done. Reload the page, then try again.");
    }
  } catch {
    wrong("The server did not answer. Your question is still here: try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
}

function wrong(words) {
  const place = document.querySelector("[data-error]");
  place.hidden = !words;
  place.textContent = words;
  if (words) box.setAttribute("aria-invalid", "true");
  else box.removeAttribute("aria-invalid");
}

function show(html) {
  const held = document.createElement("template");
  held.innerHTML = html;
  const round = held.content.querySelector(".round");
  const before = document.getElementById(round.id);
  if (before) {
    before.replaceWith(round);
  } else {
    // Whatever waited for an answer was declined by asking something else.
    rounds.querySelectorAll(".asking").forEach((one) => one.remove());
    rounds.append(round);
  }
  if (!before) round.scrollIntoView({ block: "start" });
}

// --- charts are drawn by the server, each by itself.
async function charts() {
  for (const place of document.querySelectorAll(".chart[data-load]")) {
    const path = place.dataset.load;
    delete place.dataset.load;
    place.dataset.loaded = "yes";
    if (!/^\/results\//.test(path)) continue;
    const answer = await fetch(path, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) continue;
    const html = await answer.text();
    stay(() => { place.innerHTML = html; });
  }
}

// --- following an answer.
function follow() {
  if (source) source.close();
  source = new EventSource(`/chat/${rounds.dataset.conversation}/events`);
  working(true);
  let has_come = false;
  source.addEventListener("part", (event) => {
    has_come = true;
    part(JSON.parse(event.data));
  });
  source.addEventListener("said", (event) => {
    has_come = true;
    const told = JSON.parse(event.data);
    const place = last()?.querySelector("[data-said]");
    if (!place) return;
    place.hidden = false;
    stay(() => { place.textContent = told.whole ? told.text : place.textContent + told.text; });
  });
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    working(false);
    wrong("This page lost the answer, which goes on without it. Reload to see how far it is.");
  });
  source.addEventListener("end", () => {
    source.close();
    source = null;
    if (!has_come) { location.reload(); return; }
    ended();
  });
}

function last() {
  return rounds.querySelector(".round:last-of-type");
}

function part(told) {
  const round = document.getElementById(`round-${told.place}`) || last();
  if (!round) return;
  const id = `part-${told.place}-${told.id}`;
  let place = document.getElementById(id);
  stay(() => {
    if (!place) {
      place = document.createElement("div");
      place.className = "part";
      place.id = id;
      round.querySelector("[data-said]").before(place);
    }
    const opened = place.querySelector("details.step")?.open;
    place.innerHTML = told.html;
    if (opened) place.querySelector("details.step")?.setAttribute("open", "");
  });
  charts();
}

// Who reads the end goes on reading the end; who scrolled away is left alone.
function stay(change) {
  const page = document.documentElement;
  const atEnd = page.scrollHeight - innerHeight - scrollY < 80;
  change();
  if (atEnd) scrollTo(0, page.scrollHeight);
}

function working(is) {
  document.querySelectorAll("[data-stop]").forEach((one) => { one.hidden = !is; });
  document.querySelectorAll("[data-send]").forEach((one) => { one.hidden = is; });
  const waits = document.querySelector("[data-waits]");
  if (waits) waits.hidden = is || !rounds.querySelector(".asking");
}

function ended() {
  working(false);
  const round = last();
  if (!round) return;
  round.removeAttribute("aria-busy");
  delete round.dataset.liveRound;
  const saying = round.querySelector("[data-said]");
  saying.hidden = true;
  saying.textContent = "";
  const asks = round.querySelector(".asking legend");
  const told = [...round.querySelectorAll(".told, .notice")].pop();
  if (asks) say(`This waits for your answer: ${asks.textContent}`);
  else if (told) say(told.textContent.replace(/\s+/g, " ").trim().slice(0, 1500));
}

// --- the box: Enter sends.
box?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!source && box.value.trim()) box.form.requestSubmit(box.form.querySelector("[data-send]"));
});

// --- another tab may have gone on meanwhile.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && rounds && !source) refresh(false);
});

async function refresh(surely) {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.querySelector("[data-conversation]");
  const isSame = !surely && now?.dataset.last === rounds.dataset.last && !now.querySelector("[data-live-round]");
  if (!now || isSame) return;
  rounds.replaceChildren(...now.childNodes);
  rounds.dataset.last = now.dataset.last;
  charts();
  if (rounds.querySelector("[data-live-round]")) follow();
  else working(false);
}
addEventListener("pagehide", () => source?.close());

if (rounds) {
  history.replaceState(null, "", location.pathname + location.search);
  if (rounds.querySelector("[data-live-round]")) follow();
  charts();
  if (rounds.children.length > 1) last().scrollIntoView({ block: "start" });
}
if (rounds && !document.querySelector("[aria-invalid=true]")) box?.focus({ preventScroll: true });
