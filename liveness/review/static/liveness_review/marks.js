// Moments that the reviewer marks, each with a remark if he likes. They go with the decision.
import { clock, say } from "./dom.js";
import { marksOf as keptMarks, tell } from "./seen.js";

const MOST = 50;

export function marksOf(viewer, bar, video, frames, jump) {
  const list = bar.querySelector("[data-marks-list]");
  const ticks = bar.querySelector("[data-ticks]");
  const line = bar.querySelector("template[data-mark-line]");
  const marks = keptMarks(video.dataset.video);

  function draw() {
    list.hidden = marks.length === 0;
    list.replaceChildren(...marks.map(lineOf));
    drawTicks();
  }

  function drawTicks() {
    const shown = video.duration ? marks : [];
    ticks.replaceChildren(
      ...shown.map((mark) => {
        const tick = document.createElement("span");
        tick.className = "seek__tick";
        tick.style.insetInlineStart = `${(mark.at / video.duration) * 100}%`;
        return tick;
      })
    );
  }

  function lineOf(mark) {
    const item = line.content.cloneNode(true).firstElementChild;
    const time = item.querySelector("[data-jump]");
    const remark = item.querySelector("[data-remark]");
    time.textContent = clock(mark.at);
    time.addEventListener("click", () => jump(mark.at));
    remark.value = mark.text;
    remark.addEventListener("input", () => {
      mark.text = remark.value;
      tell();
    });
    item.querySelector("[data-remove]").addEventListener("click", () => {
      marks.splice(marks.indexOf(mark), 1);
      draw();
      tell();
      say(viewer, "unmarked", { time: clock(mark.at) });
      (list.querySelector("[data-jump]") ?? bar.querySelector('[data-tool="mark"]')).focus();
    });
    return item;
  }

  video.addEventListener("loadedmetadata", drawTicks);
  draw();
  return {
    commands: {
      mark() {
        if (!video.duration) return;
        if (marks.length >= MOST) {
          say(viewer, "crowded", { most: MOST });
          return;
        }
        const at = Math.round(frames.now * 1000) / 1000;
        if (!marks.some((mark) => mark.at === at)) marks.push({ at, text: "" });
        marks.sort((one, other) => one.at - other.at);
        draw();
        tell();
        say(viewer, "marked", { time: clock(at) });
      },
    },
  };
}
