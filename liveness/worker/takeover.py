"""Freeing at once what dead runs hold, because somebody asked for it."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from liveness.models import BulkKind, VerificationAttempt, WorkerRun
from liveness.models import run as runs
from liveness.worker import bulk_actions
from liveness.worker.heartbeat import SIGN_OF_LIFE_SECONDS

# Two signs of life and a little more: a run that gives none for so long is silent.
WATCH_SECONDS = 2 * SIGN_OF_LIFE_SECONDS + 1.0
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class FreedRun:
    """What one dead run held. `silence` is the time since its last sign of life."""

    host: str
    silence: timedelta
    attempts: list[str]


def take_over(stop: threading.Event) -> list[FreedRun]:
    """Free what silent runs hold; what each of them held.

    A run that was heard of within the last half minute is watched for another sign of life first, for 11 s at most. A
    run that is only paused loses nothing but its leases: it writes nothing when it goes on. Raises DatabaseError.
    """
    suspects = _signs()
    waited = 0.0
    while suspects and waited < WATCH_SECONDS and not _are_all_silent(suspects) and not stop.wait(PAUSE_SECONDS):
        waited += PAUSE_SECONDS
        later = _signs()
        suspects = {run: sign for run, sign in suspects.items() if later.get(run) == sign}
    if stop.is_set():
        return []
    return [freed for run, sign in suspects.items() if (freed := _free(run, sign))]


def _signs() -> dict[str, datetime]:
    """The last sign of life of each run."""
    return dict(WorkerRun.objects.values_list("id", "alive_at"))


def _are_all_silent(suspects: Collection[str]) -> bool:
    silences = WorkerRun.objects.filter(id__in=suspects).silences()
    return all(abs(silence) >= runs.SILENT_AFTER for silence in silences.values())


@transaction.atomic
def _free(run: str, sign: datetime) -> FreedRun | None:
    """What the run held; None if it gave another sign of life, or ended, in this moment."""
    row = WorkerRun.objects.select_for_update().filter(id=run).first()
    if row is None or row.alive_at != sign:
        return None
    silence = WorkerRun.objects.filter(id=run).silences()[run]
    # Without its row the run can write nothing more, even if it comes back to life now.
    row.delete()
    held = VerificationAttempt.objects.filter(lease_run=run)
    ids = [str(public_id) for public_id in held.values_list("public_id", flat=True)]
    held.update(lease_run="")
    for kind in BulkKind:
        bulk_actions.give_back(run, kind)
    return FreedRun(row.host, silence, ids)
