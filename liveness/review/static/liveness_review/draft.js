// What is typed into a form stays in this tab until the server has taken it: a reload, a fault or a log-in loses nothing.
// The key of a form names the person and the attempt; its stamp changes once the server has taken what was typed.
import { all, once } from "./dom.js";

const PREFIX = "liveness-review ";
const FIELDS = "textarea, input[type=radio], input[type=checkbox]";

const watch = once((form) => {
  restore(form);
  form.addEventListener("input", () => save(form));
  form.addEventListener("change", () => save(form));
});

export function begin(root) {
  for (const done of all(root, "[data-draft-done]")) drop(PREFIX + done.dataset.draftDone);
  all(root, "form[data-draft]").forEach(watch);
}

const fieldsOf = (form) => [...form.querySelectorAll(FIELDS)];
const keyOf = (form) => PREFIX + form.dataset.draft;
const isEmpty = (form) => fieldsOf(form).every((field) => (field.type === "textarea" ? !field.value : !field.checked));

function save(form) {
  const texts = {};
  const checked = [];
  for (const field of fieldsOf(form)) {
    if (field.type === "textarea") texts[field.name] = field.value;
    else if (field.checked) checked.push(`${field.name}=${field.value}`);
  }
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify({ stamp: form.dataset.draftStamp, texts, checked }));
  } catch {
    // A browser that keeps nothing still sends the form.
  }
}

function restore(form) {
  const kept = read(keyOf(form));
  if (kept && kept.stamp !== form.dataset.draftStamp) drop(keyOf(form));
  // What the server sent back is what was typed last.
  if (!kept || kept.stamp !== form.dataset.draftStamp || !isEmpty(form)) return;
  for (const field of fieldsOf(form)) {
    if (field.type === "textarea") field.value = kept.texts[field.name] ?? "";
    else field.checked = !field.disabled && kept.checked.includes(`${field.name}=${field.value}`);
  }
}

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function drop(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // There is nothing to remove where nothing is kept.
  }
}
