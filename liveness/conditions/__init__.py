"""What makes the portal stop until somebody acts, for `/readyz`, the alert, the commands and the pages alike.

Some of it can be looked at now (`PROBES`): each part of the app has its own looked at with `watch`. The rest only a run
can see, and is observed (`observe`, `clear`).
"""

import logging
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError
from django.db.models import Q
from django.db.models.functions import Now

from liveness.conditions import database, schema
from liveness.conditions.kinds import Condition, ConditionKind, Part
from liveness.database import outages
from liveness.database.outages import Outage, OutageKind
from liveness.database.retry import retried
from liveness.models import ObservedCondition

__all__ = [
    "FOR_ANY_WRITE",
    "Condition",
    "ConditionKind",
    "Part",
    "Probe",
    "clear",
    "explain",
    "observe",
    "standing",
    "watch",
]


logger = logging.getLogger(__name__)


class Probe(NamedTuple):
    """`look` finds a condition or None; `uses_database`: it is useless while the database or its tables are away."""

    part: Part
    look: Callable[[], Condition | None]
    uses_database: bool = True


PROBES: list[Probe] = [
    Probe(Part.DATABASE, database.look_at_file, uses_database=False),
    Probe(Part.DATABASE, schema.look),
    Probe(Part.DATABASE, database.look_for_writes),
    Probe(Part.AUDIT, database.look_at_chain),
    Probe(Part.AUDIT, database.look_at_audit_key),
]
ORDER = list(Part)
KINDS = frozenset(ConditionKind)
# A run that still meets a condition observes it again within the hour.
REMEMBERED = timedelta(hours=2)
# A database that takes no write can still be read.
READABLE = (OutageKind.READ_ONLY, OutageKind.DISK_FULL)
# Where to look for the cause of an outage that the database does not name, and which outage it then is.
LOOKED_INTO = {
    OutageKind.TABLES_DIFFER: (schema.look, OutageKind.TABLES_DIFFER),
    OutageKind.REFUSED: (schema.look, OutageKind.TABLES_DIFFER),
    OutageKind.CANNOT_OPEN: (database.look_at_file, OutageKind.CANNOT_OPEN),
    OutageKind.IO_ERROR: (database.look_at_file, OutageKind.IO_ERROR),
    OutageKind.READ_ONLY: (database.look_at_file, OutageKind.READ_ONLY),
    OutageKind.DISK_FULL: (database.look_at_file, OutageKind.DISK_FULL),
}
# While one of these stands, nothing may be written at all.
FOR_ANY_WRITE = frozenset({Part.DATABASE, Part.AUDIT})


def watch(*probes: Probe) -> None:
    """Look at these too. The order is that of the parts: what a part needs is looked at before it."""
    PROBES.extend(probe for probe in probes if probe not in PROBES)
    PROBES.sort(key=lambda probe: ORDER.index(probe.part))


def active(now: datetime, parts: Collection[Part] = frozenset(Part)) -> list[Condition]:
    """What stands at this moment, the most serious first. Never raises: a database that is away is one of them."""
    found: list[Condition] = []
    for probe in PROBES:
        if probe.part in parts and not (probe.uses_database and _is_blind(found)):
            found += _news(_looked(probe.look), found)
    if not _is_blind(found):
        found += _news(_looked(partial(_observed, parts, now)), found)
    return found


def observe(kind: ConditionKind, subject: str, text: str, now: datetime | None = None) -> None:
    """Remember what a run met; `text` is the line for operators. Raises DatabaseError.

    Without `now` the time is the database's, because the clock of the run may be what is wrong.
    """
    fields = {"text": text[:400], "seen_at": now or Now()}
    retried(
        lambda: ObservedCondition.objects.update_or_create(
            kind=kind, subject=subject, defaults=fields, create_defaults={**fields, "since": now or Now()}
        )
    )


def clear(kind: ConditionKind, subject: str) -> None:
    """It has passed. Raises DatabaseError."""
    rows = ObservedCondition.objects.filter(kind=kind, subject=subject)
    # Mostly there is none, and then nothing has to be locked.
    if rows.exists():
        retried(rows.delete)


def explain(failure: BaseException | None) -> Outage | None:
    """The outage behind an exception, with a cause that was looked for where the database names none; None for a
    fault of the code. Never raises."""
    outage = outages.of(failure)
    if outage is None or outage.kind not in LOOKED_INTO:
        return outage
    look, kind = LOOKED_INTO[outage.kind]
    found = next(_looked(look), None)
    # A look that meets the same outage has found no cause.
    if found and found.outage is not outage.kind:
        what = f"{found.public[:1].upper()}{found.public[1:]}."
        return replace(outage, kind=found.outage or kind, text=what, line=found.text)
    return None if outage.kind is OutageKind.REFUSED else outage


def _news(looked: Iterator[Condition], found: list[Condition]) -> list[Condition]:
    """Without what is only another sign of a database that is out of order."""
    is_out = any(condition.outage for condition in found)
    return [condition for condition in looked if not (is_out and condition.outage)]


def _is_blind(found: list[Condition]) -> bool:
    """Would queries fail?"""
    return any(condition.kind.part is Part.DATABASE and condition.outage not in READABLE for condition in found)


def _looked(look: Callable[[], "Condition | list[Condition] | None"]) -> Iterator[Condition]:
    try:
        found = look()
    except (DatabaseError, InterfaceError) as failure:
        outage = outages.of(failure) or outages.describe(OutageKind.UNKNOWN, type(failure).__name__)
        yield Condition.of_outage(outage)
    except Exception as failure:
        # What cannot be looked at is not sound. Not the failure's text: it may name a host or a row.
        where = traceback.extract_tb(failure.__traceback__)[-1]
        logger.error("%s in %s, line %s", type(failure).__name__, where.filename, where.lineno)
        yield Condition.of_outage(outages.describe(OutageKind.UNKNOWN, type(failure).__name__))
    else:
        yield from found if isinstance(found, list) else filter(None, [found])


def _observed(parts: Collection[Part], now: datetime) -> list[Condition]:
    is_recent = Q(seen_at__gt=now - REMEMBERED) | Q(seen_at__gt=Now() - REMEMBERED)
    rows = ObservedCondition.objects.filter(is_recent).order_by("kind", "subject")
    conditions = (Condition.of(ConditionKind(row.kind), row.text) for row in rows if row.kind in KINDS)
    return [condition for condition in conditions if condition.kind.part in parts]
