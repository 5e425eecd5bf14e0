"""Visits of a real Chromium: when the picture is painted, when the video can be seeked, and where a seek lands."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from bench.common.clients import HOST

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
# Before any of the page's own code. A picture that carries `elementtiming` when it loads is reported once painted.
WATCH = """
window.visit = {};
visit.isReady = new Promise((resolve, reject) => {
  const settle = () => visit.picture && visit.seekable && resolve();
  setTimeout(() => reject(new Error(`${location} is not ready: ${JSON.stringify(visit)}`)), 15000);
  new PerformanceObserver(list => {
    // A picture that could not be loaded has no size.
    visit.picture ??= list.getEntries().find(entry => entry.naturalWidth)?.renderTime;
    settle();
  }).observe({type: "element", buffered: true});
  const look = ({target}) => {
    if (target.readyState < 1 || !target.seekable.length || !target.seekable.end(0)) return;
    visit.seekable ??= performance.now();
    settle();
  };
  const find = () => {
    const picture = document.querySelector(".pane--best_frame img");
    if (picture && !picture.hasAttribute("elementtiming")) picture.setAttribute("elementtiming", "frame");
    const video = document.querySelector(".pane--video video");
    if (!video || visit.video) return;
    visit.video = true;
    for (const name of ["loadedmetadata", "durationchange", "progress", "canplay"]) video.addEventListener(name, look);
    look({target: video});
  };
  new MutationObserver(find).observe(document, {childList: true, subtree: true});
});
"""
READY = """async () => {
  await visit.isReady;
  return {picture: visit.picture, seekable: visit.seekable,
          duration: document.querySelector(".pane--video video").duration};
}"""
# A seek has landed when the video says so and a decoded frame of that moment was handed to the screen.
SEEK = """target => new Promise(resolve => {
  const video = document.querySelector(".pane--video video"), begun = performance.now();
  let isSeeked = false, shown = -Infinity;
  const far = () => Math.max(Math.abs(video.currentTime - target), Math.abs(shown - target));
  const settle = isLate => {
    if (isLate || isSeeked && far() < 0.5) resolve({took: performance.now() - begun, off: far()});
  };
  const look = (now, frame) => { shown = frame.mediaTime; settle(); video.requestVideoFrameCallback(look); };
  video.addEventListener("seeked", () => { isSeeked = true; settle(); }, {once: true});
  video.requestVideoFrameCallback(look);
  setTimeout(settle, 5000, true);
  video.currentTime = target;
})"""


@dataclass(frozen=True)
class Visit:
    """Milliseconds from navigation to the painted picture and the seekable video, and of a seek; seconds it is off."""

    picture: float
    seekable: float
    seek: float
    off: float


@contextmanager
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        raise SystemExit("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


def visit(browser: Browser, url: str, session: str = "") -> Visit:
    """Open the page with nothing cached, then seek to a random moment of the video."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_init_script(WATCH)
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "domain": HOST, "path": "/"}])
        page = context.new_page()
        page.goto(url, wait_until="commit")
        ready = page.evaluate(READY)
        page.wait_for_load_state()
        # Not near the start, where a frame is shown without any seek.
        landed = page.evaluate(SEEK, random.uniform(0.7, ready["duration"] - 0.1))
        return Visit(ready["picture"], ready["seekable"], landed["took"], landed["off"])
    finally:
        context.close()
