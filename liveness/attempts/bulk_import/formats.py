"""What a file is that cannot be read as a table, by its first bytes, and in which format to save it instead."""

import re
import zipfile
from collections.abc import Iterable
from io import BytesIO

from liveness.exceptions import RegistrationError

EXCEL = 'in Excel choose File > Save As > "CSV UTF-8 (Comma delimited)" and give that file'
OFFICE = 'in LibreOffice choose File > Save As > "Text CSV" with the character set UTF-8 and give that file'
NUMBERS = "in Numbers choose File > Export To > CSV with the encoding UTF-8 and give that file"
EXPORT = "export the table as CSV in UTF-8, or as JSON lines, and give that file"
UNPACK = "unpack it and give the CSV or JSON file in it"

# First bytes, what they are, what to do.
SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or one with a password", EXCEL),
    (b"\x09\x08\x10\x00", "an old Excel workbook (.xls)", EXCEL),
    (b"\x09\x08\x08\x00", "an old Excel workbook (.xls)", EXCEL),
    (b"\x09\x04\x06\x00", "an old Excel workbook (.xls)", EXCEL),
    (b"\x09\x02\x06\x00", "an old Excel workbook (.xls)", EXCEL),
    (b"\x09\x00\x04\x00", "an old Excel workbook (.xls)", EXCEL),
    (b"ID;PWXL", "a SYLK sheet (.slk)", EXCEL),
    (b"ID;PSCALC", "a SYLK sheet (.slk)", OFFICE),
    (b"{\\rtf", "a rich text document (.rtf)", EXPORT),
    (b"%PDF-", "a PDF", EXPORT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"BZh91AY&SY", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (b"\x89PNG", "a PNG picture", EXPORT),
    (b"\xff\xd8\xff", "a JPEG picture", EXPORT),
    (b"GIF87a", "a GIF picture", EXPORT),
    (b"GIF89a", "a GIF picture", EXPORT),
    (b"SQLite format 3", "an SQLite database", EXPORT),
    (b"PAR1", "a Parquet table", EXPORT),
)
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# A member whose name begins so says what a zip archive is.
MEMBERS = (
    ("xl/", "an Excel workbook (.xlsx)", EXCEL),
    ("word/", "a Word document (.docx)", EXPORT),
    ("ppt/", "a PowerPoint presentation (.pptx)", EXPORT),
    ("Index/", "a Numbers document", NUMBERS),
    ("Index.zip", "a Numbers document", NUMBERS),
)
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
HTML = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|meta|body|table|div|style)\b", re.I | re.S)
XML = re.compile(r"\s*<(?:\?xml|[a-z][\w:.-]*[\s>/])", re.I)
SPREADSHEET_XML = re.compile(r"office:spreadsheet|mso-application|<workbook", re.I)
LOOK = 4096


def refuse_other_formats(data: bytes) -> None:
    """Raises RegistrationError when the first bytes are those of a format that is no text."""
    for signature, what, remedy in SIGNATURES:
        if data.startswith(signature):
            raise _refusal(what, remedy)
    if data.startswith(ZIP):
        raise _refusal(*_zipped(data))


def refuse_markup(text: str) -> None:
    """Raises RegistrationError for HTML, which programs also save under the name .xls, and for XML."""
    head = text[:LOOK]
    if HTML.match(head):
        raise _refusal("an HTML page", f"open it in Excel; {EXCEL}")
    if XML.match(head):
        is_sheet = SPREADSHEET_XML.search(head)
        raise _refusal("an Excel 2003 sheet (XML)" if is_sheet else "XML", EXCEL if is_sheet else EXPORT)


def refuse_binary(text: str) -> None:
    """Raises RegistrationError when the first line, which names the columns, holds a code that no text has."""
    first = text.lstrip().partition("\n")[0]
    if "\x00" in first and not first.startswith(("{", "[")):
        raise _refusal("binary data of an unknown kind", EXPORT)


def _refusal(what: str, remedy: str) -> RegistrationError:
    return RegistrationError(f"the file is {what}; {remedy}")


def _zipped(data: bytes) -> tuple[str, str]:
    if OPEN_DOCUMENT in data[:200]:
        return "an OpenDocument file (.ods)", OFFICE
    names = list(_names(data))
    for prefix, what, remedy in MEMBERS:
        if any(name.startswith(prefix) for name in names):
            return what, remedy
    return "a zip archive", UNPACK


def _names(data: bytes) -> Iterable[str]:
    """The names in the archive; none where it is damaged."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        return [prefix for prefix, _, _ in MEMBERS if prefix.encode() in data[:LOOK]]
