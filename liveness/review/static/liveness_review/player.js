// The controls of one video, in place of the browser's own.
import { clock, say, show, whileHere, words } from "./dom.js";
import { framesOf } from "./frames.js";
import { loopOf } from "./loop.js";
import { marksOf } from "./marks.js";
import { watch } from "./seen.js";
import { sheetOf } from "./sheet.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const CLICK_MS = 250;
const ARROWS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

export function playerOf(viewer, bar) {
  const id = bar.dataset.player;
  const video = viewer.querySelector(`video[data-video="${id}"]`);
  const [seek, time, length, step, speed, volume] = ["seek", "time", "length", "step", "speed", "volume"].map((name) =>
    bar.querySelector(`[data-${name}]`)
  );
  const [play, mute] = ["play", "mute"].map((name) => bar.querySelector(`[data-tool="${name}"]`));
  const gate = viewer.querySelector(`[data-gate="${id}"]`);

  function shown(now) {
    loop.keepInside(now);
    time.textContent = clock(now);
    seek.value = now;
    seek.setAttribute("aria-valuetext", words(viewer, "position", { time: clock(now), length: clock(video.duration) }));
  }

  function measured(seconds) {
    step.title = words(viewer, "measured", { ms: (seconds * 1000).toFixed(1) });
  }

  const frames = framesOf(video, shown, measured);
  const loop = loopOf(viewer, bar, video, frames);
  const jump = (at) => {
    video.pause();
    // A hair later, or rounding shows the frame before.
    video.currentTime = Math.min(at + 0.0005, video.duration);
  };
  const marks = marksOf(viewer, bar, video, frames, jump);
  const sheet = sheetOf(viewer, bar, video, jump);

  function known() {
    length.textContent = clock(video.duration);
    seek.max = video.duration;
    shown(video.currentTime);
  }

  function toggle() {
    if (video.paused) video.play().catch((error) => error.name === "AbortError" || say(viewer, "unplayed"));
    else video.pause();
  }

  function setSpeed(direction) {
    const at = SPEEDS.indexOf(video.playbackRate) + direction;
    if (!SPEEDS[at]) return;
    video.playbackRate = SPEEDS[at];
    speed.textContent = `${SPEEDS[at]}×`;
    say(viewer, "speeded", { speed: `${SPEEDS[at]}×` });
  }

  async function stepBy(direction) {
    await frames.step(direction);
    say(viewer, "stepped", { time: clock(frames.now) });
  }

  function heard() {
    show(mute, video.muted ? "muted" : "heard");
    mute.setAttribute("aria-pressed", video.muted);
    volume.value = video.muted ? 0 : video.volume;
  }

  video.controls = false;
  if (frames.isExact) {
    step.textContent = words(viewer, "frame");
    step.title = "";
  }
  if (video.readyState) known();
  video.addEventListener("loadedmetadata", known);
  video.addEventListener("play", () => show(play, "playing"));
  video.addEventListener("pause", () => show(play, "paused"));
  ["playing", "seeking"].forEach((name) => video.addEventListener(name, () => gate.remove()));
  video.addEventListener("volumechange", heard);
  watch(video);

  seek.addEventListener("input", () => { video.currentTime = seek.valueAsNumber; });
  seek.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    stepBy(ARROWS[event.key]);
  });
  volume.addEventListener("input", () => {
    video.muted = volume.valueAsNumber === 0;
    if (!video.muted) video.volume = volume.valueAsNumber;
  });

  // A click plays, two zoom, a drag moves.
  let pressed = null;
  let waiting = 0;
  video.addEventListener("pointerdown", (event) => { pressed = event; });
  video.addEventListener("click", (event) => {
    clearTimeout(waiting);
    const isDrag = pressed && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) > 4;
    if (event.detail === 1 && !isDrag) waiting = setTimeout(toggle, CLICK_MS);
  });
  whileHere(video, () => {
    clearTimeout(waiting);
    // What was loaded of it is given back at once, not when memory runs short.
    video.removeAttribute("src");
    video.load();
  });

  return {
    bar,
    video,
    commands: {
      ...loop.commands,
      ...marks.commands,
      ...sheet.commands,
      play() {
        toggle();
        say(viewer, video.paused ? "paused" : "played", { time: clock(frames.now) });
      },
      "step-back": () => stepBy(-1),
      "step-forward": () => stepBy(1),
      slower: () => setSpeed(-1),
      faster: () => setSpeed(1),
      mute() {
        video.muted = !video.muted;
        say(viewer, video.muted ? "muted" : "heard");
      },
    },
  };
}
