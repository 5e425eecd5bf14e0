// Signs of life: they keep the claim, and bring back who else is here and whether the page still shows what is.
import { begin as beginClocks } from "./clocks.js";
import { all, once, whileHere } from "./dom.js";

const LEASES_WITHOUT_HANDS = 2;
const BEATS_PER_LEASE = 4;
const SIGNS_OF_HANDS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "play"];
const UNAUTHORIZED = 401;

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
  const timer = setInterval(async () => {
    // Whoever left the page open gives the review back by doing nothing.
    if (Date.now() - handsAt > tooLong) return;
    if ((await beat(form)) === UNAUTHORIZED) clearInterval(timer);
  }, interval);
  whileHere(form, () => clearInterval(timer));
});

async function beat(form) {
  const say = teller(form);
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "error" });
    if (response.status === UNAUTHORIZED) {
      const back = encodeURIComponent(form.dataset.reloadAt);
      say(form.dataset.gone, form.dataset.logIn, `${form.dataset.logInAt}?next=${back}`);
    } else if (response.ok) {
      tell(form, await response.json(), say);
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
  set(others, answer.others.length ? `${others.dataset.some} ${answer.others.join(", ")}` : others.dataset.none);
  if (form.dataset.beatHeld && !answer.held) {
    say(answer.holder ? `${form.dataset.lostTo} ${answer.holder}.` : form.dataset.lost, form.dataset.reload, form.dataset.reloadAt);
  } else if (answer.changed) {
    say(form.dataset.changed, form.dataset.reload, form.dataset.reloadAt);
  } else {
    say("");
  }
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
