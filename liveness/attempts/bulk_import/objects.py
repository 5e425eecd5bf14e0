"""JSON as programs save it: lines of objects, objects over several lines, or one array of them."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from liveness.attempts.bulk_import.records import (
    BY_PLAIN_NAME,
    COLUMNS,
    LONGEST_ROW,
    REQUIRED,
    Line,
    Records,
    Row,
    ignored,
    plain,
    too_long,
)
from liveness.exceptions import RegistrationError

BETWEEN_LINES = re.compile(r"[\s,]*")
BETWEEN_ITEMS = re.compile(r"[\s,\]]*")
# What may follow an object: in an array a comma or its end, else the end of the line.
AFTER_ITEM = re.compile(r"\s*(?:[,\]{]|\n|\Z)")
AFTER_LINE = re.compile(r"[^\S\n]*,?[^\S\n]*(?=\n|\{|\Z)")
# Where reading goes on after what is no object: in an array at the next that begins, else in the next line.
NEXT_OBJECT = re.compile(r"[,\n]\s*(?=\{)")
NEXT_LINE = re.compile(r"\n")

Pairs = list[tuple[str, Any]]


def read(text: str) -> Records:
    """The objects of a text that begins with one, or with an array."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    others: list[str] = []
    lines = list(_lines(text, others))
    return Records(lines, ignored(others))


def _lines(text: str, others: list[str]) -> Iterator[Line]:
    start = len(text) - len(text.lstrip())
    is_array = text[start : start + 1] == "["
    place, number, counted = start + is_array, 1, 0
    while (place := _skip(text, place, is_array=is_array)) < len(text):
        number += text.count("\n", counted, place)
        counted = place
        try:
            value, place = _value(text, place, is_array=is_array)
        except RegistrationError as problem:
            yield number, problem
            place = _resume(text, counted, is_array=is_array)
        else:
            yield number, _row(value, place - counted, others)


def _skip(text: str, place: int, *, is_array: bool) -> int:
    found = (BETWEEN_ITEMS if is_array else BETWEEN_LINES).match(text, place)
    return found.end() if found else place


def _resume(text: str, place: int, *, is_array: bool) -> int:
    found = (NEXT_OBJECT if is_array else NEXT_LINE).search(text, place)
    return found.end() if found else len(text)


def _value(text: str, place: int, *, is_array: bool) -> tuple[Any, int]:
    """The value that begins here, and where it ends. Raises RegistrationError when there is none."""
    try:
        value, end = DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        raise RegistrationError("the line is not a JSON object") from None
    if not (AFTER_ITEM if is_array else AFTER_LINE).match(text, end):
        raise RegistrationError("the line holds more than a JSON object")
    return value, end


def _row(value: Any, length: int, others: list[str]) -> Row | RegistrationError:
    """Our fields of an object of so many characters, or what is wrong with it."""
    if not isinstance(value, Object):
        return RegistrationError("the line is not a JSON object")
    if length > LONGEST_ROW:
        return too_long()
    ours = [(column, content) for name, content in value.pairs if (column := BY_PLAIN_NAME.get(plain(name)))]
    row = dict(ours)
    if len(row) < len(ours):
        return RegistrationError("the object has a field twice")
    if not set(REQUIRED).issubset(row):
        return RegistrationError(
            f"the object needs {' and '.join(REQUIRED)} (of {', '.join(COLUMNS)}; the last three are optional)"
        )
    others += [name for name, _ in value.pairs if plain(name) not in BY_PLAIN_NAME and name not in others]
    return row


class Object:
    """The pairs of a JSON object as they are written, because a name may come twice."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


DECODER = json.JSONDecoder(object_pairs_hook=Object, parse_constant=_no_constant)
