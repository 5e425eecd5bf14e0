"""The codec of a video, read from tables that a stranger wrote."""

import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liveness.codecs import codec_name
from liveness.media import containers
from liveness.media.containers import codec_of
from liveness.sandbox.subjects import ASSETS
from tests.films import box, element, film, recording, track


def read(content: bytes, size: int | None = None) -> str:
    return codec_of(io.BytesIO(content), len(content) if size is None else size)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("avc1", "H.264"),
        ("avc3", "H.264"),
        ("hvc1", "H.265"),
        ("hev1", "H.265"),
        ("av01", "AV1"),
        ("vp09", "VP9"),
        ("mp4v", "MPEG-4 Part 2"),
        ("zzzz", "zzzz"),
    ],
)
def test_it_reads_the_codec_of_the_pictures_and_not_of_the_sound(code, name):
    for content in (film(code.encode()), film(code.encode(), brand=None), film(code.encode(), brand=b"qt  ")):
        assert read(content) == code
    assert codec_name(code) == name


def test_it_reads_a_real_video():
    assert codec_name(read((ASSETS / "amara.mp4").read_bytes())) == "H.264"


@pytest.mark.parametrize(("code", "name"), [("V_VP8", "VP8"), ("V_VP9", "VP9"), ("V_MPEG4/ISO/AVC", "H.264")])
def test_it_reads_the_codec_of_a_recording(code, name):
    assert codec_name(read(recording(code.encode()))) == name


def test_it_reads_long_boxes_and_one_that_ends_with_the_file():
    moov = track(b"vide", b"hvc1")
    long = (1).to_bytes(4, "big") + b"moov" + (len(moov) + 16).to_bytes(8, "big") + moov
    assert read(box(b"ftyp", b"isom") + long) == "hvc1"
    assert read(box(b"ftyp", b"isom") + bytes(4) + b"moov" + moov) == "hvc1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        box(b"ftyp", b"isom"),
        box(b"moov", track(b"soun", b"mp4a")),
        film()[:-200],
        box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stsd", bytes(60)))))))[:40],
        film(b"\x00\x01\x02\x03"),
        film(b"\xff\xfeab"),
        recording()[:30],
        element(b"\x1a\x45\xdf\xa3", b"\x00" * 20),
        b"\x1a\x45\xdf\xa3",
    ],
)
def test_a_file_without_a_readable_codec_has_none(content):
    assert read(content) == ""


def test_a_box_that_does_not_fit_its_parent_ends_the_search():
    assert read((2**31).to_bytes(4, "big") + b"free" + film()) == ""
    assert read((7).to_bytes(4, "big") + b"free" + film()) == ""


def test_a_file_of_a_million_boxes_is_left_soon():
    begun = time.process_time()
    assert read(box(b"free") * 1_000_000 + film()) == ""
    nested = b"moov" * 200_000
    assert read(nested) == ""
    assert time.process_time() - begun < 2


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda content, at, spoilt: content[:at] + spoilt + content[at + len(spoilt) :],
        st.sampled_from([film(b"hvc1"), film(brand=None), recording()]),
        st.integers(0, 800),
        st.binary(max_size=12),
    ),
    st.integers(0, 2_000),
)
@example(recording(), 2_000)
@example(film(), 2_000)
def test_no_bytes_break_the_reader(content, size):
    for code in (read(content), read(content, size)):
        assert code.isprintable() and len(code) <= containers._LONGEST_CODEC
