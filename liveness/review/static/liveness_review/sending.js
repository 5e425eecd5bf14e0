// Forms on their way: each is sent once, and whoever sent it is told when it did not arrive.
import { all, once } from "./dom.js";

const UNTIL_STOPPED_MS = 10_000;
// Forbidden, as after a log-in elsewhere in the browser, and not found: the page is out of date.
const OUTDATED = new Set([403, 404]);

const buttonsOf = (form) => [...form.elements].filter((element) => element.type === "submit");

function allow(form, isAllowed = true) {
  for (const button of buttonsOf(form)) button.disabled = !isAllowed;
}

const sendOnce = once((form) =>
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    allow(form, false);
    // Nothing tells a page that it stays because its person stopped the sending.
    setTimeout(allow, UNTIL_STOPPED_MS, form);
  })
);

export const begin = (root) => all(root, "form[data-send-once]").forEach(sendOnce);

// Whoever comes back to the page may send again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-send-once]")) allow(form);
});

function tell(form, status) {
  const button = buttonsOf(form)[0];
  const template = document.querySelector("template[data-unsent]");
  const alert = template.content.cloneNode(true).firstElementChild;
  alert.querySelector("span").textContent = OUTDATED.has(status) ? template.dataset.reload : template.dataset.again;
  button.before(alert);
  // The button lost the focus while it could not be pressed. Who writes elsewhere by now goes on.
  const active = document.activeElement;
  if (active === document.body || active.form === form) button.focus();
}

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (target.matches("form")) document.querySelector(".unsent")?.remove();
});

// It comes after every request, answered or not, when the button can be pressed again.
document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (target.matches("form") && !detail.successful) tell(target, detail.xhr.status);
});
