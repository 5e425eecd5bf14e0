"""Byte ranges of RFC 9110, sections 13.1.5 and 14: one range is honoured, everything unclear means the whole file.

Several ranges in one request are answered whole, as section 14.2 allows: a video player never asks for them, and
merging them is where other servers were made to burn time.
"""

import re
from dataclasses import dataclass

# The longest useful header, "bytes=" and two numbers, is far shorter; what is longer is not read at all.
MAX_HEADER = 100

_SPEC = re.compile(r"(?P<first>[0-9]*)-(?P<last>[0-9]*)")


class UnsatisfiableRangeError(Exception):
    """The range lies outside the file: answer 416 with `Content-Range: bytes */<size>`."""


@dataclass(frozen=True)
class ByteRange:
    """The bytes `start` to `last`, both included, of a file of `size` bytes."""

    start: int
    last: int
    size: int

    @property
    def length(self) -> int:
        return self.last - self.start + 1

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header."""
        return f"bytes {self.start}-{self.last}/{self.size}"


def select(header: str | None, size: int, *, if_range: str | None = None, etag: str = "") -> ByteRange | None:
    """The one range of a GET that is to be sent with 206, or None for the whole file with 200.

    `if_range` counts only when it is exactly the strong `etag`. Raises UnsatisfiableRangeError.
    """
    if header is None or len(header) > MAX_HEADER:
        return None
    if if_range is not None and not _is_current(if_range, etag):
        return None
    unit, equals, specs = header.partition("=")
    if not equals or unit.lower() != "bytes":
        return None
    # A list may contain empty elements (section 5.6.1.2).
    elements = [spec.strip(" \t") for spec in specs.split(",")]
    matches = [_SPEC.fullmatch(spec) for spec in elements if spec]
    if len(matches) != 1 or matches[0] is None:
        return None
    return _resolve(matches[0]["first"], matches[0]["last"], size)


def _is_current(if_range: str, etag: str) -> bool:
    return etag.startswith('"') and if_range.strip(" \t") == etag


def _resolve(first: str, last: str, size: int) -> ByteRange | None:
    if first:
        return _from_start(int(first), int(last) if last else size - 1, size, is_open=not last)
    if not last:
        return None
    if not int(last):
        raise UnsatisfiableRangeError
    return ByteRange(max(0, size - int(last)), size - 1, size) if size else None


def _from_start(start: int, last: int, size: int, *, is_open: bool) -> ByteRange | None:
    if last < start and not is_open:
        return None
    if start >= size:
        raise UnsatisfiableRangeError
    return ByteRange(start, min(last, size - 1), size)
