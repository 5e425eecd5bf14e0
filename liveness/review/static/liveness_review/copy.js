// Buttons that copy a whole id of which the page shows the beginning.
import { all, once } from "./dom.js";

const SHOWN_FOR = 1500;

const listen = once((button) => button.addEventListener("click", () => copy(button)));

export const begin = (root) => all(root, "button[data-copy]").forEach(listen);

async function copy(button) {
  const words = button.querySelector("[aria-live]");
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // The clipboard is closed to pages without HTTPS: the title at least shows the whole text.
    button.title = button.dataset.copy;
    return;
  }
  if (button.classList.contains("is-copied")) return;
  button.classList.add("is-copied");
  words.textContent = button.dataset.copied;
  setTimeout(() => {
    button.classList.remove("is-copied");
    words.textContent = before;
  }, SHOWN_FOR);
}
