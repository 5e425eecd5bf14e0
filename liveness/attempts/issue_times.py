"""Times of issue as people and programs write them. A guess could close an attempt hours early, so none is made."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from liveness.exceptions import RegistrationError

EXAMPLE = "2026-01-31T09:30:00Z or 2026-01-31T17:30:00+08:00"
# 2018-03-01, when the vendor's API began, and 2100-01-01: seconds and milliseconds between them never overlap.
EPOCH_SECONDS = (1_519_862_400, 4_102_444_800)
DATE = r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
DATE_ALONE = re.compile(DATE, re.ASCII)
MOMENT = re.compile(
    DATE + r"[T ](?P<time>\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?) ?(?P<offset>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
DIGITS = re.compile(r"\d{10}|\d{13}", re.ASCII)
SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
MINUS = "\u2212"


def parse(text: str, zone: ZoneInfo | None = None) -> datetime | None:
    """The time in UTC; None for empty text. A time without an offset is taken in `zone`.

    Reads ISO 8601 (basic and extended, any precision, a space for the T) and Unix time in seconds or milliseconds.
    Raises RegistrationError for a date alone, for a time without an offset where there is no `zone`, and for a time
    that the clocks of `zone` show twice or never.
    """
    text = text.strip().upper().replace(MINUS, "-")
    if not text:
        return None
    if DIGITS.fullmatch(text):
        return from_epoch(int(text))
    found = MOMENT.fullmatch(text)
    if not found:
        raise _unreadable(text)
    moment = _moment(found)
    return (moment if moment.tzinfo else _placed(moment, zone)).astimezone(UTC)


def from_epoch(number: float) -> datetime:
    """A Unix time that can only be seconds, or only milliseconds. Raises RegistrationError for any other number."""
    first, last = EPOCH_SECONDS
    for scale in (1, 1000):
        if first * scale <= number < last * scale:
            return datetime.fromtimestamp(0, UTC) + timedelta(seconds=number / scale)
    raise RegistrationError(
        "issued_at is a number, but neither seconds nor milliseconds since 1970 of a time after 2018; "
        f"write it like {EXAMPLE}"
    )


def _moment(found: re.Match[str]) -> datetime:
    offset = (found["offset"] or "").replace("UTC", "Z").replace("GMT", "Z")
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{offset}")
        # Beyond the calendar in UTC is no time either.
        return moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise RegistrationError(f"issued_at is no time of the calendar; write it in ISO 8601 like {EXAMPLE}") from None


def _placed(moment: datetime, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        raise RegistrationError(
            f"issued_at has no UTC offset; write it like {EXAMPLE}, or name its zone with --timezone Asia/Hong_Kong"
        )
    earlier, later = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    # https://peps.python.org/pep-0495/: in a gap the earlier reading has the smaller offset.
    is_gap = (earlier.utcoffset() or timedelta()) < (later.utcoffset() or timedelta())
    why = "does not exist" if is_gap else "exists twice"
    raise RegistrationError(f"issued_at {why} in {zone.key}, where the clocks change; write it like {EXAMPLE}")


def _unreadable(text: str) -> RegistrationError:
    if DATE_ALONE.fullmatch(text):
        return RegistrationError(f"issued_at is a date without a time; write it like {EXAMPLE}")
    if SERIAL.fullmatch(text):
        return RegistrationError(
            f"issued_at is a spreadsheet's number for a date; format the column as text and write it like {EXAMPLE}"
        )
    return RegistrationError(f"issued_at must be an ISO 8601 time like {EXAMPLE}")
