// Text fields without the mouse: the way in to a note, the way out, and the form that is sent from within.
import { explain } from "./told.js";

const PRESSED = new Set(["checkbox", "radio", "button", "submit", "reset", "range", "color", "file", "image"]);

export function isTyping(element) {
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input") && !PRESSED.has(element.type);
}

// What had the focus before somebody began to type.
let before = null;
document.addEventListener("focusin", ({ target, relatedTarget }) => {
  if (!isTyping(target) || (relatedTarget && isTyping(relatedTarget))) return;
  before = relatedTarget?.id === "main" ? null : relatedTarget;
});

// Out of the field, and back to where its keys work: what had the focus before, or the evidence.
export function leave() {
  const evidence = document.querySelector(".pane--video [data-view]") ?? document.querySelector("[data-view]");
  const target = before?.checkVisibility() && !before.matches(":disabled") ? before : evidence;
  (target ?? document.getElementById("main")).focus();
}

// Once an outcome is chosen, a note is the decision's; until then it is one for itself.
export function enterNote() {
  const [decisions, single] = ["decision-note", "note"].map((name) => document.querySelector(`[data-command="${name}"]`));
  const isChosen = decisions?.form.querySelector("[name=outcome]:checked");
  const field = (isChosen ? decisions : single) ?? decisions;
  field?.focus();
  return Boolean(field) || explain("note");
}

const isForm = (form) => form && form.id !== "decision";

// The form that is typed into is sent, what asks to be confirmed is confirmed, and from anywhere else the decision goes.
export function send(element) {
  const form = isTyping(element) ? element.form : null;
  const asking = element.closest("[data-asks]");
  const button = asking ?? (isForm(form) ? submitOf(form) : document.querySelector('[data-command="decide"]'));
  if (!button || button.disabled) return explain("decide");
  button.click();
  return true;
}

const submitOf = (form) => [...form.elements].find((element) => element.type === "submit");
