"""A person asks for certain attempts to be refreshed now."""

from collections.abc import Sequence

from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.models import VerificationAttempt
from liveness.worker import engine
from liveness.worker.run_report import RunReport

MAX_THREADS = 4


def refresh(attempts: Sequence[VerificationAttempt], *, actor: Actor) -> RunReport:
    """Note who asked, then ask the vendor about each attempt whatever its outcome, and fetch its media.

    Not to be called inside a transaction (RuntimeError): the engine's threads would wait for its locks.
    """
    with transaction.atomic(durable=True):
        for attempt in attempts:
            audit.record(audit.ATTEMPT_REFRESHED, actor=actor, target=attempt)
    # Each thread opens a connection, which for one attempt takes longer than all the rest.
    workers = min(MAX_THREADS, max(1, len(attempts)))
    return engine.run(engine.RunOptions(named=[attempt.pk for attempt in attempts], workers=workers, actor=actor))
