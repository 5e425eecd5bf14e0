"""CSV as spreadsheets save it: any of four delimiters, quoted line breaks, empty rows, columns of other programs."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

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
from liveness.attempts.validation import TOKEN_FORM
from liveness.exceptions import RegistrationError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# Excel's own first line: it names the delimiter and is no row.
SEP = re.compile(r'\s*"?sep=(.)"?[,;\t|\s]*', re.I)
WRAPPED = re.compile(r'\s*"((?:[^"]|"")*)"\s*')
# A quoted cell may go on over this many lines. A quote that is never closed must not swallow the rest of the file.
MOST_LINES = 16
LINE_BREAK = re.compile(r"\s*\n\s*")
# How spreadsheets export text that looks like a number.
FORMULA = re.compile(r'="(.*)"', re.S)

NO_CSV = "the line is not valid CSV; check its quotes and line breaks"
CUT_OFF = "the file ends within this line; was it copied completely?"
NEEDED = (
    f"the first line must be a header that names at least {' and '.join(REQUIRED)} (of {','.join(COLUMNS)}; the last "
    "three are optional), or a JSON object or array"
)


@dataclass(frozen=True)
class Header:
    """The delimiter, the names as they are written, and ours of them; empty for a column that is not ours."""

    delimiter: str
    names: list[str]
    columns: list[str]

    @property
    def others(self) -> list[str]:
        return [name for name, column in zip(self.names, self.columns, strict=True) if not column]


def read(text: str) -> Records:
    """The rows below the header. Raises RegistrationError when there is no header of ours."""
    lines = _unwrapped(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    filled = next((index for index, line in enumerate(lines) if _is_filled(line)), None)
    if filled is None:
        return Records()
    said = SEP.fullmatch(lines[filled])
    first = _next_filled(lines, filled + 1) if said else filled
    if first is None:
        return Records()
    header = _header(lines[first], said[1] if said else "")
    return Records(list(_rows(lines, first + 1, header)), ignored(header.others))


def _unwrapped(lines: list[str]) -> list[str]:
    """The lines without the quotes that some programs put around each whole line."""
    first = next(filter(_is_filled, lines), "")
    return [_inner(line) or line for line in lines] if _again(_inner(first), ",") else lines


def _inner(line: str) -> str:
    """What is within a line that is one quoted cell; empty for any other line."""
    found = WRAPPED.fullmatch(line)
    return found[1].replace('""', '"') if found else ""


def _is_filled(line: str) -> bool:
    """Has the line more than blanks, quotes and delimiters? Excel saves empty rows as `,,,,`."""
    return bool(line.strip(' \t\u00a0\u3000\ufeff,;|"').strip())


def _next_filled(lines: list[str], start: int) -> int | None:
    return next((index for index in range(start, len(lines)) if _is_filled(lines[index])), None)


def _header(line: str, said: str) -> Header:
    delimiters = dict.fromkeys([said, *DELIMITERS]) if said else DELIMITERS
    for delimiter in delimiters:
        if found := _header_of(line, delimiter):
            return found
    raise RegistrationError(f"{_found(line)}; {NEEDED}")


def _again(line: str, delimiter: str) -> Header | None:
    """A header in the middle of a file. Raises RegistrationError when it names a column twice."""
    text = plain(line)
    if not all(plain(name) in text for name in REQUIRED):
        return None
    return next(filter(None, (_header_of(line, each) for each in dict.fromkeys([delimiter, *DELIMITERS]))), None)


def _header_of(line: str, delimiter: str) -> Header | None:
    """The line as a header, if it is one. Raises RegistrationError when it names a column twice."""
    names = _header_cells(line, delimiter)
    columns = [BY_PLAIN_NAME.get(plain(name), "") for name in names]
    if not set(REQUIRED).issubset(columns):
        return None
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise RegistrationError(f"the header names {' and '.join(twice)} twice; remove one of the columns")
    return Header(delimiter, names, columns)


def _header_cells(line: str, delimiter: str) -> list[str]:
    try:
        return _cells([line], delimiter)[0]
    except RegistrationError:
        return []


def _found(line: str) -> str:
    """What the first line is. It may be a row, so it is not quoted: a row holds a token."""
    counts = {name: line.count(delimiter) for delimiter, name in DELIMITERS.items() if delimiter in line}
    known = [name for name in COLUMNS if plain(name) in plain(line)]
    by = max(counts, key=lambda name: counts[name]) if counts else ""
    shape = f"{counts[by] + 1} columns, separated by {by}" if by else "a single column"
    return f"the first line has {shape}" + (f", among them {', '.join(known)}" if known else ", none of them known")


def _rows(lines: list[str], start: int, header: Header) -> Iterator[Line]:
    index = start
    while index < len(lines):
        if not _is_filled(lines[index]):
            index += 1
            continue
        try:
            # Files that were put together repeat the header, and the next one may have its columns in another order.
            if again := _again(lines[index], header.delimiter):
                header, index = again, index + 1
                continue
            cells, count = _record(lines, index, header)
            row: Row | RegistrationError = _row(cells, header, is_cut_off=index + count == len(lines))
        except RegistrationError as problem:
            row, count = problem, 1
        yield index + 1, row
        index += count


def _record(lines: list[str], index: int, header: Header) -> tuple[list[str], int]:
    """The cells of the row that begins in this line, and the number of lines it takes."""
    if len(lines[index]) > LONGEST_ROW:
        raise too_long()
    cells, count = _cells(islice(lines, index, index + MOST_LINES), header.delimiter)
    if sum(len(line) for line in lines[index : index + count]) > LONGEST_ROW:
        raise too_long()
    if any(_is_row(line, header) for line in lines[index + 1 : index + count]):
        # A quote that was opened by mistake was closed by the next mistake: what is between them are rows.
        raise RegistrationError(NO_CSV)
    return cells, count


def _cells(lines: Iterable[str], delimiter: str) -> tuple[list[str], int]:
    """The cells of the first row, and how many lines it takes."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        return [_cell(text) for text in next(reader)], reader.line_num
    except (csv.Error, StopIteration):
        raise RegistrationError(NO_CSV) from None


def _cell(text: str) -> str:
    text = LINE_BREAK.sub(" ", text.strip())
    formula = FORMULA.fullmatch(text)
    return formula[1].strip() if formula else text


def _is_row(line: str, header: Header) -> bool:
    """Is the line a whole row by itself?"""
    try:
        cells = _cells([line], header.delimiter)[0]
    except RegistrationError:
        return False
    row = dict(zip(header.columns, cells, strict=False))
    return bool(TOKEN_FORM.fullmatch(row.get("sdk_token", "")) and row.get("subject_reference"))


def _row(cells: list[str], header: Header, *, is_cut_off: bool) -> Row:
    """Our columns of a row. Spreadsheets leave empty cells away at the end of a row, or add some."""
    row = {name: cell for name, cell in zip(header.columns, cells, strict=False) if name}
    if any(cells[len(header.names) :]):
        raise RegistrationError(f"the line has {len(cells)} fields, the header has {len(header.names)}")
    if any(cell for cell, name in zip(cells, header.names, strict=False) if not name):
        raise RegistrationError("the line has text in a column without a name; put cells that hold a comma in quotes")
    if not set(REQUIRED).issubset(row):
        raise RegistrationError(f"the line has {len(cells)} fields; {' and '.join(REQUIRED)} are needed")
    if is_cut_off and len(cells) < len(header.columns):
        raise RegistrationError(CUT_OFF)
    return row
