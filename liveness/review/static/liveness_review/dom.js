// What the modules of the review pages share.

// The elements inside `root`, itself included: htmx tells of a new part by its outermost element.
export const all = (root, selector) => [
  ...(root.matches?.(selector) ? [root] : []),
  ...root.querySelectorAll(selector),
];

// `act`, but only once for each element, so that a part of the page may be begun again and again.
export function once(act) {
  const done = new WeakSet();
  return (element) => {
    if (done.has(element)) return;
    done.add(element);
    act(element);
  };
}

const living = new Set();

// `end` is called once `element` has left the page. What reaches beyond it, such as a timer or a listener on the
// document, is stopped there; or the whole page that was swapped out, with its video, stays in memory.
export const whileHere = (element, end) => living.add({ element, end });

export function sweep() {
  for (const one of living) {
    if (one.element.isConnected) continue;
    living.delete(one);
    one.end();
  }
}

// "0:01.240": minutes, seconds and the milliseconds that tell one frame from the next.
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–:––.–––";
  const ms = Math.round(seconds * 1000);
  const rest = String(ms % 60000).padStart(5, "0");
  return `${Math.floor(ms / 60000)}:${rest.slice(0, 2)}.${rest.slice(2)}`;
}

const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// A sentence of the viewer's, in the reader's language: the template keeps them on the live region.
export function words(viewer, name, values = {}) {
  return filled(viewer.querySelector("[data-said]").dataset[name] ?? "", values);
}

// Tell those who cannot see it.
export function say(viewer, name, values = {}) {
  viewer.querySelector("[data-said]").textContent = words(viewer, name, values);
}

// Of the elements with `data-when`, show those for this state.
export function show(root, state) {
  for (const element of root.querySelectorAll("[data-when]")) element.hidden = element.dataset.when !== state;
}
