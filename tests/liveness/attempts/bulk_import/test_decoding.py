"""From bytes to text: every encoding that spreadsheets write, and files that are no text."""

import zipfile
from io import BytesIO

import pytest

from liveness.attempts.bulk_import.decoding import CP1252_NOTE, FOREIGN_NOTE, decode
from liveness.exceptions import RegistrationError
from tests.liveness.attempts.bulk_import.saving import csv, references, rows, token

TABLE = csv(f"{token(1)},Zoë 山田,,")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_unicode_is_read_with_and_without_a_byte_order_mark(encoding):
    assert references(TABLE.encode(encoding)) == ["Zoë 山田"]


def test_big_endian_utf_16_with_a_mark_is_read():
    assert references(b"\xfe\xff" + TABLE.encode("utf-16-be")) == ["Zoë 山田"]


def test_windows_1252_is_a_last_resort_with_a_note():
    decoded = decode(csv(f"{token(1)},Müller – Größe,,").encode("cp1252"))
    assert "Müller – Größe" in decoded.text
    assert decoded.notes == (CP1252_NOTE,)


def test_utf_8_has_no_note():
    assert decode(TABLE.encode()).notes == ()


@pytest.mark.parametrize(("encoding", "name"), [("gbk", "王小明"), ("big5", "陳大文"), ("cp1251", "Иванов")])
def test_a_name_in_a_local_encoding_is_refused_and_never_turned_into_another_name(encoding, name):
    content = csv(f"{token(1)},{name},,", f"{token(2)},CUST-2,,").encode(encoding)
    assert decode(content).notes == (FOREIGN_NOTE,)
    assert [row["subject_reference"] for _, row in rows(content)][1] == "CUST-2"
    assert references_as(content, encoding) == [name, "CUST-2"]


def references_as(content, encoding):
    return [row["subject_reference"] for _, row in rows(content, encoding=encoding)]


def test_one_broken_line_of_utf_8_spoils_no_name_of_another_line():
    content = csv(f"{token(1)},Zoë,,").encode() + b"%s,M\xfcller,,\n" % token(2).encode()
    assert references(content) == ["Zoë", "M\udcfcller"]


def test_an_encoding_that_does_not_exist_is_refused():
    with pytest.raises(RegistrationError, match="--encoding names no encoding"):
        rows(TABLE, encoding="klingon")


def zipped(*names: str, first: bytes = b"") -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            # With a date of its own, so that every process that collects this test has the same bytes.
            archive.writestr(zipfile.ZipInfo(name), first)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook (.xlsx)", "CSV UTF-8"),
        (zipped("mimetype", first=b"application/vnd.oasis.opendocument.spreadsheet"), ".ods", "Text CSV"),
        (zipped("Index/Document.iwa"), "Numbers", "Export To"),
        (zipped("word/document.xml"), "Word", "as CSV"),
        (zipped("tokens.csv"), "zip archive", "unpack"),
        (zipped("xl/workbook.xml")[:60], "Excel workbook (.xlsx)", "CSV UTF-8"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100), "old Excel workbook (.xls)", "CSV UTF-8"),
        (b"%PDF-1.7\n", "a PDF", "as CSV"),
        (b"\x1f\x8b\x08\x00", "gzip", "unpack"),
        (b"\x89PNG\r\n\x1a\n", "PNG", "as CSV"),
        (b"<table><tr><td>sdk_token</td></tr></table>", "HTML", "Excel"),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE html><html>", "HTML", "Excel"),
        ("<html><body>".encode("utf-16"), "HTML", "Excel"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "Excel 2003", "CSV UTF-8"),
        (b'<?xml version="1.0"?><tokens/>', "XML", "as CSV"),
        (b"{\\rtf1\\ansi", "rich text", "as CSV"),
        (b"SQLite format 3\x00" + bytes(84), "SQLite", "as CSV"),
        (b"\x7fELF\x02\x01\x01" + bytes(64), "binary", "as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_the_format_to_save(content, what, remedy):
    with pytest.raises(RegistrationError) as refusal:
        rows(content)
    assert what in str(refusal.value)
    assert remedy in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_of_endless_size_is_refused(monkeypatch):
    monkeypatch.setattr("liveness.attempts.bulk_import.reading.LARGEST_FILE", 100)
    with pytest.raises(RegistrationError, match="split it"):
        rows("x" * 101)
