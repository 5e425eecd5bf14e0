// Brightness, contrast and gamma of what is shown. The files are never touched.
const LEVELS = ["brightness", "contrast", "gamma"];

export function lightOf(viewer, changed) {
  const details = viewer.querySelector("[data-light]");
  const sliders = LEVELS.map((name) => details.querySelector(`[data-level="${name}"]`));
  const curves = viewer.querySelectorAll(".viewer__filter [exponent]");

  const isNeutral = () => sliders.every((slider) => slider.valueAsNumber === 1);

  function apply() {
    const [brightness, contrast, gamma] = sliders.map((slider) => slider.valueAsNumber);
    for (const curve of curves) curve.setAttribute("exponent", (1 / gamma).toFixed(3));
    const curved = gamma === 1 ? "" : " url(#viewer-gamma)";
    const filter = isNeutral() ? "none" : `brightness(${brightness}) contrast(${contrast})${curved}`;
    viewer.style.setProperty("--viewer-light", filter);
    for (const slider of sliders) slider.nextElementSibling.textContent = slider.valueAsNumber.toFixed(2);
    changed();
  }

  const close = () => { details.open = false; };
  const summary = details.querySelector("summary");
  details.addEventListener("input", apply);
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    close();
    summary.focus();
  });
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) close();
  });

  return {
    restore() {
      sliders.forEach((slider) => { slider.value = 1; });
      apply();
    },
    get isAltered() {
      return !isNeutral();
    },
    commands: {
      light() {
        details.open = !details.open;
        (details.open ? sliders[0] : summary).focus();
      },
    },
  };
}
