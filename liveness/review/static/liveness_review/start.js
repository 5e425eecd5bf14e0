// The one entry of the review pages: each part finds its own elements and is quiet where there are none.
const parts = [];
const begin = (root) => parts.forEach((part) => part(root));

document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
