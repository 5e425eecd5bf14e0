"""From the bytes of a file to its numbered rows."""

import re

from liveness.attempts.bulk_import import objects, tables
from liveness.attempts.bulk_import.decoding import decode
from liveness.attempts.bulk_import.records import Records
from liveness.exceptions import RegistrationError

# A file of this size holds more tokens than an account has calls for in two hours, many times over.
LARGEST_FILE = 64 * 1024 * 1024
OBJECT = re.compile(r"^\s*\{", re.M)


def read(data: bytes, *, encoding: str = "") -> Records:
    """The rows of a CSV or JSON file; a row that cannot be read is an error in its place.

    `encoding` overrides what the bytes say. Raises RegistrationError when the file as a whole cannot be read.
    """
    if len(data) > LARGEST_FILE:
        raise RegistrationError(f"the file is larger than {LARGEST_FILE // 1024**2} MB; split it")
    decoded = decode(data, encoding)
    records = _rows(decoded.text)
    records.notes[:0] = decoded.notes
    return records


def _rows(text: str) -> Records:
    if text.lstrip().startswith(("{", "[")):
        return objects.read(text)
    try:
        return tables.read(text)
    except RegistrationError:
        # The first of many lines of JSON may be spoilt.
        if OBJECT.search(text):
            return objects.read(text)
        raise
