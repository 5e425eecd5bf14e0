"""The reviewer's queue at a million attempts against ten thousand, against raw SQL, and against the stock admin's list.

    .venv/bin/python bench/queue_page.py [--rows 1000000] [--database sqlite|postgres|both] [--runs 15]

Fills throw-away databases with a year of attempts, media, reviews and decisions, then asks for the first page and for
one 90 % deep of two tabs through the test client, session and templates included. Needs PostgreSQL installed and 4 GB
in the temporary directory; a million rows take about eight minutes on both databases. Exit 1 when an aim is missed by
a factor of 2 or more.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.databases import KINDS, fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_least, at_most, beside, faster, progress, report
from bench.common.timing import Found, best_by_turns, timed

SMALL = 10_000
ROUNDS = 3
DEEP = 0.9
TABS = ("open", "decided")
# What belongs to the log-in and not to the page.
NOT_OURS = ("django_session", "auth_permission", "UPDATE ")
STOCK = "/stock/liveness/verificationattempt/"
FLOOR_SQL = """
SELECT r.*, a.* FROM liveness_review_review r JOIN liveness_verificationattempt a ON a.id = r.attempt_id
WHERE r.state = %s AND (r.queue_at, r.attempt_id) {sign} (%s, %s) ORDER BY r.queue_at {way}, r.attempt_id {way} LIMIT 51
"""
MEDIA_SQL = "SELECT * FROM liveness_storedmedia WHERE attempt_id IN ({marks}) ORDER BY id"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--runs", type=int, default=15, help="of each page; medians are printed")
    options = parser.parse_args()
    end_cleanly()
    lines: list[Line] = []
    for kind in KINDS if options.database == "both" else [options.database]:
        with fresh(kind) as small, fresh(kind) as large:
            with_portal(small, fill, kind, SMALL)
            with_portal(large, fill, kind, options.rows)
            progress(f"{kind}: {ROUNDS} rounds")
            both = (partial(with_portal, url, measure, options.runs) for url in (small, large))
            lines += compared(kind, options.rows, *best_by_turns(*both, ROUNDS))
    return report(lines)


def compared(kind: str, rows: int, small: Found, large: Found) -> list[Line]:
    """The lines of one database."""
    lines = []
    for page in (f"{tab}, {depth}" for tab in TABS for depth in ("first page", "90 % deep")):
        name = f"{kind}: {page}"
        lines += [
            beside(f"{name}, {rows:,} / {SMALL:,}", large[page], small[page], "ms", at_most(1.25)),
            beside(f"{name}, SQL / raw SQL", large[f"{page} sql"], large[f"{page} floor"], "ms", at_most(3)),
            Line(f"{name}, queries of its own", large[f"{page} queries"], "", aim=at_most(4, of_figure=True)),
        ]
    stock = large["stock"]
    return [*lines, faster(f"{kind}: stock list / queue", large["open, first page"], stock, "ms", at_least(20))]


def fill(kind: str, rows: int) -> None:
    """Make the rows, in a process where the portal is set up."""
    from bench.common import population, reviews

    begun = time.monotonic()
    population.fill(rows)
    reviews.fill()
    progress(f"{kind}: {rows:,} attempts with media and reviews in {time.monotonic() - begun:.0f} s")


def measure(runs: int) -> Found:
    """Milliseconds of every page on one database, in a process where the portal is set up."""
    visit, found = _visitor(), {}
    for tab in TABS:
        for depth, place in (("first page", None), ("90 % deep", _place(tab))):
            found |= _page(visit, f"{tab}, {depth}", tab, place, runs)
    return found | {"stock": median(timed(lambda: visit(STOCK)) for _ in range(3))}


def _page(visit: Callable[[str], object], name: str, tab: str, place: tuple | None, runs: int) -> Found:
    from liveness.review.queue.keyset import Place

    address = f"/review/?tab={tab}" + (f"&after={Place(*place)}" if place else "")
    times, statements = [], []
    visit(address)
    for _ in range(runs):
        watch = Watch()
        times.append(timed(lambda: watch.over(lambda: visit(address))))  # noqa: B023
        statements.append(watch.own)
    floor = median(timed(lambda: _floor(tab, place)) for _ in range(runs))
    sql = median(sum(seconds for _, seconds in own) * 1000 for own in statements)
    return {name: median(times), f"{name} sql": sql, f"{name} floor": floor, f"{name} queries": len(statements[0])}


class Watch:
    """The statements of a page and their seconds, rows fetched included as far as the driver fetches at once."""

    def __init__(self) -> None:
        self._seen: list[tuple[str, float]] = []

    def over(self, page: Callable[[], object]) -> None:
        from django.db import connection

        with connection.execute_wrapper(self._note):
            page()

    @property
    def own(self) -> list[tuple[str, float]]:
        """Those of the page itself: neither the session's nor the account's, which every page of a portal needs."""
        return [
            (sql, seconds)
            for sql, seconds in self._seen
            if not any(word in sql for word in NOT_OURS) and not sql.startswith('SELECT "auth_user"."id"')
        ]

    def _note(self, execute, sql, parameters, many, context):
        begun = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            self._seen.append((sql, time.perf_counter() - begun))


def _floor(tab: str, place: tuple | None) -> None:
    """The least that shows such a page: its rows with their attempts, and their media."""
    from datetime import UTC, datetime

    from django.db import connection

    is_rising = tab == "open"
    edge = place or (datetime(1970 if is_rising else 2200, 1, 1, tzinfo=UTC), 0)
    sign, way = (">", "ASC") if is_rising else ("<", "DESC")
    with connection.cursor() as cursor:
        cursor.execute(FLOOR_SQL.format(sign=sign, way=way), [tab, *edge])
        ids = [row[0] for row in cursor.fetchall()][:50]
        cursor.execute(MEDIA_SQL.format(marks=", ".join(["%s"] * len(ids))), ids)
        cursor.fetchall()


def _place(tab: str) -> tuple:
    """Where nine tenths of the tab lie before."""
    from liveness.review.models import Review

    way = "" if tab == "open" else "-"
    rows = Review.objects.filter(state=tab).order_by(f"{way}queue_at", f"{way}attempt_id")
    place = rows.values_list("queue_at", "attempt_id")[int(rows.count() * DEEP)]
    return tuple(place)


def _visitor() -> Callable[[str], object]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    people = get_user_model().objects
    client = Client()
    client.force_login(people.filter(username="root").first() or people.create_superuser("root"))

    def visit(address: str) -> object:
        response = client.get(address)
        assert response.status_code == 200, response.status_code
        return response.content

    return visit


if __name__ == "__main__":
    sys.exit(main())
