"""What walks over the chain found, for the page that says how far it was verified, and what protects its table."""

from contextlib import suppress
from datetime import datetime

from django.db import connection, transaction

from liveness.audit.actions import CHECK_REQUESTED
from liveness.audit.actors import Actor
from liveness.audit.chain import record
from liveness.audit.verification import Verdict, verify
from liveness.database.retry import retried
from liveness.exceptions import AuditKeyError, ChainError
from liveness.models import AuditCheck, AuditEvent, append_only

KEY_IS_MISSING = (
    "The audit chain cannot be verified here: no configured key wrote event {number} and those after it. Put the key "
    "that did, or the SECRET_KEY it was derived from, into LIVENESS_AUDIT_KEY_PREVIOUS. If it is there, somebody "
    "wrote these events without it."
)


def keep(verdict: Verdict, *, now: datetime) -> AuditCheck:
    """Write down what a walk that began at `now` found, for the page that tells how far the chain was verified."""
    return AuditCheck.objects.create(
        checked_at=now,
        sequence=verdict.events,
        hash=verdict.head,
        broken_at=verdict.broken_at,
        reason=verdict.reason,
    )


def check(*, actor: Actor, now: datetime) -> AuditCheck:
    """Verify the chain because somebody asked, which is an event too, unless the chain's end refuses any.

    Raises AuditKeyError when a key is missing: then nothing was found out that could be kept.
    """
    with suppress(ChainError):
        retried(lambda: _record_request(actor))
    verdict = verify()
    refuse_without_key(verdict)
    return keep(verdict, now=now)


def refuse_without_key(verdict: Verdict) -> None:
    """Raises AuditKeyError when the walk ended for want of a key, which is no finding about the chain."""
    if verdict.is_key_missing:
        raise AuditKeyError(KEY_IS_MISSING.format(number=verdict.broken_at))


def last_checks(count: int = 1) -> list[AuditCheck]:
    """What the last walks found, the newest first."""
    return list(AuditCheck.objects.order_by("-id")[:count])


def is_still_there(check: AuditCheck) -> bool:
    """Does the last event that was verified still stand in the chain with the hash it had?"""
    return not check.sequence or AuditEvent.objects.filter(sequence=check.sequence, hash=check.hash).exists()


def unprotected_tables() -> list[str]:
    """The tables whose append-only triggers are missing, for example since a migration that remade the table."""
    return append_only.unprotected(connection)


@transaction.atomic
def _record_request(actor: Actor) -> None:
    record(CHECK_REQUESTED, actor=actor)
