"""The portal's admin for attempts against Django's own over the same table, in the same run.

    .venv/bin/python bench/admin.py [--rows 1000000] [--database sqlite|postgres|both] [--runs 9]

Fills a throw-away database with a year of attempts and their media, then asks both admins for the same things through
the test client, by turns. Needs PostgreSQL installed and 5 GB in the temporary directory. A million rows take about
four minutes on both databases, twice that on a busy machine. Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.databases import KINDS, fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Aim, Line, at_least, at_most, beside, faster, progress, report
from bench.common.timing import timed

OURS, STOCK = "/admin/liveness/verificationattempt/", "/stock/liveness/verificationattempt/"
# What takes seconds is asked for less often, but never less than this.
BUDGET, FEWEST = 15.0, 3
# The aims are for PostgreSQL; SQLite counts and scans a table in memory without any other process.
AIMS = {"list": at_least(4), "search": at_least(50)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--runs", type=int, default=9, help="of each page; medians are printed")
    options = parser.parse_args()
    end_cleanly()
    lines: list[Line] = []
    versions: dict[str, str] = {}
    for kind in KINDS if options.database == "both" else [options.database]:
        with fresh(kind) as url:
            found, version = with_portal(url, measure, kind, options.rows, options.runs)
            lines, versions = lines + found, versions | {kind: version}
    return report(lines, **versions)


def measure(kind: str, rows: int, runs: int) -> tuple[list[Line], str]:
    """Everything about one database, in a process where the portal is set up."""
    _fill(kind, rows // 10)
    small = _ours(runs)
    _fill(kind, rows)
    lines, large = _compared(kind, rows, runs), _ours(runs)
    sizes = f"at {rows:,} / at {rows // 10:,}"
    lines += [beside(f"{kind}: our {page} {sizes}", large[page], small[page], "ms", at_most(1.5)) for page in large]
    return [*lines, _bulk_action(kind, rows)], _version()


def _fill(kind: str, rows: int) -> None:
    from bench.common.population import fill

    begun = time.monotonic()
    fill(rows)
    progress(f"{kind}: {rows:,} attempts and their media in {time.monotonic() - begun:.0f} s")


class Visitor:
    """A superuser in front of both admins, who follows every redirect to the page it leads to."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client

        people = get_user_model().objects
        user = people.filter(username="root").first() or people.create_superuser("root")
        self._client = Client()
        self._client.force_login(user)

    def get(self, path: str, **query: str) -> Callable[[], str]:
        return lambda: self._page(self._client.get(path, query, follow=True))

    def find(self, text: str) -> Callable[[], str]:
        return lambda: self._page(self._client.post(f"{OURS}find/", {"q": text}, follow=True))

    def _page(self, response) -> str:
        assert response.status_code == 200, response.status_code
        return response.content.decode()


def _ours(runs: int) -> dict[str, float]:
    """Pages of our own whose cost should not depend on the size of the table."""
    from liveness.models import VerificationAttempt

    visitor, count = Visitor(), VerificationAttempt.objects.count()
    middle = VerificationAttempt.objects.order_by("id")[count // 2]
    day = str(middle.created_at.date())
    pages = {
        "list": visitor.get(OURS),
        "list of a day long ago": visitor.get(OURS, **{"from": day, "to": day}),
        "failed ones of a day long ago": visitor.get(OURS, **{"from": day, "to": day, "outcome__exact": "failed"}),
        "search by the beginning": visitor.find(middle.subject_reference.upper()),
        "search by a beginning that all share": visitor.find("SUBJ"),
    }
    for page in pages.values():
        page()
    return {name: median(timed(page) for _ in range(runs)) for name, page in pages.items()}


def _bulk_action(kind: str, rows: int) -> Line:
    """How long a person waits who selects 100,000 records."""
    from django.utils import timezone

    from liveness.audit import Actor
    from liveness.models import BulkKind, VerificationAttempt
    from liveness.worker import bulk_actions

    count = min(100_000, rows)
    chosen = VerificationAttempt.objects.filter(id__lte=count)
    seconds = timed(
        lambda: bulk_actions.start(BulkKind.REFRESH, chosen, actor=Actor.system("bench"), now=timezone.now())
    )
    return Line(f"{kind}: note {count:,} records for a bulk action", seconds, "ms", aim=at_most(2000, of_figure=True))


def _compared(kind: str, rows: int, runs: int) -> list[Line]:
    from liveness.models import VerificationAttempt

    attempt = VerificationAttempt.objects.filter(outcome="passed", id__gt=rows // 2).order_by("id")[0]
    visitor, token, reference = Visitor(), attempt.sdk_token, attempt.subject_reference
    pages: dict[str, tuple[Callable[[], str], Callable[[], str], Aim | None]] = {
        "list, first page": (visitor.get(OURS), visitor.get(STOCK), AIMS["list"]),
        "search by token": (visitor.find(token), visitor.get(STOCK, q=token), AIMS["search"]),
        "search by reference": (visitor.find(reference), visitor.get(STOCK, q=reference), AIMS["search"]),
        "change page": (visitor.get(f"{OURS}{attempt.pk}/change/"), visitor.get(f"{STOCK}{attempt.pk}/change/"), None),
    }
    lines = []
    for name, (ours, stock, aim) in pages.items():
        progress(f"{kind}: {name}")
        for page in (ours, stock):
            assert reference in page() or name.startswith("list")
        figure, peer = (median(times) for times in _by_turns(ours, stock, runs))
        lines.append(faster(f"{kind}: {name}, stock / ours", figure, peer, "ms", aim if kind == "postgres" else None))
    return lines


def _by_turns(ours: Callable[[], str], stock: Callable[[], str], runs: int) -> tuple[list[float], list[float]]:
    mine, its, begun = [], [], time.monotonic()
    while len(mine) < runs and (len(mine) < FEWEST or time.monotonic() - begun < BUDGET):
        mine.append(timed(ours))
        its.append(timed(stock))
    return mine, its


def _version() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        return str(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
