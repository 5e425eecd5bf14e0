"""The real engine, whole and in several processes, against the sandbox, on clocks that run faster than the world's."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.common.course import SCENARIOS, Course, Result
from bench.common.databases import fresh
from bench.common.polling import NEVER, duration
from bench.common.report import progress
from bench.common.troubles import AWAY, Troubles
from tests.served import ROOT, stop

ARRIVALS_AT_ONCE = 20
# So long after the last arrival every token has run out, and nothing more can be had.
TAIL = 7500.0
# Seconds that are left to a token that comes as late as any, on the fast clock and at least in the world.
TOKEN_LIFE, LATE_SECONDS, LATE_WORLD_SECONDS = 7200.0, 180.0, 25.0


class Rig:
    """Sandbox, database and worker processes of one course."""

    def __init__(self, course: Course, url: str, directory: Path) -> None:
        self.course = course
        self.started_at = time.time()
        self._random = random.Random(course.seed)
        self.directory = directory
        self._environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "bench.common.settings",
            "DJANGO_ENV_FILE": os.devnull,
            "DJANGO_SECRET_KEY": "bench-only-" + "x" * 50,
            "DJANGO_ALLOWED_HOSTS": "testserver",
            "DATABASE_URL": url,
            "LIVENESS_MEDIA_ROOT": str(directory / "evidence"),
            "LIVENESS_RATE_LIMIT": str(course.rate),
            "BENCH_STATIC_ROOT": str(directory / "static"),
            "BENCH_SPEED": str(course.speed),
            "TENCENTCLOUD_SECRET_ID": "bench",
            "TENCENTCLOUD_SECRET_KEY": "bench",
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self._finishes: dict[str, float] = {}
        self._lives = Counter[int]()
        self._due = 0.0
        self._killed_at = 0.0
        self._away: tuple[dict[str, Any], ...] = ()
        self._troubles = Troubles(self) if course.has_troubles else None
        self.kills = 0

    @property
    def now(self) -> float:
        """Unix seconds of the fast clock."""
        return self.started_at + (time.time() - self.started_at) * self.course.speed

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            options = ["--port", "0", "--json", "--speed", str(self.course.speed)]
            options += ["--rate-limit", str(self.course.rate)]
            command = [sys.executable, "manage.py", "liveness_sandbox", *options]
            sandbox = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True)
            stack.callback(stop, sandbox)
            self._environment |= json.loads(sandbox.stdout.readline())
            self.started_at = time.time()
            os.environ |= self._environment
            self._set_up()
            stack.callback(self._stop_workers)
            self.workers.extend(self._worker(number) for number in range(self.course.workers))
            yield

    def begin(self) -> float:
        """Let the faults begin, and the arrivals; the moment on the fast clock."""
        self._play(*self.course.faults)
        self._killed_at = self._due = self.now
        return self.now

    def arrive_until_now(self) -> None:
        """Everybody who is due by now, but a few at a time: what disturbs them must not wait for a slow machine."""
        rate = self.course.load * self.course.rate / self.course.speed
        for _ in range(ARRIVALS_AT_ONCE):
            if self._due >= self.now:
                break
            self._arrive()
            self._due += self._random.expovariate(rate)

    def go(self) -> Result:
        begun = self.begin()
        while self.now < begun + self.course.seconds:
            self.arrive_until_now()
            self._disturb(begun)
            time.sleep(0.05)
        progress(f"{len(self._finishes)} of {self._arrived} checks end; waiting for the rest")
        while self.now < begun + self.course.seconds + TAIL and self._missing():
            self._disturb(begun)
            time.sleep(0.2)
        return self._result()

    def _set_up(self) -> None:
        from bench.common.fast import hurry

        hurry(self.course.speed, self.started_at)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self._arrived = 0

    def _arrive(self) -> None:
        """One person: a token that the vendor issues, and that the merchant registers."""
        takes = self._takes()
        self.register(self._random.choice(SCENARIOS) if takes else "never_finishes", takes)

    def register(self, scenario: str, takes: float | None, *, issued_ago: float = 0.0, region: str = "") -> str:
        """A token of a check that ends after so many seconds, or never."""
        from django.utils import timezone

        from liveness.attempts import life_cycle
        from liveness.audit import Actor

        issued_at = self.now - issued_ago
        wanted = {"scenario": scenario, "finishes_after": takes, "issued_ago": issued_ago}
        token: str = self.control("POST", "tokens", wanted)["SdkToken"]
        self._arrived += 1
        life_cycle.register(
            token,
            subject_reference=f"person-{self._arrived}",
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            region=region,
            now=timezone.now(),
            actor=Actor.system("bench"),
        )
        if takes is not None:
            self._finishes[token] = issued_at + takes
        return token

    def _takes(self) -> float | None:
        return None if self._random.random() < NEVER else duration(self._random)

    def _disturb(self, begun: float) -> None:
        away = self._away_at(self.now - begun)
        if away != self._away:
            self._away = away
            self.control("DELETE", "faults")
            self._play(*away, *self.course.faults)
        if self._troubles:
            self._troubles.go_on(self.now - begun)
        if self.now - self._killed_at >= self.course.kill_every:
            self._killed_at = self.now
            self.kill(self._random.randrange(len(self.workers)))
            if self._troubles and not self._is_hopeless(self.now - begun):
                self.register(SCENARIOS[0], 0.0, issued_ago=TOKEN_LIFE - self._left_late)

    @property
    def _left_late(self) -> float:
        """What is left to a token that comes late: three minutes, but no less than a process of the world needs."""
        return max(LATE_SECONDS, LATE_WORLD_SECONDS * self.course.speed)

    def _is_hopeless(self, since: float) -> bool:
        """Would the files of a token that comes late be out of reach for as long as it can be read?"""
        closed = (self.course.media_away, self._troubles.unmounted if self._troubles else (math.inf, math.inf))
        return any(begin - self._left_late <= since < end for begin, end in closed)

    def _away_at(self, since: float) -> tuple[dict[str, Any], ...]:
        begins, ends = self.course.media_away
        if not begins <= since < ends:
            return ()
        return AWAY[:1] if since < (begins + ends) / 2 else AWAY[1:]

    def _play(self, *faults: dict[str, Any]) -> None:
        for fault in faults:
            self.control("POST", "faults", {**fault, "times": None})

    def kill(self, number: int) -> str:
        """SIGKILL for one worker, and another in its place; the name of the one that was killed."""
        killed = self.name(number)
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()
        self.kills += 1
        self._lives[number] += 1
        self.workers[number] = self._worker(number)
        return killed

    def name(self, number: int) -> str:
        """The name under which the worker's run is known: another after each kill."""
        return f"worker-{number}-{self._lives[number]}"

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        return self.start("--watch", "--no-progress", clock=self.clock_file(number), name=self.name(number))

    def clock_file(self, number: int) -> Path:
        """Holds the seconds by which the clock of this worker's machine is wrong."""
        return self.directory / f"clock-{number}"

    def start(self, *options: str, clock: Path, name: str = "another") -> subprocess.Popen[bytes]:
        """`liveness_refresh` on the fast clock, which the file may set."""
        command = [sys.executable, "-m", "bench.common.fast", str(self.course.speed), str(self.started_at)]
        environment = self._environment | {"BENCH_CLOCK_FILE": str(clock), "BENCH_HOST": name}
        with (self.directory / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "liveness_refresh", *options], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def _stop_workers(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            stop(worker)

    def _whole(self) -> dict[str, datetime]:
        """The tokens whose answer and files are all stored, with the moment of the last."""
        from django.db.models import Exists, Max, OuterRef

        from liveness.models import MediaState, StoredMedia, VerificationAttempt
        from liveness.models.attempt import ANSWERED

        missing = StoredMedia.objects.filter(attempt=OuterRef("pk"), state__in=[MediaState.WANTED, MediaState.LOST])
        answered = VerificationAttempt.objects.filter(outcome__in=ANSWERED, next_poll_at=None).exclude(Exists(missing))
        rows = answered.annotate(stored_at=Max("media__stored_at")).values_list("sdk_token", "stored_at", "finished_at")
        return {token: stored_at or finished_at for token, stored_at, finished_at in rows}

    def _missing(self) -> set[str]:
        return set(self._finishes) - set(self._whole())

    def _result(self) -> Result:
        whole = self._whole()
        waits = [whole[token].timestamp() - end for token, end in self._finishes.items() if token in whole]
        calls = self.control("GET", "calls")
        return Result(
            registered=self._arrived,
            finished=len(self._finishes),
            captured=len(waits),
            latency=median(waits) if waits else math.inf,
            calls=len(calls["calls"]),
            refusals=sum("RequestLimitExceeded" in str(call) for call in calls["calls"]),
            kills=self.kills,
            beside=self._troubles.beside if self._troubles else 0,
            lost=sorted(self._missing()),
        )

    def control(self, method: str, name: str, given: dict[str, Any] | None = None) -> Any:
        address = f"{self._environment['LIVENESS_ENDPOINT']}/_sandbox/{name}"
        data = json.dumps(given).encode() if given is not None else None
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the sandbox on loopback
            return json.load(response)


def drive(course: Course) -> Result:
    """Run a course on a PostgreSQL of its own; in a process that has not set Django up yet."""
    with tempfile.TemporaryDirectory(prefix="bench-rig-") as directory, fresh("postgres") as url:
        rig = Rig(course, url, Path(directory))
        with rig.running():
            return rig.go()
