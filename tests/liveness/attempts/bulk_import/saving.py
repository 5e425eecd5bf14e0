"""Files as people save them, and what becomes of them."""

import uuid

from liveness.attempts.bulk_import import reading, writing
from liveness.attempts.bulk_import.writing import ImportResult
from liveness.audit import Actor

ACTOR = Actor.system("tests")
HEADER = "sdk_token,subject_reference,issued_at,region"


def token(number: int) -> str:
    return f"import-token-{number:06}"


def rows(content: str | bytes, **options) -> list:
    """The rows that are read from a file, and the errors in their places."""
    data = content if isinstance(content, bytes) else content.encode()
    return reading.read(data, **options).lines


def references(content: str | bytes) -> list[str]:
    return [row["subject_reference"] for _, row in rows(content)]


def imported(content: str | bytes, **options) -> ImportResult:
    """What becomes of a file with these bytes."""
    data = content if isinstance(content, bytes) else content.encode()
    totals = list(writing.register(reading.read(data), actor=ACTOR, **options))
    return totals[-1] if totals else ImportResult()


def csv(*lines: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *lines, ""])


def many(count: int) -> str:
    """A file of so many new tokens."""
    return csv(*(f"{uuid.uuid4()},subject-{number},," for number in range(count)))
