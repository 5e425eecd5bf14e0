import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.services import links
from liveness.services.links import SKEW

BASE = "https://bucket.cos.ap-singapore.myqcloud.com/file.mp4"
SECONDS = st.integers(min_value=0, max_value=10**12 - 1)
# What a real link has around it.
OTHERS = st.lists(
    st.sampled_from(["q-sign-algorithm=sha1", "q-ak=x", "q-key-time=5;9", "xq-sign-time=1;2"]), unique=True
)


@given(SECONDS, SECONDS, st.sampled_from([";", "%3B", "%3b"]), OTHERS, OTHERS)
def test_it_reads_the_end_of_the_signature_s_life(start, end, between, before, after):
    query = "&".join([*before, f"q-sign-time={start}{between}{end}", *after])
    assert links.expires_at(f"{BASE}?{query}") == (end if start < end else None)


@given(st.text())
def test_no_link_is_so_odd_that_it_fails(text):
    for url in (text, f"{BASE}?q-sign-time={text}", f"{BASE}?q-sign-time=1;{text}&x"):
        assert not links.has_run_out(url, 0.0)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?q-sign-time=",
        "?q-sign-time=5",
        "?q-sign-time=1;2;3",
        "?q-sign-time=1;-2",
        "?q-sign-time=1;٢",
        "?q-sign-time=1;2x",
        "?q-sign-time=1;2\n",
        "?q-sign-time=1;2000000000000",
        "?q-sign-time=2;1",
        "?q-sign-time=1;2&q-sign-time=1;2",
        "?q-sign-time=1;2&q-sign-time=none",
        "?q-key-time=1;2",
    ],
)
def test_a_link_that_does_not_say_or_contradicts_itself_lives(query):
    assert links.expires_at(BASE + query) is None
    assert not links.has_run_out(BASE + query, 10.0**13)


def test_a_link_that_may_still_live_by_the_vendor_s_clock_has_not_run_out():
    url = f"{BASE}?q-sign-time=1000;2000"
    assert [links.has_run_out(url, now) for now in (0, 1999, 2000 + SKEW - 1, 2000 + SKEW)] == [False] * 3 + [True]
