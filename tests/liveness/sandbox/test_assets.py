"""The pictures and videos are real."""

import struct
from collections.abc import Iterator

import pytest
from PIL import Image

from liveness.sandbox.subjects import ASSETS, SUBJECTS

DRAWINGS = sorted({subject.drawing for subject in SUBJECTS.values() if subject.drawing})


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The top-level boxes of an ISO base media file (ISO/IEC 14496-12, section 4.2)."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        yield kind.decode(), data[at : at + size]
        at += size
    assert at == len(data)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_best_frame_decodes_whole(name: str):
    with Image.open(ASSETS / f"{name}.jpg", formats=["JPEG"]) as picture:
        picture.load()
        assert picture.size == (480, 640)
        assert picture.getcolors(1000) is None


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_video_can_start_before_it_is_whole(name: str):
    found = dict(boxes((ASSETS / f"{name}.mp4").read_bytes()))
    kinds = [kind for kind in found if kind in ("ftyp", "moov", "mdat")]
    assert kinds == ["ftyp", "moov", "mdat"]
    assert b"avc1" in found["moov"]
    assert len(found["mdat"]) > 10_000


def test_every_file_is_used_and_the_whole_is_small():
    files = sorted(ASSETS.iterdir())
    assert {path.stem for path in files} == set(DRAWINGS)
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_no_two_files_are_the_same():
    files = [path.read_bytes() for path in ASSETS.iterdir()]
    assert len(set(files)) == len(files)
