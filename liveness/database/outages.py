"""Which outage an exception means: one table for all commands, tasks and pages.

The kind is read from codes alone: SQLSTATE (PostgreSQL, appendix A), SQLite's result codes, and errno. The text of a
database is never read and never shown, because it may quote a token, a host or a row. What no code proves is not
claimed: a connection that was not made may have many causes, and the sentence then says so.
"""

import errno
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError

from liveness.exceptions import AuditKeyError, ChainError


class OutageKind(StrEnum):
    """What is out of order. `passes`: it may end without an operator."""

    NO_CONNECTION = "no_connection"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    LOCKED = "locked"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    LOG_IN_REFUSED = "log_in_refused"
    NO_DATABASE = "no_database"
    CANNOT_OPEN = "cannot_open"
    TABLES_DIFFER = "tables_differ"
    REFUSED = "refused"
    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"
    PERMISSION = "permission"
    IO_ERROR = "io_error"
    DAMAGED = "damaged"
    CHAIN = "chain"
    BROKER = "broker"
    UNKNOWN = "unknown"

    @property
    def passes(self) -> bool:
        return self in PASSING


PASSING = frozenset(
    {
        OutageKind.NO_CONNECTION,
        OutageKind.TOO_MANY_CONNECTIONS,
        OutageKind.LOCKED,
        OutageKind.TIMED_OUT,
        OutageKind.OUT_OF_MEMORY,
        OutageKind.BROKER,
        OutageKind.UNKNOWN,
    }
)
# What is wrong, without a cause that the code does not prove. Then what an operator can type or look at.
TEXTS: dict[OutageKind, tuple[str, str]] = {
    OutageKind.NO_CONNECTION: (
        "The database gives no connection",
        "Is it running, do the address, the name and the password in DATABASE_URL fit, and has it connections left?",
    ),
    OutageKind.TOO_MANY_CONNECTIONS: (
        "The database has no connection left",
        "Run fewer processes, or raise max_connections.",
    ),
    OutageKind.LOCKED: ("The database is busy with other changes", "Run this again in a moment."),
    OutageKind.TIMED_OUT: ("The database took too long", "Run this again in a moment; is the database overloaded?"),
    OutageKind.OUT_OF_MEMORY: ("The database has too little memory", "Look into its log."),
    OutageKind.LOG_IN_REFUSED: ("The database refuses the log-in", "Correct user and password in DATABASE_URL."),
    OutageKind.NO_DATABASE: ("The database of DATABASE_URL does not exist", "Create it, then run: manage.py migrate"),
    OutageKind.CANNOT_OPEN: (
        "The database file cannot be opened",
        "Does its directory exist, and may this user read and write the file and the directory?",
    ),
    OutageKind.TABLES_DIFFER: (
        "The database's tables are not those of this version",
        "Run: manage.py migrate --check; if it finds nothing to do, restore the backup.",
    ),
    OutageKind.READ_ONLY: (
        "The database is read-only",
        "Make it writable: a standby must be promoted, a file must belong to this user.",
    ),
    # All that SQLite says of a missing table; `liveness.conditions` finds out whether one is missing.
    OutageKind.REFUSED: ("The database refuses a statement", "Run: manage.py migrate --check"),
    OutageKind.DISK_FULL: ("The disk of the database is full", "Free space on it."),
    OutageKind.PERMISSION: ("A right is missing", "Give this user the right on the database, the file or the table."),
    OutageKind.IO_ERROR: ("The disk reports errors", "Look into the system's log, and check the disk."),
    OutageKind.DAMAGED: (
        "The database is damaged",
        "Stop everything that writes, keep a copy of it, and restore the backup.",
    ),
    OutageKind.CHAIN: (
        "The audit chain takes no event, because its head is not its newest event",
        "Run: manage.py liveness_verify_audit (docs/operating.md, The audit chain)",
    ),
    OutageKind.BROKER: ("A service of the portal gives no connection", "Are Redis and the Celery broker running?"),
    OutageKind.UNKNOWN: ("The database refuses to work", "Look into its log."),
}

SQLSTATES: dict[str, OutageKind] = {
    "53100": OutageKind.DISK_FULL,
    "53200": OutageKind.OUT_OF_MEMORY,
    "53300": OutageKind.TOO_MANY_CONNECTIONS,
    "25006": OutageKind.READ_ONLY,
    "25P03": OutageKind.NO_CONNECTION,
    "57014": OutageKind.TIMED_OUT,
    "57P01": OutageKind.NO_CONNECTION,
    "57P02": OutageKind.NO_CONNECTION,
    "57P03": OutageKind.NO_CONNECTION,
    "57P05": OutageKind.NO_CONNECTION,
    "40001": OutageKind.LOCKED,
    "40P01": OutageKind.LOCKED,
    "55P03": OutageKind.LOCKED,
    "3D000": OutageKind.NO_DATABASE,
    "3F000": OutageKind.TABLES_DIFFER,
    "42P01": OutageKind.TABLES_DIFFER,
    "42703": OutageKind.TABLES_DIFFER,
    "42501": OutageKind.PERMISSION,
    "58030": OutageKind.IO_ERROR,
    "58P01": OutageKind.IO_ERROR,
}
# By the first two characters, where the rest does not matter.
SQLSTATE_CLASSES: dict[str, OutageKind] = {
    "08": OutageKind.NO_CONNECTION,
    "28": OutageKind.LOG_IN_REFUSED,
    "53": OutageKind.UNKNOWN,
    "58": OutageKind.IO_ERROR,
    "XX": OutageKind.DAMAGED,
}
# https://www.sqlite.org/rescode.html: the primary codes.
SQLITE_CODES: dict[int, OutageKind] = {
    1: OutageKind.REFUSED,
    3: OutageKind.PERMISSION,
    5: OutageKind.LOCKED,
    6: OutageKind.LOCKED,
    7: OutageKind.OUT_OF_MEMORY,
    8: OutageKind.READ_ONLY,
    10: OutageKind.IO_ERROR,
    11: OutageKind.DAMAGED,
    13: OutageKind.DISK_FULL,
    14: OutageKind.CANNOT_OPEN,
    26: OutageKind.DAMAGED,
}
ERRNOS: dict[int, OutageKind] = {
    errno.ENOSPC: OutageKind.DISK_FULL,
    errno.EDQUOT: OutageKind.DISK_FULL,
    errno.EFBIG: OutageKind.DISK_FULL,
    errno.EROFS: OutageKind.READ_ONLY,
    errno.EACCES: OutageKind.PERMISSION,
    errno.EPERM: OutageKind.PERMISSION,
    errno.EIO: OutageKind.IO_ERROR,
}
# Errors of clients that need not be installed, by module; what the vendor's client raises is not among them.
CLIENT_ERRORS = (
    ("kombu.exceptions", "OperationalError"),
    ("redis.exceptions", "ConnectionError"),
    ("redis.exceptions", "TimeoutError"),
    ("amqp.exceptions", "ConnectionError"),
)


@dataclass(frozen=True)
class Outage:
    """`text` says what is wrong, for everybody; `line` says it to an operator, with what to do."""

    kind: OutageKind
    text: str
    line: str


def describe(kind: OutageKind, cause: str = "") -> Outage:
    """`cause` is the name of an exception's class, for a person who searches for it."""
    what, remedy = TEXTS[kind]
    text = f"{what} ({cause})." if cause else f"{what}."
    return Outage(kind, f"{what}.", f"{text} {remedy}")


def of(failure: BaseException | None) -> Outage | None:
    """The outage behind an exception of a database, a broker or the audit chain; None for a fault of the code.

    It goes by the codes alone; `conditions.explain` also looks for the cause.
    """
    if isinstance(failure, AuditKeyError):
        return Outage(OutageKind.CHAIN, "The audit chain takes no event of this process.", str(failure))
    if isinstance(failure, ChainError):
        return describe(OutageKind.CHAIN)
    if isinstance(failure, DatabaseError | InterfaceError):
        return _of_database(failure)
    if isinstance(failure, _client_errors()):
        return describe(OutageKind.BROKER, type(failure).__name__)
    return None


def of_disk(failure: OSError) -> OutageKind | None:
    """What the system's error number says about a disk; None when it says nothing of that kind."""
    return ERRNOS.get(failure.errno or 0)


def _of_database(failure: DatabaseError | InterfaceError) -> Outage | None:
    # What the statement itself is to blame for is a fault of the code or of the data, even when a code fits.
    if isinstance(failure, IntegrityError | DataError):
        return None
    kind = next((kind for kind in map(kind_of, _causes(failure)) if kind), None)
    if kind is None and isinstance(failure, InterfaceError):
        kind = OutageKind.NO_CONNECTION
    if kind is None and isinstance(failure, OperationalError):
        # libpq gives no code for a connection that was not made or was lost.
        is_libpq = any(hasattr(cause, "sqlstate") for cause in _causes(failure))
        kind = OutageKind.NO_CONNECTION if is_libpq else OutageKind.UNKNOWN
    return describe(kind, type(failure).__name__) if kind else None


def kind_of(failure: BaseException) -> OutageKind | None:
    """What the code of one exception says, also of one that psycopg or sqlite3 raised themselves."""
    state = getattr(failure, "sqlstate", None)
    if isinstance(state, str):
        return SQLSTATES.get(state) or SQLSTATE_CLASSES.get(state[:2])
    code = getattr(failure, "sqlite_errorcode", None)
    return SQLITE_CODES.get(code & 0xFF) if isinstance(code, int) else None


def _causes(failure: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = failure
    while found is not None:
        yield found
        found = found.__cause__


def _client_errors() -> tuple[type[BaseException], ...]:
    loaded = ((sys.modules.get(module), name) for module, name in CLIENT_ERRORS)
    return tuple(getattr(module, name) for module, name in loaded if module)
