"""Leases: which run works on which attempt. A lease lasts as long as its run gives signs of life.

A run that was silent for 30 s has lost what it held, and another run may take it. Every write of a run repeats its
lease (`mine`), so a run that was paused for longer writes nothing when it goes on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from liveness.exceptions import LeaseLostError
from liveness.models import AttemptQuerySet, VerificationAttempt, WorkerRun
from liveness.models import run as runs

# Where a token runs out within two minutes, two missed signs of life are enough: half a minute may be all that is left.
ENDING_WITHIN, SILENT_NEAR_END_AFTER = timedelta(minutes=2), timedelta(seconds=11)


@dataclass(frozen=True)
class Holders:
    """The runs whose leases count now: those heard of lately, and those of them heard of in the last few seconds."""

    alive: frozenset[str]
    fresh: frozenset[str]

    @classmethod
    def read(cls) -> "Holders":
        silences = WorkerRun.objects.all().silences()
        return cls(
            frozenset(run for run, silence in silences.items() if abs(silence) < runs.SILENT_AFTER),
            frozenset(run for run, silence in silences.items() if abs(silence) < SILENT_NEAR_END_AFTER),
        )

    def free(self, now: datetime) -> Q:
        """Attempts that no run holds."""
        is_ending = Q(expires_at__lte=now + ENDING_WITHIN)
        return ~Q(lease_run__in=self.fresh) & (~Q(lease_run__in=self.alive) | is_ending)


def _is_free(now: datetime) -> Q:
    """The same condition as `Holders.free`, with the runs as they are while the statement runs."""
    holders = WorkerRun.objects.filter(id=OuterRef("lease_run"))
    is_ending = Q(expires_at__lte=now + ENDING_WITHIN)
    return ~Exists(holders.alive(SILENT_NEAR_END_AFTER)) & (~Exists(holders.alive()) | is_ending)


def take(candidates: AttemptQuerySet, limit: int, *, run: str, now: datetime) -> list[VerificationAttempt]:
    """Lease up to `limit` of the candidates that no run holds, in their order."""
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        free = candidates.filter(Holders.read().free(now)).select_for_update(skip_locked=skip_locked)
        return hold(list(free.values_list("id", flat=True)[:limit]), run=run, now=now)


def hold(attempt_ids: Sequence[int], *, run: str, now: datetime) -> list[VerificationAttempt]:
    """Lease those of the attempts that no run holds, within the transaction that chose them; in the same order.

    The update repeats the condition, and asks for the runs again: one that began after the choice was prepared may have
    leased an attempt before it was locked here. Raises LeaseLostError when `run` itself gives no signs of life: it
    could write nothing about what it holds.
    """
    is_news = VerificationAttempt.objects.filter(id__in=attempt_ids).filter(_is_free(now)).update(lease_run=run)
    held = VerificationAttempt.objects.held_by(run).in_bulk(attempt_ids)
    if is_news and not held:
        raise LeaseLostError("this run gave no sign of life for too long")
    return [held[id_] for id_ in attempt_ids if id_ in held]


def is_held(attempt_id: int, *, run: str) -> bool:
    """Does this run still hold the attempt?"""
    return VerificationAttempt.objects.filter(id=attempt_id).held_by(run).exists()


def describe(attempt: VerificationAttempt) -> str:
    """Which run holds the attempt, and when another one can have it."""
    rows = WorkerRun.objects.filter(id=attempt.lease_run)
    run, silences = rows.first(), rows.silences()
    if run is None or run.id not in silences:
        return "a run that has just ended held it; try again"
    silence = silences[run.id].total_seconds()
    left = max(0.0, runs.SILENT_AFTER.total_seconds() - silence)
    return (
        f"a run on {run.host} holds it (last sign of life {silence:.0f} s ago); "
        f"if that run was killed, another can take it in {left:.0f} s"
    )


def release(attempt_ids: Collection[int], *, run: str) -> None:
    """Give back those of the attempts that this run still holds."""
    VerificationAttempt.objects.filter(id__in=attempt_ids, lease_run=run).update(lease_run="")
