"""What the pages show of attempts, gathered once for the reviewer's pages and the admin alike."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from liveness.access import Person, access_policy
from liveness.attempts import wording
from liveness.models import AttemptQuerySet, MediaKind, Poll, StoredMedia, VerificationAttempt

HIDDEN_LINK = "(link hidden)"
OTHERS = 10


@dataclass(frozen=True)
class Row:
    """One attempt in a list. The frame's row is there even when its file is not: then it says why."""

    attempt: VerificationAttempt
    reason: str
    frame: StoredMedia | None
    video: StoredMedia | None

    @property
    def is_complete(self) -> bool:
        """Both files are there, are verified, can be shown whole, and were not found damaged."""
        return all(file and file.is_viewable and not _is_doubtful(file) for file in (self.frame, self.video))


@dataclass(frozen=True)
class Piece:
    """One file of an attempt and what this person may do with it."""

    media: StoredMedia
    may_download: bool


@dataclass(frozen=True)
class Answer:
    """One entry of the ledger, its code explained and its text made fit to show."""

    poll: Poll
    words: str
    text: str


def with_media(attempts: AttemptQuerySet, user: Person) -> AttemptQuerySet:
    """The attempts, with the media that this person may see fetched in one more query."""
    media = access_policy().visible_media(user).order_by("id")
    return attempts.prefetch_related(Prefetch("media", queryset=media, to_attr="visible_media"))


def rows(attempts: Iterable[VerificationAttempt]) -> list[Row]:
    """List rows for attempts that `with_media` has prepared."""
    return [_row(attempt) for attempt in attempts]


def attempt_context(user: Person, attempt: VerificationAttempt) -> dict[str, Any]:
    """Everything that the page of one attempt shows to this person."""
    policy = access_policy()
    media = list(policy.visible_media(user).filter(attempt=attempt).order_by("id"))
    others = policy.visible_attempts(user).filter(subject_reference=attempt.subject_reference)
    return {
        "attempt": attempt,
        "reason": wording.reason_of(attempt),
        "group": wording.group_of(attempt),
        "pieces": [Piece(row, policy.may_download(user, row)) for row in media],
        "poster": next((row for row in media if row.kind == MediaKind.BEST_FRAME and row.is_viewable), None),
        "is_media_hidden": not media and attempt.media.exists(),
        "answers": _answers(attempt) if policy.may_read_answers(user, attempt) else None,
        "others": rows(with_media(others.exclude(pk=attempt.pk).order_by("-id"), user)[:OTHERS]),
    }


def without_links(value: Any) -> Any:
    """A vendor's answer without its links: even cut of their signatures they are no reviewer's business."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN_LINK if name.lower().endswith("url") and item else without_links(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_links(item) for item in value]
    return value


def _row(attempt: VerificationAttempt) -> Row:
    media: list[StoredMedia] = attempt.visible_media  # type: ignore[attr-defined]
    return Row(
        attempt,
        wording.reason_of(attempt),
        _best(media, MediaKind.BEST_FRAME),
        _best(media, MediaKind.VIDEO),
    )


def _best(media: list[StoredMedia], kind: MediaKind) -> StoredMedia | None:
    of_kind = [row for row in media if row.kind == kind]
    # A verified file goes before one that is not.
    return min(of_kind, key=lambda row: (not row.is_viewable, row.is_unverified), default=None)


def _is_doubtful(file: StoredMedia) -> bool:
    return file.damaged_at is not None or file.is_unverified or file.is_incomplete


def _answers(attempt: VerificationAttempt) -> list[Answer]:
    return [_answer(poll) for poll in attempt.polls.order_by("sequence")]


def _answer(poll: Poll) -> Answer:
    text = json.dumps(without_links(poll.answer), indent=2, ensure_ascii=False)
    return Answer(poll, wording.meaning_of(poll.result_code).words, text)
