"""The lines of a `.env` as people write it: understood, or refused with the number of the line.

Written by hand because django-environ 0.14 loses the first variable behind a byte order mark, takes `# comment` for a
part of the value, cuts a value at any `#` when asked to read comments, and passes over what it does not understand.
"""

import codecs
import re

LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
# In a value without quotes a comment begins at a `#` after a blank, as in a shell.
COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
QUOTED = {
    "'": re.compile(r"'([^']*)'\s*(?:#.*)?", re.DOTALL),
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?', re.DOTALL),
}
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# As django-environ does: these stay as they are written.
KEPT_ESCAPES = "rnt"
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class DotenvError(ValueError):
    """Says which line is not understood and why, without its text."""


def parse(data: bytes) -> dict[str, str]:
    """The variables of the file; of two with one name the later one counts. Raises DotenvError."""
    values: dict[str, str] = {}
    for number, line in enumerate(_decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = LINE.fullmatch(text)
        if not found:
            raise DotenvError(f"line {number}: this is not NAME=value.")
        values[found[1]] = _value(found[2], number)
    return values


def _decoded(data: bytes) -> str:
    if data.startswith(WIDE):
        raise DotenvError("line 1: the file is saved as UTF-16. Save it as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        number = data.count(b"\n", 0, failure.start) + 1
        raise DotenvError(f"line {number}: this is not UTF-8. Save the file as UTF-8.") from None
    if "\0" in text:
        raise DotenvError(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: it holds a NUL byte.")
    return text


def _value(text: str, number: int) -> str:
    quote = text[:1]
    if quote not in QUOTED:
        return COMMENT.sub("", text).rstrip()
    found = QUOTED[quote].fullmatch(text)
    if not found:
        raise DotenvError(f"line {number}: the quotes are not paired, or something follows them. Quote all of it.")
    return found[1] if quote == "'" else ESCAPED.sub(_unescaped, found[1])


def _unescaped(found: re.Match[str]) -> str:
    return found[0] if found[1] in KEPT_ESCAPES else found[1]
