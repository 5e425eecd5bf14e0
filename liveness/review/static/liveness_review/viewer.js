// The evidence viewer: wires the tools of one stage to its panes and players, and takes commands from the keys.
import { all, once, say } from "./dom.js";
import { lightOf } from "./light.js";
import { panesOf } from "./panes.js";
import { playerOf } from "./player.js";

// A file that does not arrive, or that this browser cannot show, leaves a word instead of an empty pane. A video whose
// sound alone can be played has no width.
function watchForFaults(viewer) {
  for (const pane of viewer.querySelectorAll("[data-pane]")) {
    const shown = pane.querySelector("[data-move] > :is(img, video)");
    const fault = pane.querySelector("[data-fault]");
    const tell = () => { fault.hidden = false; };
    if (shown.error || (shown.complete && !shown.naturalWidth)) tell();
    const look = () => { if (shown.readyState && shown.videoWidth === 0) tell(); };
    look();
    shown.addEventListener("error", tell);
    shown.addEventListener("loadedmetadata", look);
  }
}

const start = once((viewer) => {
  const adjusted = viewer.querySelector("[data-adjusted]");
  const reset = viewer.querySelector('[data-tool="reset"]');
  const panes = panesOf(viewer, changed);
  const light = lightOf(viewer, changed);
  const players = [...viewer.querySelectorAll("[data-player]")].map((bar) => playerOf(viewer, bar));
  let player = players[0];

  function changed() {
    adjusted.toggleAttribute("data-on", light.isAltered);
    reset.disabled = !light.isAltered && !panes.isAltered;
  }

  function restore() {
    panes.restore();
    light.restore();
    say(viewer, "restored");
  }

  const commands = () => ({ ...panes.commands, ...light.commands, ...player?.commands, reset: restore });

  // What a person touches is what the next command means.
  function choose(element) {
    panes.choose(element.closest("[data-pane]"));
    const of = (one) => one.bar.contains(element) || one.video.closest("[data-pane]").contains(element);
    player = players.find(of) ?? player;
  }

  viewer.addEventListener("focusin", (event) => choose(event.target));
  viewer.addEventListener("pointerdown", (event) => choose(event.target));
  // A tool that is clicked leaves the focus where it is: Space goes on playing the video.
  viewer.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-tool]")) event.preventDefault();
  });
  viewer.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-tool]");
    if (!tool) return;
    choose(tool);
    commands()[tool.dataset.tool]?.();
  });
  viewer.addEventListener("viewer:command", (event) => {
    const command = commands()[event.detail];
    if (!command) return;
    event.preventDefault();
    command();
  });
  watchForFaults(viewer);
  viewer.dataset.ready = "";
});

export const begin = (root) => all(root, "[data-viewer]").forEach(start);
