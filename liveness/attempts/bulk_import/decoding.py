"""The text of a file: UTF-8, UTF-16 or UTF-32, and Windows-1252 as a last resort, with a note.

Bytes that do not fit become lone surrogates (or U+FFFD), which spoil the line they are in and no other.
"""

import codecs
import re
from dataclasses import dataclass

from liveness.attempts.bulk_import import formats
from liveness.exceptions import RegistrationError

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose mark begins with the same bytes.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A file begins with a header or with JSON, both of them ASCII, so its zero bytes show its encoding.
PATTERNS = (
    (re.compile(rb"(?:[^\x00]\x00\x00\x00){2}"), "utf-32-le"),
    (re.compile(rb"(?:\x00\x00\x00[^\x00]){2}"), "utf-32-be"),
    (re.compile(rb"(?:[^\x00]\x00){4}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[^\x00]){4}"), "utf-16-be"),
)
FALLBACK = "cp1252"
HIGH = re.compile(rb"[\x80-\xff]+")
# In the languages that Windows-1252 is made for, no word has that many letters in a row with an accent, and few other
# characters are part of a name. Bytes of Chinese, Japanese or Cyrillic text hardly ever look so.
FOREIGN_RUN = 4
LATIN_LETTERS = frozenset(map(chr, range(0xC0, 0x100))) - {"\xd7", "\xf7"} | frozenset("ŠšŽžŒœŸ")
WESTERN = LATIN_LETTERS | frozenset(
    "\u00a0\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u20ac\xb0\xaa\xba\xb4\xb7\xab\xbb"
)
SURROGATES = re.compile("[\udc80-\udcff]")

SAVE_AS = 'save the file as "CSV UTF-8"'
CP1252_NOTE = f"the file is not UTF-8; it was read as Windows-1252. If a reference looks wrong, {SAVE_AS}"
FOREIGN_NOTE = (
    "some lines are not UTF-8, and it cannot be said for sure what they are (it may be GBK, Big5, Shift JIS, "
    f"Windows-1251 or a mixture); {SAVE_AS}, or name the encoding, like --encoding gb18030"
)


@dataclass(frozen=True)
class Decoded:
    text: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, encoding: str = "") -> Decoded:
    """The text of a file; `encoding` is what its owner says. Raises RegistrationError when it is no text."""
    formats.refuse_other_formats(data)
    decoded = _decode_as(data, encoding) if encoding else _detect(data)
    text = decoded.text.removeprefix("\ufeff")
    formats.refuse_markup(text)
    formats.refuse_binary(text)
    return Decoded(text, decoded.notes)


def _decode_as(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding, "replace"))
    except LookupError:
        raise RegistrationError(
            "--encoding names no encoding that is known here; use a name like utf-8, utf-16, gb18030, big5 or cp1252"
        ) from None


def _detect(data: bytes) -> Decoded:
    for mark, name in BOMS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(name, _handler(name)))
    for pattern, name in PATTERNS:
        if pattern.match(data):
            return Decoded(data.decode(name, _handler(name)))
    return _eight_bit(data)


def _eight_bit(data: bytes) -> Decoded:
    """UTF-8; Windows-1252 where nothing speaks for UTF-8 and nothing against Western letters."""
    text = data.decode("utf-8", "surrogateescape")
    if not SURROGATES.search(text):
        return Decoded(text)
    is_partly_utf8 = any(ord(character) > 0x7F for character in SURROGATES.sub("", text))
    western = data.decode(FALLBACK, "surrogateescape")
    if not is_partly_utf8 and _is_western(data, western):
        return Decoded(western, (CP1252_NOTE,))
    # A guess could turn a name into another name.
    return Decoded(text, (FOREIGN_NOTE,))


def _is_western(data: bytes, text: str) -> bool:
    """Has the text only letters and signs of Western names, apart from bytes that mean nothing in Windows-1252?"""
    used = {character for character in SURROGATES.sub("", text) if not character.isascii()}
    return used <= WESTERN and all(len(run) < FOREIGN_RUN for run in HIGH.findall(data))


def _handler(name: str) -> str:
    return "surrogateescape" if name == "utf-8" else "replace"
