// What was seen in this visit: the played share of the videos and the marked moments, for the decision to keep.
// It is kept beside the page, because the page may get a new form, or the same video again, at any time, and in the tab,
// because a claim may load the page anew.
import { mine } from "./mine.js";

const STORE = `liveness-review seen ${mine.person}`;
const ROUNDING = 0.25;
const visits = restored();

function restored() {
  try {
    return new Map(Object.entries(JSON.parse(sessionStorage.getItem(STORE)) ?? {}));
  } catch {
    return new Map();
  }
}

function keep() {
  try {
    sessionStorage.setItem(STORE, JSON.stringify(Object.fromEntries(visits)));
  } catch {
    // A browser that keeps nothing forgets what was seen when the page is left.
  }
}

function visitOf(id) {
  if (!visits.has(id)) visits.set(id, { ranges: [], length: 0, marks: [] });
  return visits.get(id);
}

export const marksOf = (id) => visitOf(id).marks;

const videosHere = () => [...document.querySelectorAll("video[data-video]")];

// Ranges of seconds as one list without overlaps.
function merged(ranges) {
  const result = [];
  for (const [start, end] of [...ranges].sort((one, other) => one[0] - other[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}

function collect(video) {
  const visit = visitOf(video.dataset.video);
  const { played } = video;
  const ranges = Array.from({ length: played.length }, (_, at) => [played.start(at), played.end(at)]);
  const last = ranges.at(-1);
  // The clock may stop within the last frame, a little before the end. Whoever jumped to the end did not see the rest.
  if (video.ended && last && video.duration - last[1] < ROUNDING) last[1] = video.duration;
  visit.ranges = merged([...visit.ranges, ...ranges]);
  visit.length = video.duration || visit.length;
}

function share(shown) {
  const lengths = shown.reduce((sum, visit) => sum + visit.length, 0);
  const watched = shown.flatMap((visit) => visit.ranges).reduce((sum, [start, end]) => sum + end - start, 0);
  return lengths ? Math.min(1, watched / lengths) : 0;
}

// Write what is known into the hidden fields of the decision, wherever they are by now.
export function tell() {
  const videos = videosHere();
  videos.forEach(collect);
  const shown = videos.map((video) => visitOf(video.dataset.video));
  const marks = shown.flatMap((visit) => visit.marks);
  for (const field of document.querySelectorAll("input[data-played]")) {
    field.value = videos.length ? (Math.floor(share(shown) * 1000) / 1000).toFixed(3) : "";
  }
  for (const field of document.querySelectorAll("input[data-marks]")) field.value = JSON.stringify(marks);
}

// Another attempt is another visit.
export function begin() {
  const here = new Set(videosHere().map((video) => video.dataset.video));
  if (here.size) for (const id of [...visits.keys()]) if (!here.has(id)) visits.delete(id);
  tell();
}

export function watch(video) {
  ["loadedmetadata", "timeupdate", "pause", "ended", "seeking"].forEach((name) => video.addEventListener(name, tell));
}

document.addEventListener("submit", tell, { capture: true });
window.addEventListener("pagehide", keep);
