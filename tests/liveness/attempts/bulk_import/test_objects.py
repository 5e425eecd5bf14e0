"""JSON as programs save it."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.attempts.bulk_import import reading
from liveness.exceptions import RegistrationError
from tests.liveness.attempts.bulk_import.saving import rows, token

ONE, TWO = ({"sdk_token": token(number), "subject_reference": f"C-{number}"} for number in (1, 2))


def read_well(content) -> list:
    return [row for _, row in rows(content) if isinstance(row, dict)]


@pytest.mark.parametrize(
    "content",
    [
        f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
        f"{json.dumps(ONE)}\r\n\r\n{json.dumps(TWO)}",
        f"\ufeff{json.dumps(ONE)},\n{json.dumps(TWO)},\n",
        json.dumps([ONE, TWO]),
        json.dumps([ONE, TWO], indent=2),
        f"\n[\n{json.dumps(ONE)},\n{json.dumps(TWO)}\n]\n",
        f"{json.dumps(ONE, indent=2)}\n{json.dumps(TWO, indent=2)}",
        json.dumps([ONE, TWO]).encode("utf-16"),
    ],
    ids=["lines", "windows", "commas", "array", "indented array", "array of lines", "indented", "utf-16"],
)
def test_lines_arrays_and_indented_objects_are_read(content):
    assert read_well(content) == [ONE, TWO]


def test_lines_are_numbered_as_in_an_editor():
    assert [number for number, _ in rows(f"[\n{json.dumps(ONE)},\n\n{json.dumps(TWO)}]")] == [2, 4]


def test_names_are_matched_as_in_a_table_and_unknown_ones_are_named_once():
    line = '{"SdkToken": "import-token-000001", "subject-reference": "C-1", "customer": "Ann"}\n'
    records = reading.read((line * 2).encode())
    assert [row for _, row in records.lines] == [ONE, ONE]
    assert records.notes == ["ignored columns: customer"]


@pytest.mark.parametrize(
    "bad",
    [
        "garbage",
        "123",
        "null",
        '["a", "b"]',
        '{"sdk_token": "import-token-000009"',
        '{"sdk_token": "x',
        '{"sdk_token": "import-token-000009"}',
        '{"sdk_token": "a", "SdkToken": "b", "subject_reference": "c"}',
        '{"sdk_token": "import-token-000009", "subject_reference": NaN}',
        '{"sdk_token": "import-token-000009", "subject_reference": "x"} and more',
        '{"sdk_token": "import-token-000009", "subject_reference": "%s"}' % ("x" * 5000),
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"subject_reference": %s}' % ("9" * 5000),
    ],
    ids=range(14),
)
def test_a_bad_line_is_named_and_every_other_line_is_read(bad):
    lines = rows(f"{json.dumps(ONE)}\n{bad}\n{json.dumps(TWO)}\n")
    assert [number for number, row in lines if isinstance(row, RegistrationError)] == [2]
    assert [row for _, row in lines if isinstance(row, dict)] == [ONE, TWO]


@pytest.mark.parametrize("bad", ["garbage", '{"sdk_token": }', '{"sdk_token": "x"', "7", '"text"'])
def test_a_bad_element_of_an_array_is_named_and_every_other_is_read(bad):
    for between in ("\n", " "):
        content = f"[{between}{json.dumps(ONE)},{between}{bad},{between}{json.dumps(TWO)}{between}]"
        assert read_well(content) == [ONE, TWO]


def test_a_first_line_that_is_spoilt_leaves_the_others():
    lines = rows(f"oops\n{json.dumps(ONE)}\n{json.dumps(TWO)}\n")
    assert [type(row) for _, row in lines] == [RegistrationError, dict, dict]


JUNK = st.text(st.characters(exclude_characters="\n\r{[", exclude_categories=["Cs"]), max_size=60)


@given(st.lists(st.one_of(JUNK, st.sampled_from(['{"a', '{"a": 1', "[1,", '"'])), max_size=6))
def test_no_text_between_good_lines_loses_one_of_them(junk):
    good = [{"sdk_token": token(number), "subject_reference": "C"} for number in range(len(junk) + 1)]
    content = "\n".join(line for one, other in zip(good, [*junk, ""], strict=True) for line in (json.dumps(one), other))
    assert [row for row in read_well(content) if row in good] == good


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(JSON)
def test_no_json_breaks_the_reader(value):
    with suppress(RegistrationError):
        assert all(isinstance(row, dict | RegistrationError) for _, row in rows(json.dumps(value)))
