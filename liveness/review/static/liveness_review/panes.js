// The panes of one viewer: which of them the tools mean, and the zoom that they share.
import { say } from "./dom.js";
import { paneOf } from "./zoom.js";

export function panesOf(viewer, changed) {
  const switchOf = viewer.querySelector('[data-tool="sync"]');
  let active = null;
  let isSynced = true;

  function moved(pane) {
    active = pane;
    if (isSynced) panes.filter((other) => other !== pane).forEach((other) => other.follow(pane));
    changed();
  }

  const panes = [...viewer.querySelectorAll("[data-pane]")].map((figure) => paneOf(figure, moved));
  active = panes[0];
  for (const pane of panes) {
    const choose = () => { active = pane; };
    pane.figure.addEventListener("pointerenter", choose);
    pane.figure.addEventListener("focusin", choose);
  }

  function zoom(act) {
    if (!active) return;
    active[act]();
    say(viewer, "zoomed", { percent: Math.round(active.scale * 100) });
  }

  return {
    choose(figure) {
      active = panes.find((pane) => pane.figure === figure) ?? active;
    },
    restore() {
      panes.forEach((pane) => {
        pane.turn(0);
        pane.fit();
      });
    },
    get isAltered() {
      return panes.some((pane) => pane.isAltered);
    },
    commands: {
      "zoom-in": () => zoom("zoomIn"),
      "zoom-out": () => zoom("zoomOut"),
      fit: () => zoom("fit"),
      rotate() {
        if (!active) return;
        active.turn();
        say(viewer, "turned", { degrees: active.degrees });
        changed();
      },
      sync() {
        isSynced = !isSynced;
        switchOf.setAttribute("aria-pressed", isSynced);
        if (isSynced && active) moved(active);
        say(viewer, isSynced ? "synced" : "alone");
      },
    },
  };
}
