// One pane: zoom, pan and turn. Panzoom moves the box around the picture; the picture is turned inside it by CSS.
import { whileHere } from "./dom.js";
import Panzoom from "./vendor/panzoom-4.6.2/panzoom.es.js";

const MOST = 8;
const STEP = 0.3;
const CLOSER = 2.5;
const MOVE = 0.1;
const GESTURE_MS = 250;
const KEYS = { "+": "zoom-in", "-": "zoom-out", 0: "fit" };
const FREE = { contain: undefined, force: true, silent: true };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// A page that is being scrolled goes on scrolling when a pane comes under the pointer.
let scrolledAt = -Infinity;
document.addEventListener("wheel", (event) => {
  if (!event.defaultPrevented) scrolledAt = event.timeStamp;
}, { passive: true });

// `changed(pane)` is called whenever the person zooms or pans this pane, but not when it follows another.
export function paneOf(figure, changed) {
  const view = figure.querySelector("[data-view]");
  const box = view.querySelector("[data-move]");
  const label = figure.querySelector("[data-scale]");
  const zoomer = Panzoom(box, {
    animate: false,
    contain: "outside",
    cursor: "",
    handleStartEvent: () => {},
    maxScale: MOST,
    minScale: 1,
    // Its first placing is nobody's act.
    silent: true,
    step: STEP,
    touchAction: "pan-y",
  });
  zoomer.setOptions({ silent: false });
  let size = [view.clientWidth, view.clientHeight];

  function shown() {
    const scale = zoomer.getScale();
    label.textContent = `${Math.round(scale * 100)} %`;
    view.toggleAttribute("data-zoomed", scale > 1);
    // Fitted, a finger scrolls the page; zoomed, it moves the picture.
    zoomer.setOptions({ touchAction: scale > 1 ? "none" : "pan-y" });
  }

  const pane = {
    figure,
    zoomIn: () => zoomer.zoomIn({ animate: false }),
    zoomOut: () => zoomer.zoomOut({ animate: false }),
    fit: () => zoomer.reset({ animate: false }),
    turn(degrees = pane.degrees + 90) {
      pane.degrees = degrees % 360;
      box.dataset.turn = pane.degrees;
    },
    degrees: 0,
    get scale() {
      return zoomer.getScale();
    },
    get offset() {
      const { x, y } = zoomer.getPan();
      return [x / view.clientWidth, y / view.clientHeight];
    },
    // The same zoom and the same place, in proportion, as another pane.
    follow(other) {
      const [x, y] = other.offset;
      zoomer.zoom(other.scale, FREE);
      zoomer.pan(x * view.clientWidth, y * view.clientHeight, FREE);
      shown();
    },
    get isAltered() {
      return pane.scale > 1 || pane.degrees !== 0;
    },
  };

  box.addEventListener("panzoomchange", () => {
    shown();
    changed(pane);
  });
  view.addEventListener("wheel", (event) => {
    const isFor = event.ctrlKey || event.deltaY < 0 || pane.scale > 1;
    if (isFor && event.timeStamp - scrolledAt > GESTURE_MS) zoomer.zoomWithWheel(event);
  }, { passive: false });
  view.addEventListener("dblclick", (event) => {
    if (event.target.closest("button")) return;
    if (pane.scale > 1) pane.fit();
    else zoomer.zoomToPoint(CLOSER, event);
  });
  view.addEventListener("keydown", (event) => {
    if (event.target !== view || event.ctrlKey || event.altKey || event.metaKey) return;
    const [arrow, command] = [ARROWS[event.key], KEYS[event.key]];
    if (arrow || command) event.preventDefault();
    if (command) view.dispatchEvent(new CustomEvent("viewer:command", { detail: command, bubbles: true, cancelable: true }));
    if (!arrow) return;
    const step = MOVE / pane.scale;
    zoomer.pan(arrow[0] * step * view.clientWidth, arrow[1] * step * view.clientHeight, { relative: true });
  });
  const observer = new ResizeObserver(() => {
    const { x, y } = zoomer.getPan();
    const now = [view.clientWidth, view.clientHeight];
    if (now[0] && size[0]) zoomer.pan((x * now[0]) / size[0], (y * now[1]) / size[1], FREE);
    size = now;
  });
  observer.observe(view);
  // Panzoom listens on the document.
  whileHere(view, () => {
    zoomer.destroy();
    observer.disconnect();
  });
  return pane;
}
