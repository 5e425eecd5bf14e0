// A range of the video that is played again and again.
import { clock, say } from "./dom.js";

const HAIR = 0.001;

export function loopOf(viewer, bar, video, frames) {
  const shade = bar.querySelector("[data-loop]");
  const [start, stop, clear] = ["loop-in", "loop-out", "loop-clear"].map((name) =>
    bar.querySelector(`[data-tool="${name}"]`)
  );
  let from = null;
  let to = null;

  const isOn = () => from !== null || to !== null;
  const first = () => from ?? 0;
  const last = () => to ?? video.duration;

  function shown() {
    shade.hidden = !isOn();
    shade.style.insetInlineStart = `${(first() / video.duration) * 100}%`;
    shade.style.inlineSize = `${((last() - first()) / video.duration) * 100}%`;
    start.setAttribute("aria-pressed", from !== null);
    stop.setAttribute("aria-pressed", to !== null);
    clear.disabled = !isOn();
    if (isOn()) say(viewer, "looped", { from: clock(first()), to: clock(last()) });
    else say(viewer, "unlooped");
  }

  // The frame at the end belongs to the loop; the one after it does not.
  function keepInside(now) {
    if (!isOn() || video.paused || video.seeking) return;
    if (now < first() - HAIR || now + frames.length / 2 > last()) video.currentTime = first();
  }

  video.addEventListener("play", () => keepInside(video.currentTime));
  video.addEventListener("ended", () => {
    if (!isOn()) return;
    video.currentTime = first();
    video.play().catch(() => {});
  });

  return {
    keepInside,
    commands: {
      "loop-in"() {
        if (!video.duration) return;
        from = frames.now;
        if (to !== null && to <= from) to = null;
        shown();
      },
      "loop-out"() {
        if (!video.duration) return;
        to = frames.now;
        if (to <= first()) {
          from = null;
          if (to <= HAIR) to = null;
        }
        shown();
      },
      "loop-clear"() {
        from = to = null;
        shown();
      },
    },
  };
}
