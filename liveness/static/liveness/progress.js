// Keeps the page of a bulk action current. Only the parts that changed are replaced, so nothing jumps and the focus
// stays. Without this script the page reloads by itself.
"use strict";

const PAUSE_MS = 3000;

function replaceChanged(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (newer && newer.dataset.version !== part.dataset.version) {
      part.replaceChildren(...newer.childNodes);
      part.dataset.version = newer.dataset.version;
    }
  }
}

async function update() {
  const response = await fetch(location.href, { credentials: "same-origin" });
  // After a log-out the answer is the log-in page.
  if (!response.ok || response.redirected) return response.ok;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  replaceChanged(fresh);
  return !fresh.querySelector("[data-polling]");
}

async function poll() {
  const isOver = document.hidden ? false : await update().catch(() => false);
  if (!isOver) setTimeout(poll, PAUSE_MS);
}

document.addEventListener("DOMContentLoaded", () => {
  if (document.querySelector("[data-polling]")) setTimeout(poll, PAUSE_MS);
});
