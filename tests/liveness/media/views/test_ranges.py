"""Parts of a file: exactly what was asked for, and never more than the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.media.responses import Evidence, Slice, deliver
from tests.liveness.media.views.visiting import CONTENT, SEALS, seals, url

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("asked", "start", "last"),
    [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199), ("bytes=-10", 10230, 10239), ("bytes=10000-", 10000, 10239)],
)
def test_it_sends_exactly_the_range_asked_for(viewer, video, asked, start, last):
    response = viewer.get(url(video), headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{last}/10240"
    assert response["Content-Length"] == str(last - start + 1)
    assert response.getvalue() == CONTENT[start : last + 1]
    assert seals(response) == SEALS


def test_it_answers_416_past_the_end(viewer, video):
    response = viewer.get(url(video), headers={"Range": "bytes=10240-"})
    assert (response.status_code, response["Content-Range"], response.content) == (416, "bytes */10240", b"")
    assert seals(response) == SEALS


@pytest.mark.parametrize("asked", ["bytes=0-0,5-6", "bytes=0-,0-,0-", "lines=0-1", "bytes=9-1", "bytes=" + "1" * 500])
def test_it_never_sends_more_than_the_file_whatever_is_asked(viewer, video, asked):
    response = viewer.get(url(video), headers={"Range": asked})
    assert (response.status_code, response.getvalue()) == (200, CONTENT)


def test_if_range_protects_against_joining_two_files(viewer, video):
    current = f'"{video.sha256}"'
    for tag, status in ((current, 206), ('"other"', 200), (f"W/{current}", 200)):
        assert viewer.get(url(video), headers={"Range": "bytes=0-4", "If-Range": tag}).status_code == status


def test_head_has_the_headers_of_get_without_the_body_and_ignores_ranges(viewer, video):
    get, head = viewer.get(url(video)), viewer.head(url(video), headers={"Range": "bytes=0-4"})
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


def test_the_file_is_closed_when_the_answer_is(rf, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    evidence = Evidence(path, "file", len(CONTENT), "video/mp4", "video.mp4", '"tag"')
    response = deliver(rf.get("/", headers={"Range": "bytes=0-99"}), evidence)
    part = response.file_to_stream
    response.close()
    with pytest.raises(ValueError, match="closed file"):
        part.read()


@given(st.binary(max_size=50), st.integers(0, 50), st.integers(0, 60), st.integers(1, 20))
def test_a_slice_ends_where_it_should(tmp_path_factory, content, start, length, step):
    path = tmp_path_factory.getbasetemp() / "slice"
    path.write_bytes(content)
    file = path.open("rb", buffering=0)
    file.seek(start)
    part = Slice(file, length)
    assert b"".join(iter(lambda: part.read(step), b"")) == content[start : start + length]
    part.close()
