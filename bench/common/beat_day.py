"""Celery with beat and a worker, in the world's own time, whose clocks are set by an hour while tokens come."""

import tempfile
import time
from pathlib import Path

from bench.common.course import Result
from bench.common.report import progress

# Seconds between two tokens, and seconds after the begin at which a clock is set: whose, and by how much it is ahead.
TOKEN_EVERY = 1.0
CLOCKS = ((10.0, "beat", -3600), (20.0, "worker", 3600), (30.0, "beat", 3600), (40.0, "beat", 0), (40.0, "worker", 0))
SECONDS, TAIL_SECONDS = 50.0, 120.0
SCENARIO = "pass_amara"


def drive_beat() -> Result:
    """In a process where the portal is set up, on a database of its own. Needs Redis."""
    from django.conf import settings

    from liveness.sandbox.server import Sandbox
    from tests.with_celery import Deployment
    from tests.with_redis import redis_program, redis_server

    program = redis_program()
    if program is None:
        raise SystemExit("redis-server is needed (Debian: apt-get install redis-server)")
    with (
        tempfile.TemporaryDirectory(prefix="bench-beat-") as directory,
        redis_server(program) as broker,
        Sandbox(rate_limit=None) as sandbox,
        Deployment(Path(directory), broker, sandbox, Path(directory) / "evidence") as deployment,
    ):
        # One key for the audit chain: a process with another one records nothing.
        deployment.environment["DJANGO_SECRET_KEY"] = settings.SECRET_KEY
        clocks = {name: Path(directory) / f"clock-of-{name}" for name in ("beat", "worker")}
        for file in clocks.values():
            file.write_text("0")
        deployment.worker(clock=clocks["worker"])
        deployment.beat(clock=clocks["beat"])
        return _captured(_tokens(sandbox, clocks))


def _tokens(sandbox, clocks: dict[str, Path]) -> list[str]:
    """Register a token each second, and set the clocks meanwhile."""
    begun, tokens, settings = time.monotonic(), [], list(CLOCKS)
    while time.monotonic() - begun < SECONDS:
        while settings and settings[0][0] <= time.monotonic() - begun:
            _, name, ahead = settings.pop(0)
            clocks[name].write_text(str(ahead))
            progress(f"the clock of {name} is {ahead} s ahead")
        tokens.append(_register(sandbox))
        time.sleep(TOKEN_EVERY)
    return tokens


def _register(sandbox) -> str:
    from django.utils import timezone

    from liveness.attempts import life_cycle
    from liveness.audit import Actor

    now, token = timezone.now(), sandbox.issue(SCENARIO, finishes_after=0)
    reference, actor = f"person-{token[:8]}", Actor.system("bench")
    life_cycle.register(token, subject_reference=reference, issued_at=now, is_finished=True, now=now, actor=actor)
    return token


def _captured(tokens: list[str]) -> Result:
    deadline = time.monotonic() + TAIL_SECONDS
    while (missing := _missing(tokens)) and time.monotonic() < deadline:
        time.sleep(0.2)
    count = len(tokens)
    return Result(registered=count, finished=count, captured=count - len(missing), lost=sorted(missing))


def _missing(tokens: list[str]) -> set[str]:
    """The tokens whose answer or files are not stored."""
    from django.db.models import Count, Q

    from liveness.models import MediaState, VerificationAttempt

    stored = Count("media", filter=Q(media__state=MediaState.STORED))
    whole = VerificationAttempt.objects.filter(sdk_token__in=tokens).annotate(stored=stored).filter(stored=2)
    return set(tokens) - set(whole.values_list("sdk_token", flat=True))
