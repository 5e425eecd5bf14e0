"""The engine on a bad day, and on a plain one: nothing is lost, and nobody waits longer than the simulator says.

    .venv/bin/python bench/chaos.py [--hours 1] [--speed 20] [--workers 4] [--rate 4]

Real processes (`liveness_refresh --watch`), PostgreSQL and the sandbox, whose clocks all run 20 times as fast. The bad
day: three hours, so that tokens run out meanwhile, with arrivals at 95 % of what the account may ask, faults of the
network, the vendor and the media host at random, forty minutes without a media host, which first fails at once and then
hangs, and every minute SIGKILL for one of the four workers, with a token that comes three minutes before it runs out.
The clock of one worker's machine is set an hour ahead, an hour back and right again; two runs begin with such a clock;
one worker is paused for longer than its leases last; the volume of the evidence is unmounted for ten minutes; and a
region is refused. What could be had is known, because the sandbox was told when each check ends; a query then says what
is not there. The plain day is an hour at 50 % without faults. Then a minute with Celery, in the world's own time: the
clocks of beat and of the worker are set by an hour while tokens come. Needs PostgreSQL and Redis; about twenty minutes.
A machine must keep up with the rate: what it cannot do counts as lost. Exit 1 when an aim is missed by a factor of 2 or
more, or anything was lost.
"""

import argparse
import sys
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.beat_day import drive_beat
from bench.common.course import FAULTS, Course, Result
from bench.common.databases import fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.ours import Ours
from bench.common.polling import PACE, World, simulate
from bench.common.report import Line, at_least, at_most, beside, progress, report
from bench.common.rig import drive

# Seconds of the world between two kills, at least.
SHORTEST_LIFE_SECONDS = 6.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0, help="of arrivals on the plain day, by the fast clock")
    parser.add_argument("--speed", type=float, default=20.0, help="how much faster than the world it runs")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rate", type=int, default=4, help="calls a second of the world that the account may make")
    options = parser.parse_args()
    end_cleanly()
    hour = options.hours * 3600
    common = {"speed": options.speed, "workers": options.workers, "rate": options.rate}
    progress(f"a bad day: {3 * options.hours:g} h at 95 %, faults, no media host for a while, SIGKILL every minute")
    away = (hour / 2, hour * 7 / 6)
    # A worker that is killed while it starts tests the start alone.
    kill_every = max(60.0, SHORTEST_LIFE_SECONDS * options.speed)
    troubles = {"kill_every": kill_every, "faults": FAULTS, "media_away": away, "has_troubles": True}
    bad = driven(Course(load=0.95, seconds=3 * hour, **troubles, **common))
    progress(f"a plain day: {options.hours:g} h at 50 %")
    course = Course(load=0.5, seconds=hour, **common)
    plain = driven(course)
    progress("a minute with Celery: the clocks of beat and of the worker are set by an hour")
    with fresh("postgres") as url:
        celery = with_portal(url, drive_beat)
    lost = bad.lost + plain.lost + celery.lost
    for token in lost:
        progress(f"not there: {token[:4]}…")
    return max(report(lines(bad, plain, celery, simulated(course))), int(bool(lost)))


def lines(bad: Result, plain: Result, celery: Result, simulated: float) -> list[Line]:
    return [
        beside("bad day: captured whole / could be had", bad.captured, bad.finished, "", at_least(1)),
        Line("bad day: attempts registered", bad.registered, ""),
        Line("bad day: workers killed", bad.kills, ""),
        Line("bad day: files written beside the mount", bad.beside, "", aim=at_most(0, of_figure=True)),
        Line("bad day: calls refused for their frequency", bad.refusals, ""),
        Line("bad day: end of check until stored, p50", bad.latency, "s"),
        beside("plain day: captured whole / could be had", plain.captured, plain.finished, "", at_least(1)),
        Line("plain day: calls refused for their frequency", plain.refusals, "", aim=at_most(0, of_figure=True)),
        beside("plain day: end of check until stored, p50 / simulated", plain.latency, simulated, "s", at_most(1.25)),
        beside("under beat: captured whole / could be had", celery.captured, celery.finished, "", at_least(1)),
    ]


def simulated(course: Course) -> float:
    """The median wait of the same day in the simulator, which polls at once what the limiter lets through."""
    # Its load is of the calls that the limiter makes, the course's of those that the account may make.
    world = World(course.load / PACE, limit=course.rate / course.speed, warm_up=0.0, measured=course.seconds / 3600)
    return simulate(world, Ours).median


def driven(course: Course) -> Result:
    """Drive it in a process of its own, for Django is set up once and for all."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(drive, (course,))


if __name__ == "__main__":
    sys.exit(main())
