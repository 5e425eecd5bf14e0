// What the server says of whoever reads the page: the keys, and a name for what this person leaves in the tab.
export const mine = JSON.parse(document.getElementById("keys")?.textContent ?? "{}");
