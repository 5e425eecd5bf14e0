"""CSV that a spreadsheet opens without running anything in it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.web import csv_export


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n=1"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert csv_export.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["S-1", "", "a=b", "12", "it's"])
def test_other_text_stays_as_it_is(text):
    assert csv_export.cell(text) == text


@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")), min_size=2, max_size=2
        )
    )
)
def test_what_is_written_is_read_again_and_no_cell_is_a_formula(rows):
    text = "".join(csv_export.lines(["a", "b"], rows)).removeprefix(csv_export.BYTE_ORDER_MARK)
    head, *read = csv.reader(io.StringIO(text, newline=""))
    assert head == ["a", "b"]
    assert read == [[csv_export.cell(cell) for cell in row] for row in rows]
    assert not any(cell.lstrip(" ").startswith(csv_export.FORMULA_STARTS) for row in read for cell in row)
