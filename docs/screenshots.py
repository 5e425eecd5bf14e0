"""`make screenshots`: the main pages of a demo of its own, in light and dark, wide and narrow, into var/screenshots/.

Three of them are copied to docs/, where the README shows them. Everybody on them is drawn.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from kyc_portal.demo import PASSWORD

ROOT = Path(__file__).parent.parent
SHOTS = ROOT / "var" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]
START, FILLED = 120.0, 75.0
DECISIONS = 7
# File name, who looks, and where. `{first}` is the review that the reviewer holds in the end.
PAGES = (
    ("queue", "supervisor", "/review/"),
    ("workspace", "reviewer", "{first}"),
    ("second-approval", "supervisor", "/review/?tab=proposed"),
    ("waiting", "supervisor", "/review/?tab=waiting"),
    ("lost", "supervisor", "/review/?tab=lost"),
    ("decided", "supervisor", "/review/?tab=decided"),
    ("subject", "reviewer", "{first}subject/"),
    ("dashboard", "supervisor", "/review/dashboard/"),
    ("audit", "auditor", "/review/audit/"),
    ("keys", "reviewer", "/review/keys/"),
    ("admin-attempts", "administrator", "/admin/liveness/verificationattempt/"),
)
IN_README = {"queue-light-wide": "queue", "workspace-dark-wide": "workspace", "dashboard-light-wide": "dashboard"}
WIDTHS = {"wide": (1440, 900), "narrow": (375, 812)}


def main() -> int:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        sys.stderr.write("Chromium is not installed (Debian: apt-get install chromium).\n")
        return 2
    SHOTS.mkdir(parents=True, exist_ok=True)
    with demo(os.environ.get("PORT", "8900")) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        first = work(browser, url)
        for theme in ("light", "dark"):
            for name, size in WIDTHS.items():
                shoot(browser, url, first, theme, name, size)
    for source, target in IN_README.items():
        shutil.copyfile(SHOTS / f"{source}.png", ROOT / "docs" / f"{target}.png")
    sys.stdout.write(f"{SHOTS}\n")
    return 0


@contextmanager
def demo(port: str) -> Iterator[str]:
    """A running demo with a few people in it, in a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="screenshots-") as directory:
        environment = os.environ | {"PORT": port, "DEMO_DIR": directory}
        process = subprocess.Popen([sys.executable, "-m", "kyc_portal.demo"], cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process)
            time.sleep(FILLED)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=2)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("The demo did not start.")


def log_in(browser: Browser, url: str, name: str, **options: object) -> Page:
    page = browser.new_context(base_url=url, **options).new_page()  # type: ignore[arg-type]
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state("networkidle")
    return page


def work(browser: Browser, url: str) -> str:
    """Decide a few reviews, so that the pages have something to say; the address of the next one, which stays held."""
    page = log_in(browser, url, "reviewer", viewport={"width": 1440, "height": 900})
    page.goto("/review/")
    page.keyboard.press("n")
    for number in range(DECISIONS):
        page.wait_for_selector("#workspace")
        page.wait_for_load_state("networkidle")
        heading = page.locator("h1").inner_text()
        decide(page, number)
        page.wait_for_function("text => document.querySelector('h1').innerText !== text", arg=heading)
    page.wait_for_load_state("networkidle")
    return re.sub(r"\?.*", "", page.url)


def decide(page: Page, number: int) -> None:
    """Follow the vendor, but contradict it once in a while, where the evidence allows that."""
    has_passed = page.locator(".badge--passed").count() > 0
    approves = has_passed if number % 3 else not has_passed
    approves = approves and page.locator("[data-command=approve]").is_enabled()
    page.locator(f"[data-command={'approve' if approves else 'reject'}]").check()
    if not approves or not has_passed:
        page.locator("input[name=reasons]:visible").first.check()
    page.get_by_label("Internal note").fill("The reflection of a screen moves with the head.")
    page.keyboard.press("Control+Enter")


def shoot(browser: Browser, url: str, first: str, theme: str, width: str, size: tuple[int, int]) -> None:
    """One picture of every page in this theme at this width."""
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": theme, "device_scale_factor": 1}
    people = {name: log_in(browser, url, name, **options) for name in {person for _, person, _ in PAGES}}
    for name, person, path in PAGES:
        page = people[person]
        page.goto(path.format(first=first))
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png")


if __name__ == "__main__":
    sys.exit(main())
