// The queue keeps itself current: counts, holders and ages change in their places, and the rows stay where they are.
import { all, once, whileHere } from "./dom.js";

const EVERY = 10_000;
const UNAUTHORIZED = 401;

export function begin(root) {
  all(root, "[data-pulse]").forEach(follow);
  all(root, "[data-lean]").forEach(sendLean);
  all(root, "[data-menu]").forEach(closeByItself);
  all(root, ".tabs [aria-current]").forEach(bringIntoView);
}

const follow = once((element) => {
  const ask = () => document.hidden || element.dispatchEvent(new CustomEvent("pulse"));
  const timer = setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("htmx:oobBeforeSwap", leaveAsItIs);
  element.addEventListener("htmx:afterRequest", ({ detail }) => {
    const hasEnded = detail.xhr.status === UNAUTHORIZED;
    reveal("[data-ended]", hasEnded);
    reveal("[data-stale]", !detail.successful && !hasEnded);
    if (hasEnded) stop();
  });
  whileHere(element, stop);

  function stop() {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", ask);
  }
});

// What has not changed is not replaced: that keeps the focus, and screen readers quiet.
function leaveAsItIs(event) {
  const { target, fragment } = event.detail;
  if (target.innerHTML.trim() === fragment.innerHTML?.trim()) event.detail.shouldSwap = false;
}

function reveal(selector, isShown) {
  const element = document.querySelector(selector);
  if (element && element.hidden === isShown) element.hidden = !isShown;
}

// Filters that were not chosen stay out of the address.
const sendLean = once((form) => {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
});

const closeByItself = once((menu) => {
  const close = (event) => menu.contains(event.target) || menu.removeAttribute("open");
  document.addEventListener("click", close);
  whileHere(menu, () => document.removeEventListener("click", close));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  });
});

// On a narrow screen the tabs scroll sideways.
const bringIntoView = once((tab) => {
  const tabs = tab.parentElement;
  tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft;
});
