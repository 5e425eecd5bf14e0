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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.common.databases import fresh
from bench.common.polling import NEVER, duration
from bench.common.report import progress
from tests.served import ROOT, stop

SCENARIOS = ("pass_amara", "pass_without_video", "pass_mei")
# So long after the last arrival every token has run out, and nothing more can be had.
TAIL = 7500.0
FAULTS = (
    {"fault": "reset", "scope": "api", "probability": 0.02},
    {"fault": "html", "status": 502, "scope": "api", "probability": 0.02},
    {"fault": "forbidden", "scope": "video", "probability": 0.03},
    {"fault": "truncate", "scope": "best_frame", "probability": 0.03},
    {"fault": "reset", "scope": "video", "probability": 0.02, "at": "middle"},
)
# What a media host does that is away: for the first half it answers at once, for the second it does not answer at all.
AWAY = ({"fault": "html", "status": 503, "scope": "media"}, {"fault": "stall", "scope": "media"})


@dataclass(frozen=True)
class Course:
    """What is run: `seconds` of arrivals by the fast clock, at a share of what the account may ask.

    `media_away`: from when until when there is no media host, in seconds after the begin.
    """

    load: float
    seconds: float = 3600.0
    speed: float = 20.0
    rate: int = 10
    workers: int = 4
    kill_every: float = math.inf
    faults: tuple[dict[str, Any], ...] = ()
    media_away: tuple[float, float] = (math.inf, math.inf)
    seed: int = 20261122


@dataclass
class Result:
    """What became of it; `latency` is the median from the end of a check to its last stored file, fast seconds."""

    registered: int = 0
    finished: int = 0
    captured: int = 0
    latency: float = 0.0
    calls: int = 0
    refusals: int = 0
    kills: int = 0
    lost: list[str] = field(default_factory=list)


class Rig:
    """Sandbox, database and worker processes of one course."""

    def __init__(self, course: Course, url: str, directory: Path) -> None:
        self.course = course
        self.started_at = time.time()
        self._random = random.Random(course.seed)
        self._directory = directory
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
        self._workers: list[subprocess.Popen[bytes]] = []
        self._finishes: dict[str, float] = {}
        self._killed_at = 0.0
        self._away: tuple[dict[str, Any], ...] = ()
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
            for _ in range(self.course.workers):
                self._workers.append(self._worker())
            yield

    def go(self) -> Result:
        self._play(*self.course.faults)
        begun = self._killed_at = self.now
        due, spacing = begun, 1 / (self.course.load * self.course.rate / self.course.speed)
        while self.now < begun + self.course.seconds:
            while due < self.now:
                self._arrive()
                due += self._random.expovariate(1 / spacing)
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
        from django.utils import timezone

        from liveness.services import attempts
        from liveness.services.audit import Actor

        takes = self._takes()
        scenario = self._random.choice(SCENARIOS) if takes else "never_finishes"
        issued_at = self.now
        token = self._control("POST", "tokens", {"scenario": scenario, "finishes_after": takes})["SdkToken"]
        self._arrived += 1
        attempts.register(
            token,
            subject_reference=f"person-{self._arrived}",
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            now=timezone.now(),
            actor=Actor.system("bench"),
        )
        if takes:
            self._finishes[token] = issued_at + takes

    def _takes(self) -> float | None:
        return None if self._random.random() < NEVER else duration(self._random)

    def _disturb(self, begun: float) -> None:
        away = self._away_at(self.now - begun)
        if away != self._away:
            self._away = away
            self._control("DELETE", "faults")
            self._play(*away, *self.course.faults)
        if self.now - self._killed_at >= self.course.kill_every:
            self._kill()

    def _away_at(self, since: float) -> tuple[dict[str, Any], ...]:
        begins, ends = self.course.media_away
        if not begins <= since < ends:
            return ()
        return AWAY[:1] if since < (begins + ends) / 2 else AWAY[1:]

    def _play(self, *faults: dict[str, Any]) -> None:
        for fault in faults:
            self._control("POST", "faults", {**fault, "times": None})

    def _kill(self) -> None:
        self._killed_at = self.now
        victim = self._random.randrange(len(self._workers))
        self._workers[victim].send_signal(signal.SIGKILL)
        self._workers[victim].wait()
        self.kills += 1
        self._workers[victim] = self._worker()

    def _worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bench.common.fast", str(self.course.speed), str(self.started_at)]
        command += ["liveness_refresh", "--watch", "--no-progress"]
        with (self._directory / "workers.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def _stop_workers(self) -> None:
        for worker in self._workers:
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
        calls = self._control("GET", "calls")
        return Result(
            registered=self._arrived,
            finished=len(self._finishes),
            captured=len(waits),
            latency=median(waits) if waits else math.inf,
            calls=len(calls["calls"]),
            refusals=sum("RequestLimitExceeded" in str(call) for call in calls["calls"]),
            kills=self.kills,
            lost=sorted(self._missing()),
        )

    def _control(self, method: str, name: str, given: dict[str, Any] | None = None) -> Any:
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
