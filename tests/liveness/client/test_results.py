from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.client import results
from liveness.client.results import Group, Outcome, explain

# The reviewer's groups as the project's fact sheet lists them.
GROUPS = {
    (Outcome.PASSED, Group.PASSED): ["0"],
    (Outcome.PENDING, Group.NOT_FINISHED): ["-999", "17", ""],
    (Outcome.FAILED, Group.NOT_FINISHED): ["1409", "1410"],
    (Outcome.FAILED, Group.SUSPECTED_ATTACK): ["1002", "1401"],
    (Outcome.FAILED, Group.NOT_PROVEN): ["16", "1003", "1005", "1301", "1302", "2011"],
    (Outcome.FAILED, Group.CAPTURE_QUALITY): [
        *("1004", "1303", "2004", "2009", "2010", "2012", "2013", "2014", "2017"),
        *map(str, range(1101, 1110)),
        *map(str, range(1201, 1211)),
    ],
    (Outcome.FAILED, Group.MISMATCH): ["2015", "2016"],
    (Outcome.FAILED, Group.PROVIDER_FAULT): ["1001", "4", "8", "9", "10", "11", "202", "2001"],
    (Outcome.UNKNOWN, Group.UNKNOWN): ["1", "2", "3"],
    (Outcome.UNKNOWN, Group.TOKEN): ["14"],
    (Outcome.EXPIRED, Group.TOKEN): ["15"],
}
KNOWN = {code: place for place, codes in GROUPS.items() for code in codes}


@pytest.mark.parametrize(("code", "place"), KNOWN.items())
def test_it_explains_every_published_code(code: str, place: tuple[Outcome, Group]) -> None:
    meaning = explain(code)
    assert (meaning.outcome, meaning.group) == place
    assert meaning.words.endswith((".", "needs a person."))
    assert len(meaning.words) <= 70


@given(st.text(max_size=8).filter(lambda code: code not in KNOWN))
def test_it_sends_every_other_code_to_a_person(code: str) -> None:
    meaning = explain(code)
    assert (meaning.outcome, meaning.group) == (Outcome.UNKNOWN, Group.UNKNOWN)
    assert meaning.words == "Unknown code: needs a person."


@pytest.mark.parametrize("code", [" 0", "0 ", "00", "0.0", "٠", "+0", "-0", "0\n", "Success", "PASS"])
def test_it_takes_only_the_exact_code_for_a_pass(code: str) -> None:
    assert explain(code).outcome is Outcome.UNKNOWN


def test_it_lists_each_code_once() -> None:
    listed = Counter(code for codes in results._TABLE.values() for code in codes)
    assert listed == Counter(KNOWN.keys())


def test_it_has_a_label_for_every_group() -> None:
    assert len({group.label for group in Group}) == len(Group)
