"""What the readers of CSV and of JSON give: the numbered rows of a file, and what is to be said of the file once."""

import re
from dataclasses import dataclass, field
from typing import Any

from liveness.exceptions import RegistrationError

COLUMNS = ("sdk_token", "subject_reference", "issued_at", "region", "finished")
REQUIRED = COLUMNS[:2]
LONGEST_ROW = 4096
LONGEST_NAME = 40

Row = dict[str, Any]
Line = tuple[int, Row | RegistrationError]

# What people and programs put between the words of a name, with what is invisible there.
SEPARATORS = re.compile(r"[\s_\-\u00ad\u200b-\u200f\u2060\ufeff]+")


def plain(name: str) -> str:
    """A column's name without case, blanks, underscores and hyphens."""
    return SEPARATORS.sub("", name).casefold()


BY_PLAIN_NAME = {plain(name): name for name in COLUMNS}


@dataclass
class Records:
    """The lines of a file with their numbers, as an editor counts them, and notes on the file as a whole."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def too_long() -> RegistrationError:
    return RegistrationError(f"the line is longer than {LONGEST_ROW} characters")


def ignored(names: list[str]) -> list[str]:
    """The note on columns that are not ours."""
    shown = sorted({_shown(name) for name in names if name.strip()})
    return [f"ignored columns: {', '.join(shown)}"] if shown else []


def _shown(name: str) -> str:
    """A name that can be printed on one line."""
    return "".join(character if character.isprintable() else "?" for character in name.strip())[:LONGEST_NAME]
