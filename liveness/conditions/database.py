"""Does the database take a write, and does the audit chain take an event? Both looks leave nothing behind."""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from django.db import connection, transaction
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from liveness import audit
from liveness.conditions import ownership
from liveness.conditions.kinds import Condition, ConditionKind
from liveness.database import outages
from liveness.database.outages import OutageKind
from liveness.models import AuditEvent, AuditHead, ObservedCondition

# Seconds. A writer that holds the lock shows that the database takes writes.
BUSY_TIMEOUT = 0.2
GENESIS = "0" * 64


def look_at_file() -> Condition | None:
    """The file of a SQLite database. It needs no connection, so it also says why there is none."""
    path = file_of_sqlite()
    return sqlite_problem(path, "the database file", ConditionKind.DATABASE) if path else None


def look_for_writes() -> Condition | None:
    """Raises DatabaseError."""
    if connection.vendor == "sqlite":
        return None
    with transaction.atomic():
        # A number of its own, so that neither a sequence nor another process's look is touched.
        now, number = timezone.now(), -1 - secrets.randbelow(2**62)
        ObservedCondition(id=number, kind="probe", subject=str(number), since=now, seen_at=now).save(force_insert=True)
        transaction.set_rollback(True)
    return None


def look_at_chain() -> Condition | None:
    """Head and newest event in one statement, so that an event that is added meanwhile is in both. Raises
    DatabaseError."""
    newest = AuditEvent.objects.order_by("-sequence")
    if _chain_is_whole(newest):
        return None
    outage = outages.describe(OutageKind.CHAIN)
    return Condition.of(ConditionKind.CHAIN, outage.line)


def look_at_audit_key() -> Condition | None:
    """Raises DatabaseError."""
    text = "" if look_at_chain() else audit.problem()
    return Condition.of(ConditionKind.AUDIT_KEY, text) if text else None


def _chain_is_whole(newest: QuerySet[AuditEvent]) -> bool:
    head = AuditHead.objects.filter(id=1).annotate(
        newest=Subquery(newest.values("sequence")[:1]), newest_hash=Subquery(newest.values("hash")[:1])
    )
    found = head.values_list("sequence", "hash", "newest", "newest_hash").first()
    if found is None:
        return not newest.exists()
    return found[:2] == (found[2] or 0, found[3] or GENESIS)


def file_of_sqlite() -> Path | None:
    """The file of a SQLite database; None for one in memory, or for another kind of database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or not name or name.startswith(":memory:") or "mode=memory" in name:
        return None
    return Path(name)


def sqlite_problem(path: Path, name: str, kind: ConditionKind) -> Condition | None:
    """What keeps a SQLite file from taking a write: its directory, its disk, or the file itself."""
    try:
        ownership.try_directory(path.parent)
    except PermissionError as failure:
        # SQLite makes journals beside the file.
        text = ownership.explain(f"the directory of {name}", path.parent, failure, is_tree=False)
        return _of(kind, text, OutageKind.PERMISSION)
    except OSError as failure:
        return _of(kind, ownership.explain(name, path, failure), outages.of_disk(failure))
    try:
        if path.exists():
            ownership.try_file(path)
            _write(path)
    except OSError as failure:
        return _of(kind, ownership.explain(name, path, failure), outages.of_disk(failure))
    except sqlite3.Error as failure:
        found = outages.kind_of(failure) or OutageKind.UNKNOWN
        if found is OutageKind.LOCKED:
            return None
        what, remedy = outages.TEXTS[found]
        return _of(kind, f"{what}: {name} ({ownership.quoted(path)}). {remedy}", found)
    return None


def _write(path: Path) -> None:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)) as own:
        own.execute("BEGIN IMMEDIATE")
        # On a file that is read-only SQLite begins all the same, and refuses the first change.
        own.execute("CREATE TABLE liveness_probe (x)")
        own.execute("ROLLBACK")


def _of(kind: ConditionKind, text: str, found: OutageKind | None) -> Condition:
    if kind is not ConditionKind.DATABASE:
        return Condition.of(kind, text)
    public = outages.TEXTS[found or OutageKind.UNKNOWN][0]
    return Condition(kind, text, public[:1].lower() + public[1:], found or OutageKind.UNKNOWN)
