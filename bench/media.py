"""Evidence through the portal against the same files served by nginx alone: speed, small pages beside it, and seeks.

    .venv/bin/python bench/media.py [--page /liveness/attempts/{attempt}/] [--visits 20]

gunicorn with its own database and storage runs twice on loopback, by itself and behind nginx with X-Accel-Redirect, as
docs/ describe it but without TLS. The video is a drawn one of 9.4 MB. Needs nginx, Chromium and 1 GB in the temporary
directory; takes one to two minutes. Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser

from bench.common.browser import Visit, chromium, visit
from bench.common.clients import HOST, Target, answer_times, rates, stalled
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_least, at_most, beside, progress, report
from bench.common.servers import Servers, nginx, servers

CLIENTS, FILES, ROUNDS = 8, 10, 7
ANSWERS = 40
LANDED = 0.5


def main() -> int:
    options = parsed()
    end_cleanly()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="bench-media-") as directory:
        progress("starting the portal and nginx")
        # Each visit is the first look at its attempt; one more of them only warms up.
        with servers(Path(directory), attempts=options.visits + 1) as running:
            lines += throughput(running)
            lines += small_page(running, options.small_page, options.role)
            with chromium() as browser:
                lines += visits(running, browser, options)
                version = browser.version
    return report(lines, nginx=nginx_version(), Chromium=version)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", default="/liveness/attempts/{attempt}/", help="the page with picture and video")
    parser.add_argument("--small-page", default="/liveness/", help="the page asked for beside stalled readers")
    parser.add_argument("--role", default="reviewer", help="who visits the pages")
    parser.add_argument("--visits", type=int, default=20, help="visits to the page, each with one seek")
    return parser.parse_args()


def throughput(running: Servers) -> list[Line]:
    """The whole video to 8 clients at once, over and over."""
    progress(f"throughput, {CLIENTS} clients")
    targets = {
        "plain": running.plain_video,
        "front": running.video(running.front),
        "embedded": running.video(running.embedded),
    }
    reached = rates(targets, rounds=ROUNDS, clients=CLIENTS, files=FILES)
    floor = reached["plain"]
    return [
        beside("video by X-Accel / nginx static", reached["front"], floor, "MB/s", at_least(0.75)),
        beside("video embedded / nginx static", reached["embedded"], floor, "MB/s", at_least(0.6)),
    ]


def small_page(running: Servers, path: str, role: str) -> list[Line]:
    """p50 of a small page, idle and beside viewers that stopped reading, by turns."""
    return [
        _beside_stalled(running, "behind nginx", running.front, 64, path, role),
        _beside_stalled(running, "embedded", running.embedded, 8, path, role),
    ]


def _beside_stalled(running: Servers, name: str, port: int, viewers: int, path: str, role: str) -> Line:
    progress(f"small page {name}, {viewers} stalled viewers")
    page, idle, busy = Target(port, path, running.cookie(role)), [], []
    answer_times(page, ANSWERS)
    for _ in range(3):
        idle += answer_times(page, ANSWERS)
        with stalled(running.video(port), viewers):
            busy += answer_times(page, ANSWERS)
    what = f"small page p50 {name}, {viewers} stalled / idle"
    return beside(what, median(busy), median(idle), "ms", at_most(2))


def visits(running: Servers, browser: Browser, options: argparse.Namespace) -> list[Line]:
    """The page and a bare one by turns, each visit in a browser that has cached nothing."""
    progress(f"{options.visits} visits to {options.page} and as many to a bare page")
    session = running.seeded["sessions"][options.role]
    ours, bare = [], []
    for captured in running.seeded["attempts"]:
        path = options.page.format(attempt=captured["attempt"])
        ours.append(visit(browser, f"http://{HOST}:{running.front}{path}", session))
        bare.append(visit(browser, f"http://{HOST}:{running.plain}/bare.html"))
    ours, bare = ours[1:], bare[1:]
    return [
        _timed("first picture painted / bare page", "picture", ours, bare, at_most(300, of_figure=True)),
        _timed("video seekable / bare page", "seekable", ours, bare, at_most(500, of_figure=True)),
        _landed("seeks landed within 0.5 s / visits", ours),
        _timed("seek until its frame is shown / bare page", "seek", ours, bare, at_most(1.3)),
    ]


def _timed(what: str, name: str, ours: list[Visit], bare: list[Visit], aim) -> Line:
    figure, floor = (median(getattr(one, name) for one in group) for group in (ours, bare))
    return beside(f"{what}, p50", figure, floor, "ms", aim)


def _landed(what: str, ours: list[Visit]) -> Line:
    landed = sum(one.off < LANDED for one in ours)
    return beside(what, landed, len(ours), "", at_least(1))


def nginx_version() -> str:
    told = subprocess.run([nginx(), "-v"], capture_output=True, text=True, check=True).stderr
    return told.strip().rpartition("/")[2]


if __name__ == "__main__":
    sys.exit(main())
