"""Downloads that break off and are taken up again, over real sockets."""

import hashlib
import random
import re
import time
from datetime import UTC, datetime

import pytest

from liveness.exceptions import MediaError
from liveness.media.fetching import download, presigned_urls, transfer
from liveness.models import MediaKind
from tests.liveness.client.server import hang_up, serve, stall

CONTENT = random.Random(1).randbytes(1_000_000)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SIZE = len(CONTENT)
PATH = "/file?q-signature=canary"
CUT = 400_000
OFFERS = {"Accept-Ranges": "bytes", "ETag": '"one"'}


@pytest.fixture(autouse=True)
def _short_waits(settings):
    settings.LIVENESS_MEDIA_TIMEOUTS = (5.0, 5.0)
    settings.LIVENESS_MEDIA_DEADLINES = {"video": 10.0}


@pytest.fixture
def fetch(settings, tmp_path):
    """Fetch from a server of these answers, one for each request; the bytes that are in the file then."""

    def fetch(server, path=PATH, prefix="", size=SIZE, md5=MD5):
        settings.LIVENESS_MEDIA_ORIGINS = [server.url]
        part = tmp_path / "file.part"
        part.unlink(missing_ok=True)
        url = prefix + server.url + path.lstrip()
        measured = download.fetch(url, part, kind=MediaKind.VIDEO, size=size, md5=md5)
        assert measured.sha256 == hashlib.sha256(CONTENT).hexdigest()
        return part.read_bytes()

    return fetch


def host(*answers):
    """A server of these answers in turn, the last over and over; each is a function of the first byte asked for."""

    def handler(connection, server):
        answer = answers[min(len(server.requests), len(answers)) - 1]
        start = int(re.search(r"\d+", server.header("Range") or "0")[0])
        answer(start)(connection, server)

    return serve(handler)


def head(start, status=None, **headers):
    fields = OFFERS | {"Content-Length": len(CONTENT) - start}
    if start:
        fields["Content-Range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status or (206 if start else 200)} x", *lines, "", ""]).encode()


def cut(how=hang_up, at=CUT, **headers):
    """The beginning of what was asked for, and then the end of the connection."""
    return lambda start: how(head(start, **headers) + CONTENT[start : start + at])


def rest(start):
    """All that was asked for."""
    return lambda connection, server: connection.sendall(head(start) + CONTENT[start:])


def ended_by_close(handler):
    """The same, and then the end of the connection, where nothing else says that the answer is over."""

    def handle(connection, server):
        handler(connection, server)
        connection.close()

    return handle


def whole(start):
    """The whole file, whatever was asked for."""
    return rest(0)


def told(**changes):
    """What was asked for, with another status or other headers."""
    return lambda start: lambda connection, server: connection.sendall(head(start, **changes) + CONTENT[start:])


def test_a_download_that_breaks_goes_on_where_it_stopped(fetch):
    with host(cut(), rest) as server:
        assert fetch(server) == CONTENT
        assert server.header("Range", 0) is None
        assert (server.header("Range"), server.header("If-Range")) == (f"bytes={CUT}-", '"one"')


def test_a_download_that_falls_silent_goes_on(fetch, settings):
    settings.LIVENESS_MEDIA_TIMEOUTS = (5.0, 0.5)
    with host(cut(stall, at=900_000), rest) as server:
        assert fetch(server) == CONTENT
        assert 0 < int(server.header("Range")[6:-1]) <= 900_000


def test_it_goes_on_more_than_once(fetch):
    with host(cut(), cut(), rest) as server:
        assert fetch(server) == CONTENT
        assert server.header("Range") == f"bytes={2 * CUT}-"


def test_a_host_that_ignores_the_range_is_read_from_the_beginning(fetch):
    with host(cut(), whole) as server:
        assert fetch(server) == CONTENT


def test_another_version_of_the_file_is_read_from_the_beginning_and_by_its_own_tag(fetch):
    with host(cut(), lambda start: cut(ETag='"two"')(0), lambda start: told(ETag='"two"')(start)) as server:
        assert fetch(server) == CONTENT
        assert server.header("If-Range") == '"two"'


@pytest.mark.parametrize(
    "headers",
    [{"Accept_Ranges": None}, {"Accept_Ranges": "none"}, {"ETag": None}, {"ETag": 'W/"one"'}, {"ETag": "one"}],
    ids=str,
)
def test_it_does_not_go_on_where_the_host_does_not_offer_it(headers, fetch):
    with host(cut(**headers)) as server:
        with pytest.raises(MediaError) as problem:
            fetch(server)
        assert len(server.requests) == 1
        assert problem.value.is_refetchable


def test_it_does_not_go_on_where_nothing_came(fetch):
    with host(cut(at=0)) as server:
        with pytest.raises(MediaError):
            fetch(server)
        assert len(server.requests) == 1


OTHER_PARTS = [
    {"Content_Range": f"bytes {CUT + 1}-{len(CONTENT) - 1}/{len(CONTENT)}"},
    {"Content_Range": f"bytes {CUT}-{len(CONTENT) - 2}/{len(CONTENT)}"},
    {"Content_Range": f"bytes {CUT}-{len(CONTENT) - 1}/{len(CONTENT) + 1}"},
    {"Content_Range": f"bytes {CUT}-{len(CONTENT) - 1}/*"},
    {"Content_Range": None},
    {"Content_Length": len(CONTENT)},
    {"ETag": '"two"'},
    {"status": 416},
]


@pytest.mark.parametrize("changes", OTHER_PARTS, ids=str)
def test_after_another_part_the_same_link_is_read_from_the_beginning(changes, fetch):
    with host(cut(), told(**changes), rest) as server:
        assert fetch(server) == CONTENT
        assert [server.header("Range", at) for at in range(3)] == [None, f"bytes={CUT}-", None]


def spoilt(start):
    """The right part by its headers, with other bytes."""
    return lambda connection, server: connection.sendall(head(start) + bytes(len(CONTENT) - start))


def longer(start):
    body = CONTENT[start:] + b"more"
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    chunked = head(start, Content_Length=None, Transfer_Encoding="chunked")
    return lambda connection, server: connection.sendall(chunked + framed)


@pytest.mark.parametrize("answer", [spoilt, longer])
def test_after_wrong_bytes_the_same_link_is_read_from_the_beginning(answer, fetch):
    with host(cut(), answer, rest) as server:
        assert fetch(server) == CONTENT
        assert [server.header("Range", at) for at in range(3)] == [None, f"bytes={CUT}-", None]


def test_a_whole_file_with_wrong_bytes_is_not_read_again(fetch):
    with host(spoilt) as server:
        with pytest.raises(MediaError, match="MD5") as problem:
            fetch(server)
        assert len(server.requests) == 1
    assert problem.value.is_refetchable


@pytest.mark.parametrize("changes", OTHER_PARTS, ids=str)
def test_it_begins_again_only_once(changes, fetch):
    with host(cut(), told(**changes), cut(), told(**changes)) as server:
        with pytest.raises(MediaError, match="another part") as problem:
            fetch(server)
        assert len(server.requests) == 4
    assert problem.value.is_refetchable
    assert "canary" not in str(problem.value)


@pytest.mark.parametrize(
    "changes", [{"status": 403}, {"status": 302, "Location": "/elsewhere"}, {"status": 503}], ids=str
)
def test_an_answer_that_is_no_part_ends_the_download(changes, fetch):
    with host(cut(), told(**changes)) as server:
        with pytest.raises(MediaError) as problem:
            fetch(server)
        assert len(server.requests) == 2
    assert problem.value.is_refetchable
    assert "canary" not in str(problem.value)


def test_an_idle_connection_that_was_closed_costs_no_download(fetch):
    def ended(start):
        return hang_up()

    with host(rest, ended, rest) as server:
        for _ in range(2):
            assert fetch(server) == CONTENT
        assert (len(server.requests), server.connections) == (3, 2)


def test_a_link_arrives_as_the_vendor_signed_it(fetch):
    with host(rest) as server:
        path = "/a%2fb%7Ec/../d.mp4?sig=%7e%41%2f%3D==&empty&k=a+b%20c'(x)*!"
        assert fetch(server, f" {path}#t=1\n", prefix=" ") == CONTENT
        assert server.requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("length", ["announced", "not announced"])
@pytest.mark.parametrize("md5", ["declared", "not declared"])
def test_a_file_of_undeclared_size_is_fetched_under_the_cap(md5, length, fetch, settings):
    settings.LIVENESS_MEDIA_MAX_BYTES = {"video": len(CONTENT)}
    framing = {} if length == "announced" else {"Content_Length": None, "Connection": "close"}
    with host(lambda start: ended_by_close(told(**framing)(start))) as server:
        assert fetch(server, size=None, **({} if md5 == "declared" else {"md5": None})) == CONTENT


@pytest.mark.parametrize("length", ["announced", "not announced"])
def test_a_file_of_undeclared_size_above_the_cap_is_refused(length, fetch, settings):
    settings.LIVENESS_MEDIA_MAX_BYTES = {"video": len(CONTENT) - 1}
    framing = {} if length == "announced" else {"Content_Length": None, "Connection": "close"}
    with (
        host(lambda start: ended_by_close(told(**framing)(start))) as server,
        pytest.raises(MediaError, match="LIVENESS_MEDIA_MAX_BYTES") as problem,
    ):
        fetch(server, size=None)
    assert not problem.value.is_refetchable


def test_a_file_of_undeclared_size_goes_on_where_it_stopped(fetch):
    with host(cut(), rest) as server:
        assert fetch(server, size=None, md5=None) == CONTENT
        assert server.header("Range") == f"bytes={CUT}-"


def test_nothing_is_no_file(fetch):
    def nothing(start):
        return lambda connection, server: connection.sendall(head(0, Content_Length=0))

    with host(nothing) as server, pytest.raises(MediaError, match="empty"):
        fetch(server, size=None, md5=None)


def test_a_part_that_nobody_asked_for_is_refused(fetch):
    with host(told(status=206)) as server, pytest.raises(MediaError, match="HTTP 206"):
        fetch(server)


def test_a_rest_that_is_longer_than_declared_is_refused(fetch):
    with host(cut(), longer) as server, pytest.raises(MediaError, match="longer"):
        fetch(server)


def test_a_host_that_breaks_off_every_time_is_given_up(fetch):
    with host(cut(at=1000)) as server:
        with pytest.raises(MediaError) as problem:
            fetch(server)
        assert len(server.requests) == transfer.RESUMES + 1
    assert problem.value.is_refetchable


def test_all_the_tries_together_end_at_the_deadline(fetch, settings):
    settings.LIVENESS_MEDIA_DEADLINES = {"video": 0.6}
    begun = time.monotonic()
    with host(cut(), cut(stall), rest) as server, pytest.raises(MediaError, match="deadline"):
        fetch(server)
    assert time.monotonic() - begun < 3


def test_a_link_that_has_run_out_is_not_tried(fetch):
    with host(rest) as server:
        with pytest.raises(MediaError, match="run out") as problem:
            fetch(server, PATH + "&q-sign-time=1000;2000")
        assert server.requests == []
    assert problem.value.is_refetchable
    assert "1000" not in str(problem.value)


def test_a_link_that_lives_is_tried(fetch):
    now = int(time.time())
    with host(rest) as server:
        assert fetch(server, f"{PATH}&q-sign-time={now};{now + 600}") == CONTENT


def test_a_link_runs_out_by_the_clock_that_is_passed_in(settings, tmp_path):
    """The vendor's time may be known where this machine's is wrong."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    start = int(long_ago.timestamp())
    with host(rest) as server:
        settings.LIVENESS_MEDIA_ORIGINS = [server.url]
        url = f"{server.url}{PATH}&q-sign-time={start};{start + 600}"
        declared = {"kind": MediaKind.VIDEO, "size": SIZE, "md5": MD5}
        assert download.fetch(url, tmp_path / "1", **declared, clock=lambda: long_ago).size == SIZE
        with pytest.raises(MediaError, match="run out"):
            download.fetch(url, tmp_path / "2", **declared)


def test_a_link_that_ran_out_meanwhile_is_not_tried_again(fetch, monkeypatch):
    answers = iter([False, True])
    monkeypatch.setattr(presigned_urls, "has_run_out", lambda url, now: next(answers))
    with host(cut(), rest) as server:
        with pytest.raises(MediaError, match="run out"):
            fetch(server)
        assert len(server.requests) == 1
