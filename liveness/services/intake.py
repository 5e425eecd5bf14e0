"""Tokens from a file: CSV with a header, or JSON lines. A bad line is told with its number; the others go in."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from liveness.exceptions import RegistrationError
from liveness.services import attempts
from liveness.services.audit import Actor

COLUMNS = ("sdk_token", "subject_reference", "issued_at", "region", "finished")
REQUIRED = frozenset(COLUMNS[:2])
MAX_LINE = 4096
YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")

Row = dict[str, Any]
Line = tuple[int, Row | RegistrationError]


@dataclass
class Intake:
    """What became of a file's lines."""

    registered: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.registered + self.duplicates + len(self.rejected)


def register_lines(lines: Iterable[str], *, actor: Actor) -> Iterator[Intake]:
    """Register every line, yielding the running totals after each so that a caller can show progress.

    Raises RegistrationError when the header is not one of ours: then no line can be read.
    """
    intake = Intake()
    yield intake
    for number, row in read_lines(lines):
        try:
            if isinstance(row, RegistrationError):
                raise row
            created = register_row(row, actor=actor)
        except RegistrationError as problem:
            intake.rejected.append((number, str(problem)))
        else:
            intake.registered += created
            intake.duplicates += not created
        yield intake


def register_row(row: Row, *, actor: Actor) -> bool:
    """Register one row of text values, and report it if it says that the check is finished; True when it is new."""
    now, is_finished = timezone.now(), _is_yes(row, "finished")
    attempt, created = attempts.register(
        _text(row, "sdk_token"),
        subject_reference=_text(row, "subject_reference"),
        issued_at=parse_issued_at(_text(row, "issued_at")),
        region=_text(row, "region"),
        now=now,
        actor=actor,
    )
    if is_finished:
        attempts.report_finished(attempt.id, now=now, actor=actor)
    return created


def parse_issued_at(text: str) -> datetime | None:
    """An ISO 8601 time; without an offset it is taken in the project's time zone. Empty text is None."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError
        return (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RegistrationError("issued_at must be an ISO 8601 time like 2026-01-31T09:30:00Z") from None


def read_lines(lines: Iterable[str]) -> Iterator[Line]:
    """Yield each line's number and its row, or the error that says why there is none. Blank lines are passed over."""
    numbered = ((number, line.lstrip("\ufeff").rstrip("\r\n")) for number, line in enumerate(lines, start=1))
    filled = ((number, line) for number, line in numbered if line.strip())
    first = next(filled, None)
    if first is None:
        return
    if first[1].lstrip().startswith("{"):
        yield _read_json(*first)
        yield from (_read_json(number, line) for number, line in filled)
    else:
        header = _header(first[1])
        yield from (_read_csv(number, line, header) for number, line in filled)


def _header(line: str) -> list[str]:
    names = [name.lower() for name in _cells(line)]
    if not REQUIRED.issubset(names) or not set(names).issubset(COLUMNS) or len(set(names)) != len(names):
        raise RegistrationError(
            f"the first line must be the header {','.join(COLUMNS)} (the last three are optional), or a JSON object"
        )
    return names


def _read_csv(number: int, line: str, header: list[str]) -> Line:
    try:
        cells = _cells(line)
    except RegistrationError as problem:
        return number, problem
    if len(cells) != len(header):
        return number, RegistrationError(f"the line has {len(cells)} fields, the header has {len(header)}")
    return number, dict(zip(header, cells, strict=True))


def _cells(line: str) -> list[str]:
    if len(line) > MAX_LINE:
        raise RegistrationError(f"the line is longer than {MAX_LINE} characters")
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except (csv.Error, StopIteration):
        raise RegistrationError("the line is not valid CSV; check its quotes and line breaks") from None


def _read_json(number: int, line: str) -> Line:
    if len(line) > MAX_LINE:
        return number, RegistrationError(f"the line is longer than {MAX_LINE} characters")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return number, RegistrationError("the line is not a JSON object")
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown or not REQUIRED.issubset(row):
        return number, RegistrationError(
            f"the object's fields must be {', '.join(COLUMNS)} (the last three are optional)"
        )
    return number, row


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RegistrationError(f"{name} must be text")
    return value.strip()


def _is_yes(row: Row, name: str) -> bool:
    value = row.get(name)
    # JSON has a word of its own for it.
    text = str(value) if isinstance(value, bool) else _text(row, name)
    if text.lower() not in YES + NO:
        raise RegistrationError(f"{name} must be true or false")
    return text.lower() in YES
