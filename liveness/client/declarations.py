"""Reading what the vendor declares of a file: every value that has one meaning only, in whatever form it comes.

What is read wrongly would lose a file for ever, and so would a refusal of what anybody can read. A value with no
meaning, or with two, is no declaration: the result is None.
"""

import base64
import binascii
import re
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_SIZE = 2**53

_FRAME = re.compile(r"[\s\\\"'`\u2018\u2019\u201c\u201d\u200b\ufeff]+")
_NAME = re.compile(r"(?:md5[:=-]?|0x)(?=[0-9a-f:-]{32,47}\Z)", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_PAIRS = re.compile(r"[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){14}[0-9a-f]{2}", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{22}(?:==)?")
_NUMBER = re.compile(r"\+?[0-9]{1,32}(?:\.[0-9]{0,32})?(?:e\+?[0-9]{1,2})?", re.IGNORECASE)


def md5_of(value: Any) -> str | None:
    """The MD5 in lower-case hex, from hex (in quotes, with blanks, in pairs) or base64 of the 16 bytes (RFC 1864)."""
    if not isinstance(value, str):
        return None
    text = _FRAME.sub("", value)
    named = _NAME.sub("", text, count=1)
    plain = re.sub("[:-]", "", named) if _PAIRS.fullmatch(named) else named
    return plain.lower() if _HEX.fullmatch(plain) else _from_base64(text)


def size_of(value: Any) -> int | None:
    """The size in bytes, from any integral number more than 0: a JSON number, or text with blanks or in quotes."""
    if isinstance(value, str):
        return _from_text(_FRAME.sub("", value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value <= MAX_SIZE and value == int(value) else None


def _from_base64(text: str) -> str | None:
    if not _BASE64.fullmatch(text):
        return None
    standard = text.rstrip("=").replace("-", "+").replace("_", "/") + "=="
    try:
        digest = base64.b64decode(standard, validate=True)
    except binascii.Error:
        return None
    # The last letter has bits that mean nothing: another text for the same bytes is nobody's base64.
    return digest.hex() if base64.b64encode(digest).decode() == standard else None


def _from_text(text: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return int(number) if 0 < number <= MAX_SIZE and number == number.to_integral_value() else None
