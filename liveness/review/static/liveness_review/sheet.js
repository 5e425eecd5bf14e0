// A contact sheet: frames from all over the video, drawn by a second, silent copy of it that nobody sees.
import { clock, say, show, whileHere, words } from "./dom.js";

const FRAMES = 12;
const WIDTH = 320;
const PATIENCE_MS = 10_000;
const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (row) => -row, ArrowDown: (row) => row };

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
  // What had the focus before the sheet.
  let before = null;

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
      ...Array.from({ length: FRAMES }, (_, index) => {
        const item = line.content.cloneNode(true).firstElementChild;
        Object.assign(item.querySelector("canvas"), { width: WIDTH, height });
        item.querySelector("[data-at]").textContent = clock(timeOf(index, video));
        return item;
      })
    );
  }

  const timeOf = (index, film) => ((index + 0.5) / FRAMES) * film.duration;

  async function draw(film, signal) {
    film.src = video.src;
    await once(film, "loadeddata", signal);
    for (const [index, item] of [...list.children].entries()) {
      film.currentTime = timeOf(index, film);
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
    frame.removeAttribute("aria-disabled");
    frame.addEventListener("click", () => {
      // From here on it is the video that is meant.
      before = null;
      jump(at);
    });
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
    before = document.activeElement;
    reveal(true);
    if (state !== "drawn") start();
    framesHere()[0].focus({ preventScroll: true });
  }

  const framesHere = () => [...list.querySelectorAll("[data-jump]")];

  function walk(event) {
    const frames = framesHere();
    const at = frames.indexOf(document.activeElement);
    const row = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const next = frames[at + STEPS[event.key](row)];
    if (at < 0) return;
    event.preventDefault();
    next?.focus();
  }

  function close() {
    if (sheet.hidden) return;
    drawing?.abort();
    if (state === "drawing") became("cancelled");
    if (state !== "drawn") state = "empty";
    const target = before?.isConnected && before !== document.body ? before : pane.querySelector("[data-view]");
    if (sheet.contains(document.activeElement)) target.focus({ preventScroll: true });
    reveal(false);
  }

  function reveal(isOpen) {
    sheet.hidden = !isOpen;
    button.setAttribute("aria-expanded", isOpen);
  }

  sheet.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") close();
    else if (STEPS[event.key]) walk(event);
  });
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
