// The one entry of the review pages: each part finds its own elements and is quiet where there are none.
import { begin as beat } from "./beat.js";
import { begin as copy } from "./copy.js";
import { sweep } from "./dom.js";
import { begin as draft } from "./draft.js";
import { begin as keys } from "./keys.js";
import { begin as prefetch } from "./prefetch.js";
import { begin as queue } from "./queue.js";
import { begin as seen } from "./seen.js";
import { begin as sending } from "./sending.js";
import { begin as viewer } from "./viewer.js";

// What was seen comes before the viewer, which shows its marks.
const parts = [seen, viewer, prefetch, keys, queue, draft, sending, beat, copy];

function begin(root) {
  sweep();
  for (const part of parts) {
    try {
      part(root);
    } catch (error) {
      // One part that fails takes no other with it.
      reportError(error);
    }
  }
}

// A module runs when the page is parsed; whatever htmx puts into it later is begun as it comes.
begin(document);
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
