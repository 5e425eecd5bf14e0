"""One row of a file as a registration: which values of JSON stand for which text, and what a spreadsheet has spoilt."""

import re
from datetime import datetime
from typing import TypeGuard
from zoneinfo import ZoneInfo

from liveness.attempts import issue_times, validation
from liveness.attempts.bulk_import.records import Row
from liveness.attempts.validation import Registration
from liveness.exceptions import RegistrationError

YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")
# What a spreadsheet makes of a long number: the digits that are missing cannot be had back.
ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.I)


def registration_of(row: Row, *, now: datetime, zone: ZoneInfo | None = None) -> Registration:
    """Check one row. Raises RegistrationError with what to correct."""
    return validation.check(
        _unrounded("sdk_token", _text(row, "sdk_token")),
        subject_reference=_unrounded("subject_reference", _reference(row)),
        issued_at=_issued_at(row, zone),
        region=_text(row, "region").lower(),
        is_finished=_is_finished(row),
        now=now,
    )


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RegistrationError(f"{name} must be text")
    return value.strip()


def _reference(row: Row) -> str:
    """The reference, which may be a whole number in JSON."""
    value = row.get("subject_reference")
    if isinstance(value, float):
        raise RegistrationError("subject_reference must be text or a whole number")
    return str(value) if _is_number(value) else _text(row, "subject_reference")


def _issued_at(row: Row, zone: ZoneInfo | None) -> datetime | None:
    value = row.get("issued_at")
    return issue_times.from_epoch(value) if _is_number(value) else issue_times.parse(_text(row, "issued_at"), zone)


def _is_finished(row: Row) -> bool:
    """JSON has words of its own for it."""
    value = row.get("finished")
    text = str(value) if isinstance(value, bool) or _is_number(value) else _text(row, "finished")
    if text.lower() not in YES + NO:
        raise RegistrationError("finished must be true or false")
    return text.lower() in YES


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unrounded(name: str, text: str) -> str:
    if ROUNDED.fullmatch(text):
        raise RegistrationError(f"a spreadsheet has rounded {name}; format the column as text and export it again")
    return text
