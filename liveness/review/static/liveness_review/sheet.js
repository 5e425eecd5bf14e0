// A contact sheet: frames from all over the video, drawn by a second, silent copy of it that nobody sees.
import { clock, say, show, whileHere, words } from "./dom.js";

const FRAMES = 12;
const WIDTH = 320;
const PATIENCE_MS = 10_000;

// The next `name` of the video; fails when the video does, takes too long or is no longer wanted.
function once(video, name, signal) {
  return new Promise((done, fail) => {
    const timer = setTimeout(fail, PATIENCE_MS, new Error(name));
    video.addEventListener(name, () => { clearTimeout(timer); done(); }, { once: true });
    video.addEventListener("error", fail, { once: true });
    signal.addEventListener("abort", fail, { once: true });
  });
}

export function sheetOf(viewer, bar, video, jump) {
  const pane = video.closest("[data-pane]");
  const [sheet, list, line, progress] = ["sheet", "frames", "line", "progress"].map((name) =>
    pane.querySelector(`[data-${name}]`)
  );
  const button = bar.querySelector('[data-tool="frames"]');
  let state = "empty";
  let drawing = null;

  function became(name, values = {}) {
    state = name;
    progress.textContent = words(viewer, name, values);
    show(sheet, name === "drawing" ? "drawing" : "drawn");
    say(viewer, name, values);
  }

  // Room for every frame before the first is drawn.
  function layOut() {
    const height = Math.round((WIDTH * video.videoHeight) / video.videoWidth) || WIDTH;
    list.replaceChildren(
      ...Array.from({ length: FRAMES }, () => {
        const item = line.content.cloneNode(true).firstElementChild;
        Object.assign(item.querySelector("canvas"), { width: WIDTH, height });
        return item;
      })
    );
  }

  async function draw(film, signal) {
    film.src = video.src;
    await once(film, "loadeddata", signal);
    for (const [index, item] of [...list.children].entries()) {
      film.currentTime = ((index + 0.5) / FRAMES) * film.duration;
      await once(film, "seeked", signal);
      fill(item, film);
      became("drawing", { number: index + 1, total: FRAMES });
    }
    became("drawn", { total: FRAMES });
  }

  function fill(item, film) {
    const canvas = item.querySelector("canvas");
    const frame = item.querySelector("[data-jump]");
    const at = film.currentTime;
    canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
    item.querySelector("[data-at]").textContent = clock(at);
    frame.disabled = false;
    frame.addEventListener("click", () => jump(at));
  }

  async function start() {
    drawing = new AbortController();
    const { signal } = drawing;
    const film = document.createElement("video");
    Object.assign(film, { muted: true, preload: "auto", playsInline: true });
    layOut();
    became("drawing", { number: 0, total: FRAMES });
    try {
      await draw(film, signal);
    } catch {
      if (!signal.aborted) became("undrawn");
    } finally {
      film.removeAttribute("src");
      film.load();
    }
  }

  function open() {
    video.pause();
    reveal(true);
    if (state !== "drawn") start();
  }

  function close() {
    if (sheet.hidden) return;
    drawing?.abort();
    if (state === "drawing") became("cancelled");
    if (state !== "drawn") state = "empty";
    if (sheet.contains(document.activeElement)) pane.querySelector("[data-view]").focus({ preventScroll: true });
    reveal(false);
  }

  function reveal(isOpen) {
    sheet.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
  }

  // What plays behind the sheet would count as seen.
  ["play", "seeking"].forEach((name) => video.addEventListener(name, close));
  whileHere(sheet, () => drawing?.abort());
  return {
    commands: {
      frames() {
        if (!video.videoWidth) return;
        if (sheet.hidden) open();
        else close();
      },
    },
  };
}
