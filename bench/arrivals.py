"""How many calls reach the vendor in any one second, and how much of the limit is used, over many processes.

    .venv/bin/python bench/arrivals.py [--seconds 60] [--quick] [--stores SQLite Redis] [--busy]

1, 8 and 24 processes call a strict vendor on loopback, over real HTTP and each as often as the shared limiter lets it,
with the slots in SQLite, PostgreSQL and Redis; arrivals are counted there. Beside them are pyrate-limiter and limits on
Redis and Celery's rate_limit. Needs PostgreSQL, redis-server and requirements-bench.txt (`make bench` installs it);
takes 20 minutes. `--busy` keeps every processor busy meanwhile. Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.databases import fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_least, at_most, beside, progress, report
from bench.pacing import callers, celery_peer
from bench.pacing.counter import Arrivals, Counter
from tests.with_redis import redis_program, redis_server

LIMIT = 20
PACE = 0.94
SIZES = (1, 8, 24)
STORES = ("SQLite", "PostgreSQL", "Redis")
PEERS = ("pyrate-limiter", "limits", "Celery")
QUICK = 5.0


def main() -> int:
    options = parsed()
    end_cleanly()
    lines: list[Line] = []
    with ExitStack() as stack:
        if options.busy:
            stack.enter_context(busy())
        counter = stack.enter_context(Counter(LIMIT))
        for store, size in product(options.stores, options.sizes):
            lines += of_ours(store, size, options.pace, measured(store, size, options, counter))
        for peer, size in product(options.peers, options.sizes):
            lines += of_peer(peer, size, measured(peer, size, options, counter))
    return report(lines, **{name: version(name) for name in ("redis", "pyrate-limiter", "limits", "celery")})


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each run calls")
    parser.add_argument("--quick", action="store_const", dest="seconds", const=QUICK, help="5 seconds each")
    parser.add_argument("--pace", type=float, default=PACE, help="the share of the limit that is used")
    parser.add_argument("--stores", nargs="*", default=STORES, choices=STORES)
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES, help="numbers of processes")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--busy", action="store_true", help="keep every processor busy meanwhile")
    return parser.parse_args()


def measured(kind: str, size: int, options: argparse.Namespace, counter: Counter) -> Arrivals:
    """What arrives while so many processes call."""
    progress(f"{kind}, processes: {size}")
    run = {"limit": LIMIT, "callers": size, "port": counter.port, "seconds": options.seconds}
    with place(kind) as address:
        if kind == "Celery":
            celery_peer.call_together(address, **run)
        else:
            callers.call_together(kind, address, pace=options.pace, **run)
    return counter.take()


@contextmanager
def place(kind: str) -> Iterator[str]:
    """A fresh place for the slots: a file, or the address of a server."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(prefix="bench-pace-") as directory:
            yield f"{directory}/pace.sqlite3"
    elif kind == "PostgreSQL":
        with fresh("postgres") as url:
            # Nothing but the migrated tables is wanted.
            with_portal(url, int)
            yield url
    else:
        program = redis_program()
        if program is None:
            raise SystemExit("Redis is not installed (Debian: apt-get install redis-server).")
        with redis_server(program) as url:
            yield url


def of_ours(store: str, size: int, pace: float, arrivals: Arrivals) -> list[Line]:
    what, calls = f"{store}, {size:2}: ", len(arrivals.calls)
    lines = [
        Line(what + "busiest second", arrivals.busiest_second, "calls", aim=at_most(LIMIT, of_figure=True)),
        beside(what + "accepted / made", calls - arrivals.refused, calls, "calls", at_least(1)),
        beside(what + "rate / limit", arrivals.rate, LIMIT, "/s", at_least(0.93)),
        beside(what + "rate / pace", arrivals.rate, LIMIT * pace, "/s", at_least(0.98)),
    ]
    if size > 1:
        lines += [Line(what + "most / least a process", arrivals.unevenness(size), "x", aim=at_most(2, of_figure=True))]
    return lines


def of_peer(peer: str, size: int, arrivals: Arrivals) -> list[Line]:
    what, calls = f"{peer}, {size:2}: ", len(arrivals.calls)
    lines = [
        Line(what + "busiest second", arrivals.busiest_second, "calls"),
        beside(what + "accepted / made", calls - arrivals.refused, calls, "calls"),
        beside(what + "rate / limit", arrivals.rate, LIMIT, "/s"),
    ]
    if size > 1:
        lines += [Line(what + "most / least a process", arrivals.unevenness(size), "x")]
    return lines


@contextmanager
def busy() -> Iterator[None]:
    """A process on every processor that does nothing but count."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


if __name__ == "__main__":
    sys.exit(main())
