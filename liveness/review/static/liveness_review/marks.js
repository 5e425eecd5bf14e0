// Moments that the reviewer marks, each with a remark if he likes. They go with the decision.
import { clock, say } from "./dom.js";
import { leave } from "./fields.js";
import { marksOf as keptMarks, tell } from "./seen.js";

const MOST = 50;

export function marksOf(viewer, bar, video, frames, jump) {
  const list = bar.querySelector("[data-marks-list]");
  const ticks = bar.querySelector("[data-ticks]");
  const line = bar.querySelector("template[data-mark-line]");
  const marks = keptMarks(video.dataset.video);
  const lines = new Map(marks.map((mark) => [mark, lineOf(mark)]));
  let newest = marks.at(-1);

  // Lines come and go one by one, so that a remark that somebody writes keeps the focus.
  function drawn() {
    list.hidden = marks.length === 0;
    drawTicks();
    tell();
  }

  // The newest mark is in sight; the page stays where it is.
  function reveal(line) {
    const [inner, outer] = [line, list].map((one) => one.getBoundingClientRect());
    if (inner.right > outer.right) list.scrollLeft += inner.right - outer.right;
    if (inner.left < outer.left) list.scrollLeft += inner.left - outer.left;
  }

  function add(at) {
    const next = marks.findIndex((mark) => mark.at > at);
    const place = next < 0 ? marks.length : next;
    newest = { at, text: "" };
    lines.set(newest, lineOf(newest));
    list.insertBefore(lines.get(newest), lines.get(marks[place]) ?? null);
    marks.splice(place, 0, newest);
    drawn();
  }

  function remove(mark) {
    marks.splice(marks.indexOf(mark), 1);
    lines.get(mark).remove();
    lines.delete(mark);
    if (mark === newest) newest = marks.at(-1);
    drawn();
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
    remark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) leave();
    });
    item.querySelector("[data-remove]").addEventListener("click", () => {
      remove(mark);
      say(viewer, "unmarked", { time: clock(mark.at) });
      (list.querySelector("[data-jump]") ?? bar.querySelector('[data-tool="mark"]')).focus();
    });
    return item;
  }

  video.addEventListener("loadedmetadata", drawTicks);
  list.append(...lines.values());
  drawn();
  return {
    commands: {
      mark() {
        if (!video.duration) return;
        if (marks.length >= MOST) {
          say(viewer, "crowded", { most: MOST });
          return;
        }
        const at = Math.round(frames.now * 1000) / 1000;
        const same = marks.find((mark) => mark.at === at);
        if (same) newest = same;
        else add(at);
        reveal(lines.get(newest));
        say(viewer, "marked", { time: clock(at) });
      },
      remark() {
        if (newest) lines.get(newest).querySelector("[data-remark]").focus();
        else say(viewer, "markless");
      },
    },
  };
}
