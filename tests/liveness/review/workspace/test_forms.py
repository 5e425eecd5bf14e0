"""The hidden fields of the decision come from a browser that anybody can steer."""

import json

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from liveness.review.workspace.forms import Typed


@given(st.text(max_size=200) | st.from_regex(r'\[\{"at":.{0,40}\}\]'))
def test_no_marks_break_it(text):
    shown = Typed(marks=text, played=text).shown
    assert shown.played is None or 0 <= shown.played <= 1
    json.dumps(shown.marks, allow_nan=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["at", "text"]), inner),
    )
)
def test_only_marks_are_taken_for_marks(value):
    for at, text in Typed(marks=json.dumps(value)).shown.marks:
        assert isinstance(at, float) and 0 <= at <= 86400
        assert text.encode("utf-8").decode() == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"at": 1.5, "text": "a\\u0000b"}]', ((1.5, "ab"),)),
        ('[{"at": 2, "text": "\\ud800"}]', ((2.0, "?"),)),
        ('[{"at": 1e400}, {"at": NaN}, {"at": -1}, {"at": true}, {"at": "1"}, 7]', ()),
        ('[{"at": %s}]' % ("9" * 400), ()),
        ("[" * 100_000, ()),
        ('{"at": 1}', ()),
    ],
)
def test_marks_are_read_strictly(text, expected):
    assert Typed(marks=text).shown.marks == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.5", 0.5), ("7", 1.0), ("-1", 0.0), ("nan", None), ("inf", None), ("", None), ("x", None), ("1e999", None)],
)
def test_the_played_share_is_a_share(text, expected):
    assert Typed(played=text).shown.played == expected


def test_what_a_session_kept_is_what_was_typed():
    posted = QueryDict("outcome=reject&reasons=a&reasons=b&internal_note=one%0D%0Atwo%00&marks=[]&claim=x")
    typed = Typed.of(posted)
    assert typed == Typed("reject", ("a", "b"), "one\ntwo", marks="[]")
    assert Typed.from_session(json.loads(json.dumps(typed.for_session()))) == typed


def test_a_session_of_another_version_is_read_as_far_as_it_is_known():
    assert Typed.from_session({"internal_note": "kept", "gone": 1}) == Typed(internal_note="kept")


@pytest.mark.parametrize("typed", [Typed(), Typed(internal_note=" \n"), Typed(played="1", marks="[]")])
def test_nothing_that_a_person_would_type_again_is_empty(typed):
    assert typed.is_empty and not Typed(outcome="retry").is_empty
