// Signs of life: they keep the claim, and bring back who else is here and whether the page still shows what is.
import { begin as beginClocks } from "./clocks.js";
import { all, once, whileHere } from "./dom.js";
import { loseClaim } from "./told.js";

const LEASES_WITHOUT_HANDS = 2;
const BEATS_PER_LEASE = 4;
const SIGNS_OF_HANDS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "play"];
const NOTHING_NEW = 204;
const UNAUTHORIZED = 401;
const FAULT = 500;

let handsAt = Date.now();
for (const sign of SIGNS_OF_HANDS) {
  document.addEventListener(sign, () => (handsAt = Date.now()), { capture: true, passive: true });
}

export function begin(root) {
  beginClocks(root);
  all(root, "form[data-beat]").forEach(keepBeating);
}

const keepBeating = once((form) => {
  const interval = Number(form.dataset.beat) * 1000;
  const tooLong = interval * BEATS_PER_LEASE * LEASES_WITHOUT_HANDS;
  const timers = [setInterval(ask, interval), setInterval(glance, Number(form.dataset.glance) * 1000)];
  document.addEventListener("visibilitychange", glance);
  whileHere(form, stop);

  async function ask(more) {
    // Whoever left the page open gives the review back by doing nothing.
    if (Date.now() - handsAt > tooLong) return;
    const status = await beat(form, more);
    if (status === UNAUTHORIZED || form.dataset.isLost) stop();
  }

  // Between the beats, whoever holds the review looks whether he still does.
  function glance() {
    if (form.dataset.beatHeld && !form.dataset.isStale && !document.hidden) ask({ glance: "1" });
  }

  function stop() {
    timers.forEach(clearInterval);
    document.removeEventListener("visibilitychange", glance);
  }
});

async function beat(form, more = {}) {
  const say = teller(form);
  const body = new FormData(form);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  try {
    const response = await fetch(form.action, { method: "POST", body, redirect: "error" });
    if (response.status === NOTHING_NEW) {
      say("");
    } else if (response.status === UNAUTHORIZED) {
      const back = encodeURIComponent(form.dataset.reloadAt);
      say(form.dataset.gone, form.dataset.logIn, `${form.dataset.logInAt}?next=${back}`);
    } else if (response.ok) {
      tell(form, await response.json(), say);
    } else if (response.status >= FAULT) {
      say(form.dataset.offline);
    } else {
      say(form.dataset.changed, form.dataset.reload, form.dataset.reloadAt);
    }
    return response.status;
  } catch {
    say(form.dataset.offline);
    return 0;
  }
}

function tell(form, answer, say) {
  const others = form.parentElement.querySelector("[data-beat-others]");
  const { changed, reload, reloadAt, lost, lostTo, beatHeld, beatHolder } = form.dataset;
  const isAway = answer.holder && !answer.held;
  const alone = isAway ? named(others.dataset.away, answer.holder) : others.dataset.none;
  set(others, answer.others.length ? `${others.dataset.some} ${answer.others.join(", ")}` : alone);
  if (beatHeld && !answer.held) {
    const text = answer.holder ? named(lostTo, answer.holder) : lost;
    giveUp(form, text);
    say(text, reload, reloadAt);
  } else if (answer.changed || answer.holder !== beatHolder) {
    form.dataset.isStale = "yes";
    say(changed, reload, reloadAt);
  } else {
    say("");
  }
}

const named = (sentence, name) => sentence.replace("{name}", () => name);

// Nothing can be decided any more; what was typed stays where it can be read and copied.
function giveUp(form, text) {
  form.dataset.isLost = "yes";
  loseClaim(text);
  for (const one of document.querySelectorAll("[data-beat-mine]")) set(one, one.dataset.lost);
  const panel = form.closest("#panel");
  panel.classList.add("is-lost");
  for (const one of panel.querySelectorAll("fieldset, button[type=submit]")) one.disabled = true;
  for (const one of panel.querySelectorAll("textarea")) one.readOnly = true;
}

// A live region speaks whenever it is written to, so what stands there already is left alone.
function teller(form) {
  const news = form.parentElement.querySelector("[data-beat-news]");
  return (text, label, address) => {
    if (news.dataset.said === text) return;
    news.dataset.said = text;
    news.textContent = text;
    if (!label) return;
    const link = document.createElement("a");
    link.href = address;
    link.textContent = label;
    news.append(" ", link);
  };
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
