"""A day of polling, simulated: our policy beside a fixed interval, exponential backoff, earliest deadline and one-shot.

    .venv/bin/python bench/policy_sim.py [--processes 2] [--quick]

Tokens come at random to a day of 24 hours, after 3 hours to warm up; checks take a lognormal time (median 150 s, sigma
0.6, 60 to 600 s), or are abandoned. An account may make 2 calls a second, of which 0.94 are used: what matters is the
load, the tokens issued for each of those calls, which one line shows. Ours is the engine's policy (the plan by
threshold, the window, the lanes; but nothing fills slots that are left over), begins with its prior, which is wrong on
purpose, and learns. "Wait" is the time from the end of a check until it is fetched; "lost" a finished check that ran
out of its two hours before that.

Takes about 5 minutes on two cores; `--quick` some seconds, for two loads of an hour. Exit 1 when an aim is missed by a
factor of 2 or more.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.ours import Ours
from bench.common.policies import PEERS, Policy
from bench.common.polling import Figures, World, simulate
from bench.common.report import Line, at_most, beside, progress, report

OURS, PRIOR = "ours", "prior only"
NAIVE = ("fixed 30 s", "backoff")
POLICIES: dict[str, Callable[[], Policy]] = {OURS: Ours, PRIOR: partial(Ours, is_learning=False), **PEERS}
LOADS = {f"{load} %": World(load / 100) for load in (25, 50, 80, 95, 110)}
SWING = {"peak 112 %": World(0.8, swing=0.4)}
OUTAGES = {
    f"{load} %, {minutes} min away": World(load / 100, outage=minutes) for load in (50, 80) for minutes in (30, 100)
}
DROPOUTS = {f"{load} %, 35 % drop out": World(load / 100, never=0.35) for load in (50, 80)}
REPORTED = {f"{load} %, 90 % reported": World(load / 100, reported=0.9) for load in (50, 80)}
LIMIT = {"80 %, 8 calls a second": World(0.8, limit=8, warm_up=2, measured=4)}
QUICK = {f"{load} %": World(load / 100, limit=1, warm_up=2.5, measured=1) for load in (50, 80)}
# Of the best naive policy's median, by load.
AIMS = {"50 %": 0.5, "80 %": 0.15}

Cases = dict[tuple[str, str], World]
Results = dict[tuple[str, str], Figures]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    results = run(quick_cases() if options.quick else cases(), options.processes)
    print_table(results)
    return report(quick_lines(results) if options.quick else lines(results))


def quick_cases() -> Cases:
    return {(name, policy): world for name, world in QUICK.items() for policy in (OURS, *PEERS)}


def cases() -> Cases:
    """Every world, each with the policies that are compared in it."""
    beside_all = {**LOADS, **SWING, **OUTAGES, **DROPOUTS}
    found = {(name, policy): world for name, world in beside_all.items() for policy in (OURS, *PEERS)}
    alone = {**REPORTED, **LIMIT}
    found |= {(name, OURS): world for name, world in alone.items()}
    wrong = {name: world for name, world in {**LOADS, **DROPOUTS}.items() if world.load in (0.5, 0.8)}
    return found | {(name, PRIOR): world for name, world in wrong.items()}


def run(cases: Cases, processes: int) -> Results:
    """The figures of every case, the longest first so that no process works alone at the end."""
    jobs = sorted(cases.items(), key=lambda job: job[0][1] in PEERS)
    results = {}
    with Pool(processes) as pool:
        for key, figures in pool.imap_unordered(_one, jobs):
            results[key] = figures
            progress(f"{len(results)} of {len(jobs)}: {key[0]}, {key[1]}")
    return {key: results[key] for key in cases}


def _one(job: tuple[tuple[str, str], World]) -> tuple[tuple[str, str], Figures]:
    key, world = job
    return key, simulate(world, POLICIES[key[1]])


def print_table(results: Results) -> None:
    print(f"{'world':24}{'policy':14}{'wait p50':>10}{'p99':>10}{'lost':>9}{'':>8}{'calls used':>12}")
    for (name, policy), found in results.items():
        waits = f"{found.median:8,.0f} s{found.p99:8,.0f} s"
        share = f"{100 * found.lost / found.finished:.2f} %" if found.lost else ""
        print(f"{name:24}{policy:14}{waits}{found.lost:9,}{share:>8}{100 * found.used:10.1f} %")
    print()


def quick_lines(results: Results) -> list[Line]:
    return [line for name in QUICK for line in _beside_peers(results, name)]


def lines(results: Results) -> Iterator[Line]:
    for name, aim in AIMS.items():
        naive = min(results[name, policy].median for policy in NAIVE)
        yield beside(f"{name}: median wait / best naive", results[name, OURS].median, naive, "s", at_most(aim))
    for name in (*LOADS, *SWING, *DROPOUTS):
        yield from _beside_peers(results, name)
    for name, world in {**LOADS, **OUTAGES, **DROPOUTS, **REPORTED}.items():
        if world.load <= 0.95:
            yield Line(f"{name}: lost", results[name, OURS].lost, "", aim=at_most(0, of_figure=True))
    for name in ("110 %", *SWING):
        for peer in PEERS:
            lost, others = results[name, OURS].lost, results[name, peer].lost
            yield Line(f"{name}: lost / {peer}", lost, "", others, aim=at_most(others, of_figure=True))
    yield from _side_lines(results)


def _side_lines(results: Results) -> Iterator[Line]:
    for name, policy in results:
        if policy == PRIOR:
            found, learned = results[name, PRIOR], results[name, OURS]
            yield beside(f"{name}: median wait, learned / wrong prior", learned.median, found.median, "s")
            yield Line(f"{name}: lost with the wrong prior", found.lost, "", aim=at_most(0, of_figure=True))
    for name, world in {**REPORTED, **LIMIT}.items():
        plain = next(key for key, other in LOADS.items() if other.load == world.load)
        aim = at_most(1.1) if name in LIMIT else None
        yield beside(f"{name}: median wait / plain", results[name, OURS].median, results[plain, OURS].median, "s", aim)


def _beside_peers(results: Results, name: str) -> list[Line]:
    figure = results[name, OURS].median
    return [
        beside(f"{name}: median wait / {peer}", figure, results[name, peer].median, "s", at_most(1)) for peer in PEERS
    ]


if __name__ == "__main__":
    sys.exit(main())
