"""CSV as spreadsheets save it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.attempts.bulk_import import reading
from liveness.attempts.bulk_import.tables import DELIMITERS
from liveness.exceptions import RegistrationError
from tests.liveness.attempts.bulk_import.saving import HEADER, csv, references, rows, token

T = token(1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_the_delimiter_is_found_out(delimiter, end):
    content = csv(f'{T};"A;B";;', header=HEADER.replace(",", ";"), end=end).replace(";", delimiter)
    assert rows(content) == [
        (2, {"sdk_token": T, "subject_reference": f"A{delimiter}B".strip(), "issued_at": "", "region": ""})
    ]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
def test_the_first_line_of_excel_that_names_the_delimiter_is_no_row(first):
    assert rows(f"{first}\nsdk_token;subject_reference\n{T};C-1\n")[0] == (
        3,
        {"sdk_token": T, "subject_reference": "C-1"},
    )


@pytest.mark.parametrize(
    "header",
    [
        "SDK_Token , Subject Reference",
        "SdkToken,SubjectReference",
        "sdk-token,subject-reference",
        '"Sdk token","SUBJECT_REFERENCE"',
        "sdk\u00a0token,\u200bsubject reference",
        "subject_reference_old,sdk_token,subject_reference",
    ],
)
def test_header_names_are_matched_without_case_and_separators(header):
    cells = f"x,{T},C-1" if "old" in header else f"{T},C-1"
    assert rows(f"{header}\n{cells}\n")[0][1] == {"sdk_token": T, "subject_reference": "C-1"}


def test_unknown_columns_are_ignored_and_named_once():
    content = csv(f"{T},C-1,Ann,7", f"{token(2)},C-2,Bob,8", header="sdk_token,subject_reference,customer_name,Alter")
    records = reading.read(content.encode())
    assert records.notes == ["ignored columns: Alter, customer_name"]
    assert records.lines[0][1] == {"sdk_token": T, "subject_reference": "C-1"}


def test_columns_without_a_name_are_ignored_while_they_are_empty():
    content = csv(f"{T},C-1,,,", f"{token(2)},Smith, John,,", header="sdk_token,subject_reference,,,")
    (_, first), (number, second) = rows(content)
    assert first == {"sdk_token": T, "subject_reference": "C-1"}
    assert (number, "in quotes" in str(second)) == (3, True)


@pytest.mark.parametrize("empty", ["", ",,,", " , ,\t, ", '"","","",""', "\u00a0,,,", "\u3000", "\x0c"])
def test_empty_rows_are_no_lines(empty):
    assert [number for number, _ in rows(csv(empty, f"{T},C-1,,", empty, f"{token(2)},C-2,,", empty))] == [3, 5]


def test_a_header_may_come_after_empty_rows():
    assert [number for number, _ in rows(f"\r\n,,,\r\n{HEADER}\r\n{T},C-1,,\r\n")] == [4]


def test_a_quoted_line_break_is_read_as_a_blank_and_lines_keep_their_numbers():
    lines = rows(csv(f'{T},"CUST\n12",,', f'{token(2)},"A\r\n\r\nB",,', f"{token(3)},C-3,,"))
    assert [(number, row["subject_reference"]) for number, row in lines] == [(2, "CUST 12"), (4, "A B"), (7, "C-3")]


@pytest.mark.parametrize("bad", [f'{T},"open,,', f'"{T},C-1,,', f'{T},"a" b,,', f"{T},C-1,,,more", T, "x" * 5000])
def test_a_bad_line_is_named_and_every_other_line_is_read(bad):
    lines = rows(csv(f"{token(2)},C-2,,", bad, f"{token(3)},C-3,,", bad, f"{token(4)},C-4,,"))
    problems = [number for number, row in lines if isinstance(row, RegistrationError)]
    assert problems == [3, 5]
    assert [row["subject_reference"] for _, row in lines if isinstance(row, dict)] == ["C-2", "C-3", "C-4"]


def test_two_stray_quotes_do_not_swallow_the_rows_between_them():
    lines = rows(csv(f'{T},"C-1,,', f"{token(2)},C-2,,", f'{token(3)},C-3",,', f"{token(4)},C-4,,"))
    assert [row["sdk_token"] for _, row in lines if isinstance(row, dict)] == [token(2), token(3), token(4)]


def test_cells_that_are_left_away_at_the_end_of_a_row_are_empty():
    assert references(csv(f"{T},C-1", f"{token(2)},C-2,,")) == ["C-1", "C-2"]


def test_a_file_that_was_cut_off_in_its_last_line_registers_no_half_reference():
    lines = rows(f"{HEADER}\n{T},C-1,,\n{token(2)},CUST-12")
    assert "ends within this line" in str(lines[1][1])


def test_text_that_a_spreadsheet_protected_as_a_formula_is_read():
    assert references(csv(f'{T},"=""0017""",,', f'{token(2)},="0018",,')) == ["0017", "0018"]


def test_the_commas_of_a_quoted_cell_after_a_blank_are_read():
    assert references(csv(f'{T}, "Smith, John", ,')) == ["Smith, John"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("token,name\nsecret-token-1,b", "2 columns, separated by commas, none of them known"),
        ("sdk_token;name\nsecret-token-1;b", "2 columns, separated by semicolons, among them sdk_token"),
        ("secret-token-1\nsecret-token-2", "a single column"),
        ("secret-token-1,CUST-1,,\n", "4 columns, separated by commas"),
    ],
)
def test_a_file_without_our_header_is_refused_with_what_was_found_and_no_token(content, found):
    with pytest.raises(RegistrationError) as refusal:
        rows(content)
    assert found in str(refusal.value)
    assert "sdk_token and subject_reference" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "again",
    [
        f"{HEADER}\n{token(2)},CUST-2",
        f"\ufeffSDK Token,Subject Reference\n{token(2)},CUST-2",
        f"subject_reference;sdk_token\nCUST-2;{token(2)}",
        f'"subject_reference"\t"note"\t"sdk_token"\nCUST-2\tx\t{token(2)}',
    ],
)
def test_files_that_were_put_together_repeat_the_header_and_it_is_no_row(again):
    content = f"sdk_token,subject_reference\n{token(1)},CUST-1\n{again}\n"
    assert [(row["sdk_token"], row["subject_reference"]) for _, row in rows(content)] == [
        (token(1), "CUST-1"),
        (token(2), "CUST-2"),
    ]


def test_lines_that_are_each_in_quotes_are_read():
    """As a spreadsheet saves a table that it had opened as a single column."""
    content = f'"sdk_token;subject_reference"\r\n"{token(1)};CUST-1"\r\n"{token(2)};""Berg; Anna"""\r\n'
    assert references(content) == ["CUST-1", "Berg; Anna"]


def test_a_column_that_is_there_twice_is_refused():
    with pytest.raises(RegistrationError, match="subject_reference twice"):
        rows("sdk_token,subject_reference,Subject Reference\n")


@pytest.mark.parametrize("content", ["", "\n\n", ",,,\n", "\ufeff", HEADER, "sep=;\n"])
def test_a_file_without_rows_has_no_lines(content):
    assert rows(content) == []


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    try:
        lines = rows(data)
    except RegistrationError:
        return
    for number, row in lines:
        assert number >= 1
        assert isinstance(row, dict | RegistrationError)


JUNK = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=60)


@given(st.lists(st.one_of(JUNK, st.sampled_from(['"', ',"', '","', ',"x', "a,b", '"a\tb"'])), max_size=6))
def test_no_text_between_good_lines_loses_one_of_them(junk):
    good = [f"{token(number)},C-{number},," for number in range(len(junk) + 1)]
    mixed = [line for pair in zip(good, [*junk, ""], strict=True) for line in pair]
    found = [row["sdk_token"] for _, row in rows(csv(*mixed)) if isinstance(row, dict)]
    assert set(found) >= {token(number) for number in range(len(good))}


@given(st.lists(st.binary(max_size=40).filter(lambda line: not set(line) & {10, 13, 0}), max_size=5))
def test_no_bytes_between_good_lines_lose_one_of_them(junk):
    lines = [HEADER.encode(), *(line for n, one in enumerate(junk) for line in (f"{token(n)},C,,".encode(), one)), b""]
    found = [row["sdk_token"] for _, row in rows(b"\n".join(lines)) if isinstance(row, dict)]
    assert set(found) >= {token(number) for number in range(len(junk))}


REFERENCES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@given(st.lists(REFERENCES, min_size=1, max_size=5), st.sampled_from([*DELIMITERS]))
def test_what_is_written_as_csv_is_read_back(texts, delimiter):
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in texts]
    content = csv(
        *(f"{token(number)};{text}".replace(";", delimiter, 1) for number, text in enumerate(quoted)),
        header=f"sdk_token{delimiter}subject_reference",
    )
    assert [row["sdk_token"] for _, row in rows(content)] == [token(number) for number in range(len(texts))]
    assert references(content) == [_unprotected(text) for text in texts]


def _unprotected(text: str) -> str:
    return text[2:-1].strip() if len(text) > 2 and text.startswith('="') and text.endswith('"') else text
