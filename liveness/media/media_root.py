"""Is `LIVENESS_MEDIA_ROOT` the directory that the database knows? What is wrong, and the command that accepts it."""

import os
import shlex
import sys
from typing import Any

from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.exceptions import MediaError
from liveness.media import ownership
from liveness.media.ownership import UnreadableError
from liveness.storage import marker
from liveness.storage.marker import MARKER, WORDS, Fault, MediaRootError

MARK = f"{shlex.quote(sys.executable)} manage.py liveness_reconcile --mark"


def fault(*, is_reading: bool = False) -> Fault | None:
    """What keeps evidence from being read or written (with `is_reading` only from being read); it creates nothing.

    Raises DatabaseError.
    """
    return marker.find_fault() or (None if is_reading or marker.is_writable() else Fault.UNWRITABLE)


def problem() -> str:
    """One line for pages and /readyz, without paths; empty when all is well. Raises DatabaseError."""
    found = fault()
    return WORDS[found] if found else ""


def advice(*, is_reading: bool = False) -> str:
    """One line for an operator: the problem, the path, and the command to type; empty when all is well."""
    found = fault(is_reading=is_reading)
    return _advice(found) if found else ""


def mark(*, actor: Actor, is_forced: bool = False) -> str:
    """Accept `LIVENESS_MEDIA_ROOT` as the media root: write the database's id into its marker file, and return the id.

    Raises MediaError unless at least half of a sample of the database's files is here; with `is_forced` all the same.
    """
    root = marker.root()
    try:
        here = marker.read() if root.is_dir() else ""
        found, wanted = marker.share_at_hand()
    except OSError as problem:
        raise UnreadableError(root, problem) from None
    if not root.is_dir():
        raise MediaError(f"{root} is not a directory; mount its volume or make it first.")
    if 2 * found < wanted and not is_forced:
        text = f"{found} of {wanted} files that the database knows are in {root}. Put the evidence there first"
        raise MediaError(f"{text}; to accept it without them, type: {MARK} --force")
    return _mark(here, actor, {"found": found, "sample": wanted, "is_forced": is_forced})


def owner_problem() -> str:
    """One line when files of the media root belong to somebody who keeps this process out; else empty."""
    root = marker.root()
    if not root.is_dir():
        return ""
    owner = root.stat().st_uid
    if not marker.may(root, os.R_OK | os.W_OK | os.X_OK):
        return f"LIVENESS_MEDIA_ROOT belongs to {ownership.user_name(owner)}, this process runs as {_me()}."
    other = marker.foreign_owner()
    if other is None:
        return ""
    return (
        f"LIVENESS_MEDIA_ROOT belongs to {ownership.user_name(owner)}, but files in it to {ownership.user_name(other)}."
    )


def owner_command() -> str:
    """What gives all files of the media root to one user: its owner, if that is who runs or root does."""
    root = marker.root()
    owner = root.stat().st_uid
    user = ownership.user_name(owner) if os.geteuid() in (0, owner) else _me()
    return ownership.give(user, root)


@transaction.atomic
def _mark(here: str, actor: Actor, details: dict[str, Any]) -> str:
    row, _ = marker.rows().get_or_create(id=1, defaults={"marker": here or marker.new_id()})
    try:
        marker.write(row.marker)
    except OSError:
        raise MediaRootError(Fault.UNWRITABLE) from None
    row.marked_at = timezone.now()
    row.save(update_fields=["marked_at"])
    audit.record(audit.MEDIA_ROOT_MARKED, actor=actor, marker=row.marker, **details)
    return str(row.marker)


def _advice(found: Fault) -> str:
    root = marker.root()
    if found is Fault.UNREADABLE:
        try:
            marker.read()
            next(root.iterdir(), None)
        except OSError as problem:
            return UnreadableError(root / MARKER, problem).advice
    if found is Fault.UNWRITABLE:
        return f"{WORDS[found]}. Path: {root}. This process runs as {_me()}; type: {ownership.give(_me(), root)}"
    if found in (Fault.NO_MARKER, Fault.OTHER_MARKER, Fault.STRANGE):
        return f"{WORDS[found]} Path: {root}. If the evidence is there, type: {MARK}"
    return f"{WORDS[found]}. Path: {root}."


def _me() -> str:
    return ownership.running_user()
