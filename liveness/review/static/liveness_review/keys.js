// Single keys that start commands, the list of them, and the fields in which they are chosen.
import { all, once } from "./dom.js";
import { enterNote, isTyping, leave, send } from "./fields.js";
import { mine } from "./mine.js";
import { explain, hush, tell } from "./told.js";

const REPEATED = new Set([
  "step-back", "step-forward", "slower", "faster", "zoom-in", "zoom-out", "row-down", "row-up",
]);

const help = document.getElementById("keys-help");

// As the server names it: one character in lower case, or "Space".
const nameOf = (event) => (event.key === " " ? "Space" : event.key.toLowerCase());

const isPressedBySpace = (element) => element.matches("button, summary, input:not([type=range])");

// AltGr, which many keyboards need for brackets, looks like Ctrl and Alt together.
const hasModifier = (event) =>
  event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));

function moveRow(direction) {
  const links = [...document.querySelectorAll("[data-row]")].map((row) => row.querySelector("a")).filter(Boolean);
  const at = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
  const next = at < 0 ? links.at(direction > 0 ? 0 : -1) : links[at + direction];
  next?.focus();
  return links.length > 0;
}

function toggleHelp() {
  if (!help) return false;
  if (help.open) help.close();
  else help.showModal();
  return true;
}

const OWN = { help: toggleHelp, note: enterNote, "row-down": () => moveRow(1), "row-up": () => moveRow(-1) };

function activate(target) {
  target.closest("details:not([open])")?.setAttribute("open", "");
  if (target.matches("input[type=radio], input[type=checkbox]")) {
    target.focus();
    target.click();
  } else if (target.matches("input, textarea, select")) target.focus();
  else if (target.dataset.asks) {
    target.focus();
    tell(target.dataset.asks);
  } else target.click();
}

const canBePressed = (one) =>
  !one.matches(":disabled") && one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]");

// The viewer comes first, then whatever on the page bears the command's name. False when nobody knows it here.
function run(name) {
  hush();
  if (OWN[name]) return OWN[name]();
  const viewer = document.querySelector("[data-viewer]");
  if (viewer && !viewer.dispatchEvent(new CustomEvent("viewer:command", { detail: name, cancelable: true }))) return true;
  const target = [...document.querySelectorAll(`[data-command="${name}"]`)].find(canBePressed);
  if (!target) return explain(name);
  activate(target);
  return true;
}

// Escape leaves a text field, unless it had something nearer to do: a menu to close, or a search to empty.
function escape({ target }) {
  const isEmptied = target.type === "search" && target.value;
  if (isTyping(target) && !isEmptied && document.activeElement === target) leave();
}

function commandOf(event) {
  if (!mine.isOn || hasModifier(event) || isTyping(event.target)) return null;
  const name = nameOf(event);
  if (name === "Space" && isPressedBySpace(event.target)) return null;
  const command = mine.commands[name];
  return event.repeat && !REPEATED.has(command) ? null : command;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || !(event.target instanceof Element)) return;
  const isOpen = document.querySelector("dialog[open]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (!isOpen && !event.repeat && send(event.target)) event.preventDefault();
    return;
  }
  if (event.key === "Escape" && !isOpen) escape(event);
  const command = commandOf(event);
  if (!command || (isOpen && command !== "help")) return;
  if (run(command)) event.preventDefault();
});

// In a field for a key, pressing the key fills it.
const fill = once((field) =>
  field.addEventListener("keydown", (event) => {
    if (hasModifier(event) || event.key.length !== 1) return;
    event.preventDefault();
    field.value = nameOf(event);
  })
);

export const begin = (root) => all(root, "input[data-key]").forEach(fill);
