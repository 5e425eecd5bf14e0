import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.media.byte_ranges import ByteRange, UnsatisfiableRangeError, select

ETAG = '"0123"'


@pytest.mark.parametrize(
    ("header", "start", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 99),
        ("bytes=10-19", 10, 19),
        ("bytes=99-99", 99, 99),
        ("bytes=90-500", 90, 99),
        ("bytes=90-99999999999999999999999999999999999999", 90, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-100", 0, 99),
        ("bytes=-500", 0, 99),
        ("BYTES=5-6", 5, 6),
        ("bytes= 5-6 ", 5, 6),
        ("bytes=,5-6,", 5, 6),
        ("bytes=007-008", 7, 8),
    ],
)
def test_it_honours_one_range(header, start, last):
    assert select(header, 100) == ByteRange(start, last, 100)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-100", "bytes=500-600", "bytes=-0", "bytes=-000"])
def test_it_refuses_a_range_outside_the_file(header):
    with pytest.raises(UnsatisfiableRangeError):
        select(header, 100)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=--5",
        "bytes=5-4",
        "bytes=-5-",
        "bytes=a-b",
        "bytes=0x1-0x2",
        "bytes=1_0-2_0",
        "bytes=+1-+2",
        "bytes=١-٢",
        "bytes=1 - 2",
        "bytes=0-0,5-6",
        "bytes=0-,0-,0-",
        "lines=0-5",
        "0-5",
        "bytes=0-\n",
        "bytes=0-5\x00",
    ],
)
def test_it_sends_the_whole_file_for_anything_else(header):
    assert select(header, 100) is None


def test_it_does_not_read_a_huge_header():
    headers = ["bytes=" + "9" * 100_000 + "-", "bytes=" + "0-1," * 25_000, "bytes=-" + "9" * 100_000]
    started = time.process_time()
    assert [select(header, 100) for header in headers] == [None] * 3
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0"])
def test_nothing_of_an_empty_file_can_be_selected(header):
    with pytest.raises(UnsatisfiableRangeError):
        select(header, 0)


def test_a_suffix_of_an_empty_file_is_the_whole_file():
    assert select("bytes=-5", 0) is None


def test_if_range_with_the_current_tag_keeps_the_range():
    assert select("bytes=0-4", 100, if_range=ETAG, etag=ETAG) == ByteRange(0, 4, 100)


@pytest.mark.parametrize(
    "if_range", ['W/"0123"', '"other"', "", "0123", "*", "Sun, 22 Nov 2026 10:00:00 GMT", f"{ETAG}, {ETAG}"]
)
def test_if_range_with_anything_else_means_the_whole_file(if_range):
    assert select("bytes=0-4", 100, if_range=if_range, etag=ETAG) is None


def test_a_weak_tag_of_ours_never_keeps_a_range():
    assert select("bytes=0-4", 100, if_range='W/"0123"', etag='W/"0123"') is None


def test_if_range_is_decided_before_the_range():
    assert select("bytes=500-", 100, if_range='"old"', etag=ETAG) is None


def test_it_writes_the_content_range_header():
    assert ByteRange(10, 19, 100).content_range == "bytes 10-19/100"
    assert ByteRange(10, 19, 100).length == 10


@given(st.binary(min_size=1, max_size=64), st.integers(0, 80), st.integers(0, 80))
def test_a_selected_range_is_the_slice(content, first, last):
    try:
        chosen = select(f"bytes={first}-{last}", len(content))
    except UnsatisfiableRangeError:
        assert first >= len(content)
        return
    if chosen is None:
        assert last < first
    else:
        assert content[chosen.start :][: chosen.length] == content[first : last + 1]


@given(st.binary(min_size=1, max_size=64), st.integers(1, 80))
def test_a_suffix_is_the_end_of_the_file(content, length):
    chosen = select(f"bytes=-{length}", len(content))
    assert content[chosen.start : chosen.last + 1] == content[-length:]


@given(st.text(max_size=120) | st.from_regex(r"bytes=[0-9, \t-]{0,40}", fullmatch=True), st.integers(0, 200))
def test_whatever_is_asked_stays_inside_the_file(header, size):
    try:
        chosen = select(header, size)
    except UnsatisfiableRangeError:
        return
    assert chosen is None or 0 <= chosen.start <= chosen.last < size
