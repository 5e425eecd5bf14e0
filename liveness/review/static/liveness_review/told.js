// What a key did not do, and why, or what to press next: told in the panel of the workspace.
const AGAIN_MS = 50;
const OUTCOMES = new Set(["approve", "reject", "retry", "escalate", "decide"]);
const NEED_THE_CLAIM = new Set([...OUTCOMES, "claim", "release", "confirm"]);

const region = () => document.querySelector("[data-told]");

export function tell(text) {
  const told = region();
  told.textContent = "";
  // A live region reads the same words out again only if they were gone.
  setTimeout(() => { told.textContent = text; }, AGAIN_MS);
}

export function hush() {
  if (region()?.textContent) region().textContent = "";
}

// From now on, whatever needs the claim is answered with this.
export function loseClaim(text) {
  const told = region();
  if (told) told.dataset.lost = text;
}

// Say why this command cannot be given here; false where nothing is known of it.
export function explain(command) {
  const text = refusalOf(command);
  if (text) tell(text);
  return Boolean(text);
}

function refusalOf(command) {
  const sentences = JSON.parse(document.getElementById("refusals")?.textContent ?? "{}");
  const lost = NEED_THE_CLAIM.has(command) && region()?.dataset.lost;
  return lost || sentences[command] || (OUTCOMES.has(command) && sentences.decide);
}
