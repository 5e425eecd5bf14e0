"""What a person typed, read leniently: it can always be shown again, and only then is it judged."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.http import QueryDict

from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import MOST_MARKS, Seen
from liveness.review.models import Decision
from liveness.review.policy import Draft

# Far more than a decision may say: the rest of an endless text is cut before it reaches a session.
LONGEST_KEPT = 20_000
LONGEST_CODE = 64
MOST_REASONS = 50
LONGEST_MARK = 200


@dataclass(frozen=True)
class Typed:
    """The fields of the decision's form and of the note's, as they came; `marks` is JSON and `played` a number."""

    outcome: str = ""
    reasons: tuple[str, ...] = ()
    internal_note: str = ""
    subject_text: str = ""
    note: str = ""
    played: str = ""
    marks: str = ""

    @classmethod
    def of(cls, posted: QueryDict) -> "Typed":
        """What was posted, cut to a size that a session can keep."""
        return cls(
            outcome=text_of(posted, "outcome")[:LONGEST_CODE],
            reasons=tuple(_text(code)[:LONGEST_CODE] for code in posted.getlist("reasons")[:MOST_REASONS]),
            internal_note=text_of(posted, "internal_note"),
            subject_text=text_of(posted, "subject_text"),
            note=text_of(posted, "note"),
            played=text_of(posted, "played")[:LONGEST_CODE],
            marks=text_of(posted, "marks"),
        )

    @classmethod
    def from_session(cls, kept: Mapping[str, Any]) -> "Typed":
        """What `for_session` gave, perhaps of an older version of this class."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        return cls(**known | {"reasons": tuple(kept.get("reasons", ()))})

    @classmethod
    def again(cls, decision: Decision) -> "Typed":
        """The form as it was when this decision was made."""
        return cls(decision.outcome, tuple(decision.reasons), decision.internal_note, decision.subject_text)

    @property
    def is_empty(self) -> bool:
        """Is there nothing that a person would have to type again?"""
        texts = (self.internal_note, self.subject_text, self.note)
        return not (self.outcome or self.reasons or any(text.strip() for text in texts))

    @property
    def draft(self) -> Draft:
        return Draft(self.outcome, self.reasons, self.internal_note.strip(), self.subject_text.strip())

    @property
    def shown(self) -> Seen:
        return Seen(played=_share(self.played), marks=_marks(self.marks))

    def for_session(self) -> dict[str, Any]:
        return asdict(self) | {"reasons": list(self.reasons)}

    def without_viewing(self) -> "Typed":
        """The same without what was measured of the video, for a page that shows other evidence."""
        return replace(self, played="", marks="")


def stand_of(posted: QueryDict) -> PageVersion | None:
    """What the page was made of; None when that cannot be read."""
    try:
        return PageVersion(
            UUID(posted.get("claim", "")), int(posted.get("version", "")), posted.get("evidence_digest", "")
        )
    except ValueError:
        return None


def text_of(posted: QueryDict, name: str) -> str:
    """One field as text that every database can store; empty when it is missing."""
    return _text(posted.get(name, ""))


def _text(value: str) -> str:
    # PostgreSQL stores neither NUL nor half of a surrogate pair.
    text = value.replace("\x00", "").replace("\r\n", "\n")[:LONGEST_KEPT]
    return text.encode("utf-8", "replace").decode()


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else None


def _marks(text: str) -> tuple[tuple[float, str], ...]:
    """The marks in `[{"at": seconds, "text": ...}]`; whatever is no mark is passed over."""
    try:
        listed = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return ()
    found = [_mark(entry) for entry in listed[:MOST_MARKS]] if isinstance(listed, list) else []
    return tuple(mark for mark in found if mark)


def _mark(entry: Any) -> tuple[float, str] | None:
    if not isinstance(entry, dict) or isinstance(entry.get("at"), bool):
        return None
    at, text = entry.get("at"), entry.get("text", "")
    # The upper bound is a day; no video is longer, and no number too large for a float gets past it.
    if not isinstance(at, int | float) or not 0 <= at <= 86_400:
        return None
    return round(float(at), 3), _text(text if isinstance(text, str) else "")[:LONGEST_MARK]
