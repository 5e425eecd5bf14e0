// Time that is left, told once a second. The words that the server wrote stand until then, and without JavaScript.
import { all, once, whileHere } from "./dom.js";

const told = {
  clock(left) {
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    const two = (number) => String(number).padStart(2, "0");
    return `${hours}:${two(minutes)}:${two(seconds)}`;
  },
  seconds: (left) => `${left} s`,
};

const run = once((element) => {
  // Counted from now on: the clocks of server and browser need not agree.
  const end = Date.now() + Number(element.dataset.clockLeft) * 1000;
  const text = element.querySelector("[data-clock-text]");
  const timer = setInterval(tick, 1000);
  tick();
  whileHere(element, () => clearInterval(timer));

  function tick() {
    const left = Math.max(Math.ceil((end - Date.now()) / 1000), 0);
    if (text) text.textContent = told[text.dataset.clockText](left);
    if (left === 0) element.classList.add("is-over");
    if (left === 0) clearInterval(timer);
  }
});

export const begin = (root) => all(root, "[data-clock-left]").forEach(run);
