"""What may be done about a finding of `reconcile`. Nothing is deleted, and each act is an event of the audit chain."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.media import files as media_files
from liveness.media import integrity
from liveness.media.fetching.download import explain
from liveness.media.integrity import Verdict
from liveness.media.reconcile import Finding, Kind
from liveness.models import HELD, MediaState, StoredMedia, VerificationAttempt
from liveness.signals import attempt_changed
from liveness.storage import marker
from liveness.storage.private import private_storage

CHANGED = "the file or its row has changed meanwhile"
GIVEN_UP = "its stored file was missing or damaged and was given up"


class Choice(Enum):
    """What the operator allows. In this order: what can be adopted is not given up, and what is given up is settled."""

    ADOPT = "adopt"
    GIVE_UP = "give_up"
    QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Done:
    """What was done; `is_settled` is False when rows and files still do not agree after it."""

    text: str
    is_settled: bool = True


Act = Callable[[Finding, datetime, Actor], Done]


def settle(findings: list[Finding], choices: set[Choice], *, now: datetime, actor: Actor) -> None:
    """Do what is allowed about each finding and note it there. What one row lacks is adopted before anything else."""
    adopted = set()
    for finding in sorted(findings, key=lambda finding: finding.kind is not Kind.ADOPTABLE):
        if finding.row_id in adopted and finding.kind in (Kind.ROW_WITHOUT_FILE, Kind.FILE_CHANGED):
            finding.done, finding.is_settled = "its file was adopted", True
            continue
        _settle(finding, choices, now, actor)
        if finding.is_settled and finding.kind is Kind.ADOPTABLE:
            adopted.add(finding.row_id)


def _settle(finding: Finding, choices: set[Choice], now: datetime, actor: Actor) -> None:
    act = next((ACTS[key] for choice in Choice if choice in choices and (key := (choice, finding.kind)) in ACTS), None)
    if act is None:
        return
    try:
        done = act(finding, now, actor)
    except OSError as problem:
        done = Done(f"not done: {explain(problem)}", is_settled=False)
    except MediaError as problem:
        done = Done(f"not done: {problem}", is_settled=False)
    finding.done, finding.is_settled = done.text, done.is_settled


def _adopt(finding: Finding, now: datetime, actor: Actor) -> Done:
    """Move the file to the place of its row, which is then stored."""
    with transaction.atomic():
        attempt, row = _locked(finding)
        path = marker.root() / finding.name
        if not _is_of(path, row):
            raise MediaError(CHANGED)
        was = row.state
        _move(path, row, now)
        _store(row, was, now, actor)
        audit.record(
            audit.MEDIA_ADOPTED, actor=actor, target=row, kind=row.kind, was=was, name=finding.name, sha256=row.sha256
        )
        attempt_changed.send(VerificationAttempt, attempt=attempt)
    return Done("adopted")


def _restore_thumbnail(finding: Finding, now: datetime, actor: Actor) -> Done:
    row = StoredMedia.objects.get(id=finding.row_id)
    if not media_files.restore_thumbnail(row):
        raise MediaError("the picture gives no thumbnail")
    with transaction.atomic():
        audit.record(audit.MEDIA_ADOPTED, actor=actor, target=row, kind=row.kind, name=str(row.thumbnail))
    return Done("made again")


def _set_aside(finding: Finding, now: datetime, actor: Actor) -> Done:
    """Move a file that no row names into the quarantine of this day."""
    with transaction.atomic():
        name = private_storage().set_aside(marker.root() / finding.name, now)
        audit.record(audit.MEDIA_SET_ASIDE, actor=actor, name=finding.name, set_aside=name)
    return Done(f"moved to {name}")


def _set_damaged_aside(finding: Finding, now: datetime, actor: Actor) -> Done:
    """Put damaged bytes into quarantine. While the vendor still has the file, it is fetched again."""
    row = StoredMedia.objects.get(id=finding.row_id)
    verdict = integrity.check(row, now=now, actor=actor, is_asked=False)
    if row.state == MediaState.WANTED:
        return Done("it will be fetched again")
    if verdict is not Verdict.CHANGED:
        raise MediaError(CHANGED)
    with transaction.atomic():
        name = private_storage().set_aside(Path(private_storage().path(row.path)), now)
        audit.record(audit.MEDIA_SET_ASIDE, actor=actor, target=row, name=row.path, set_aside=name)
    return Done(f"moved to {name}; the row has no file now", is_settled=False)


def _give_up(finding: Finding, now: datetime, actor: Actor) -> Done:
    """The evidence cannot be had any more: its row is lost, until a file with its digest is adopted.

    While the vendor still has the file, it is fetched again instead.
    """
    damaged = StoredMedia.objects.select_related("attempt").get(id=finding.row_id)
    if damaged.state in HELD and now < damaged.attempt.expires_at:
        integrity.check(damaged, now=now, actor=actor, is_asked=False)
    if damaged.state == MediaState.WANTED:
        return Done("it will be fetched again")
    with transaction.atomic():
        attempt, row = _locked(finding)
        if row.state not in HELD or integrity.look(row) is Verdict.SOUND:
            raise MediaError(CHANGED)
        path = Path(private_storage().path(row.path))
        name = private_storage().set_aside(path, now) if path.exists() else ""
        row.state, row.closed_at = MediaState.LOST, now
        row.reason, row.loss_cause = GIVEN_UP, LossCause.DAMAGED
        row.file.name, row.thumbnail.name, row.damaged_at = "", "", None
        row.save()
        details = {"kind": row.kind, "reason": GIVEN_UP, "cause": row.loss_cause, "sha256": row.sha256}
        audit.record(audit.MEDIA_LOST, actor=actor, target=row, **details, set_aside=name)
        attempt_changed.send(VerificationAttempt, attempt=attempt)
    return Done("given up")


ACTS: dict[tuple[Choice, Kind], Act] = {
    (Choice.ADOPT, Kind.ADOPTABLE): _adopt,
    (Choice.ADOPT, Kind.THUMBNAIL_MISSING): _restore_thumbnail,
    (Choice.QUARANTINE, Kind.FILE_WITHOUT_ROW): _set_aside,
    (Choice.QUARANTINE, Kind.LEFTOVER): _set_aside,
    (Choice.QUARANTINE, Kind.FILE_CHANGED): _set_damaged_aside,
    (Choice.GIVE_UP, Kind.ROW_WITHOUT_FILE): _give_up,
    (Choice.GIVE_UP, Kind.FILE_CHANGED): _give_up,
}


def _locked(finding: Finding) -> tuple[VerificationAttempt, StoredMedia]:
    """The attempt first and its media second, as everywhere."""
    attempt_id = StoredMedia.objects.values_list("attempt_id", flat=True).get(id=finding.row_id)
    attempt = VerificationAttempt.objects.select_for_update().get(id=attempt_id)
    return attempt, StoredMedia.objects.select_for_update().get(id=finding.row_id)


def _is_of(path: Path, row: StoredMedia) -> bool:
    """Are these still the bytes that the row lacks?"""
    measured = integrity.measure(path)
    if row.state in HELD:
        return measured.sha256 == row.sha256 and integrity.look(row) is not Verdict.SOUND
    is_declared = measured.md5 == row.declared_md5 and row.declared_size in (None, measured.size)
    # An unverified file that was given up has a digest of ours alone.
    is_the_same = not row.declared_md5 and measured.sha256 == row.sha256
    return (is_declared or is_the_same) and row.state in (MediaState.WANTED, MediaState.LOST)


def _move(path: Path, row: StoredMedia, now: datetime) -> None:
    place = Path(private_storage().path(row.path))
    if path == place:
        return
    if place.exists():
        private_storage().set_aside(place, now)
    private_storage().admit(path, row.path)


def _store(row: StoredMedia, was: str, now: datetime, actor: Actor) -> None:
    if was in HELD:
        row.damaged_at, row.verified_at = None, now
        row.save(update_fields=["damaged_at", "verified_at"])
        return
    row.state, row.closed_at, row.loss_cause = MediaState.WANTED, None, ""
    row.save(update_fields=["state", "closed_at", "loss_cause"])
    if not media_files.rescue(row, now=now, actor=actor):
        raise MediaError("the storage does not give the file back")
    row.refresh_from_db()
