// While one item is looked at, the next one's picture is fetched and decoded, so that it is there at once. Nobody has
// seen it yet: it is asked for as a prefetch, and the picture's own request remains the look that is recorded.
import { all } from "./dom.js";

let kept = null;
let asked = "";

const isLoaded = (element) => (element.matches("img") ? element.complete : element.readyState > 0 || element.error);
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

function loaded(element) {
  if (isLoaded(element)) return Promise.resolve();
  return new Promise((done) => {
    ["load", "loadedmetadata", "error"].forEach((name) => element.addEventListener(name, done, { once: true }));
  });
}

async function fetched(url, headers) {
  const answer = await fetch(url, { headers, credentials: "same-origin", priority: "low", redirect: "error" });
  return answer.status === 200 ? answer : null;
}

async function prepare(workspace) {
  const answer = await fetched(workspace.dataset.peek, { Accept: "application/json" });
  const next = await answer?.json();
  if (!next?.frame || next.id === workspace.dataset.attempt || next.id === kept?.attempt) return;
  const picture = await fetched(next.frame, { Purpose: "prefetch" });
  if (!picture) return;
  const bitmap = await createImageBitmap(await picture.blob());
  // Meanwhile another page may have come.
  if (asked !== workspace.dataset.attempt) return bitmap.close();
  drop();
  kept = { attempt: next.id, bitmap };
}

function drop() {
  kept?.bitmap.close();
  kept = null;
}

// The picture that was kept stands under the real one until that has arrived.
function paint(workspace) {
  const picture = workspace.querySelector("[data-viewer] .pane--best_frame img");
  const isHere = kept?.attempt === workspace.dataset.attempt;
  if (isHere && picture && !picture.complete) {
    const { bitmap } = kept;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: bitmap.width, height: bitmap.height, className: "pane__ahead" });
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    picture.before(canvas);
    ["load", "error"].forEach((name) => picture.addEventListener(name, () => canvas.remove(), { once: true }));
  }
  // The same page again, with its errors, is not the next one.
  if (isHere || asked !== workspace.dataset.attempt) drop();
}

export function begin(root) {
  const workspace = document.getElementById("workspace");
  if (!workspace || (root !== document && !root.contains(workspace) && !all(root, "#workspace").length)) return;
  paint(workspace);
  if (!workspace.dataset.peek || asked === workspace.dataset.attempt) return;
  asked = workspace.dataset.attempt;
  const media = [...workspace.querySelectorAll("[data-viewer] :is(img, video)")];
  Promise.all(media.map(loaded)).then(() =>
    idle(() => {
      // A failure costs nothing: the next picture is then fetched when it is needed.
      if (workspace.isConnected) prepare(workspace).catch(() => {});
    })
  );
}
