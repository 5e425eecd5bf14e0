"""The download's own guards; broken servers are in `tests/liveness/worker/test_faults.py`."""

import hashlib
import ipaddress
import socket
import tracemalloc
from types import SimpleNamespace

import pytest
from django.test import override_settings
from werkzeug.wrappers import Response

from liveness import counters
from liveness.client.dialer import Dialer
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.media.fetching import download, url_allow_list
from liveness.models import MediaKind

CONTENT = b"\x00\x01" * 500_000


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


@pytest.fixture
def serve(httpserver, settings):
    httpserver.expect_request("/file").respond_with_data(CONTENT, content_type="video/mp4")
    settings.LIVENESS_MEDIA_ORIGINS = [httpserver.url_for("").rstrip("/")]
    return httpserver.url_for("/file")


def fetch(url, part, content=CONTENT):
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return download.fetch(url, part, kind=MediaKind.VIDEO, size=len(content), md5=md5)


def test_it_counts_and_digests_what_it_writes(serve, part):
    measured = fetch(serve, part)
    assert part.read_bytes() == CONTENT
    assert measured.size == len(CONTENT)
    assert measured.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert part.stat().st_mode & 0o777 == 0o600


def test_a_file_larger_than_allowed_is_not_begun(serve, part, settings, httpserver):
    settings.LIVENESS_MEDIA_MAX_BYTES = {"video": 1000}
    with pytest.raises(MediaError, match="LIVENESS_MEDIA_MAX_BYTES"):
        fetch(serve, part)
    assert not httpserver.log
    assert not part.exists()


def test_memory_does_not_grow_with_the_file(part, settings, httpserver):
    block, count = b"\x00\x01" * 32_768, 400
    settings.LIVENESS_MEDIA_ORIGINS = [httpserver.url_for("").rstrip("/")]
    httpserver.expect_request("/file").respond_with_handler(lambda request: Response(block for _ in range(count)))
    digest = hashlib.md5(usedforsecurity=False)
    for _ in range(count):
        digest.update(block)
    tracemalloc.start()
    url, size = httpserver.url_for("/file"), len(block) * count
    download.fetch(url, part, kind=MediaKind.VIDEO, size=size, md5=digest.hexdigest())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert part.stat().st_size == size > 25_000_000
    assert peak < 4_000_000


def test_a_listed_host_that_leads_to_a_private_address_is_refused(part, settings, monkeypatch):
    settings.LIVENESS_MEDIA_ORIGINS = ["https://*.myqcloud.com"]
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: addresses)
    with pytest.raises(MediaError, match="address"):
        fetch("https://bucket.myqcloud.com/file?q-signature=canary", part)
    assert not part.exists()


def test_one_private_address_among_public_ones_refuses_the_host():
    dialer = Dialer(lambda host, port: ["8.8.8.8", "::1"], url_allow_list.is_public)
    with pytest.raises(Exception, match="address"):
        dialer.connect("bucket.myqcloud.com", 443, 1.0)


def test_a_public_address_passes_the_guard():
    assert url_allow_list.is_public(ipaddress.ip_address("8.8.8.8"))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"status": 403}, LossCause.LINK),
        ({"status": 503}, LossCause.DOWNLOAD),
        ({"response_data": CONTENT[:-1] + b"x"}, LossCause.MISMATCH),
        ({"response_data": CONTENT[:-1]}, LossCause.MISMATCH),
    ],
    ids=["a link that ran out", "a busy host", "another digest", "a cut file"],
)
def test_a_fresh_link_may_mend_what_the_host_did_wrong(answer, cause, part, settings, httpserver):
    settings.LIVENESS_MEDIA_ORIGINS = [httpserver.url_for("").rstrip("/")]
    httpserver.expect_request("/file").respond_with_data(**answer)
    with pytest.raises(MediaError) as problem:
        fetch(httpserver.url_for("/file"), part)
    assert (problem.value.is_refetchable, problem.value.cause) == (True, cause)


def test_no_fresh_link_mends_a_setting_or_a_full_disk(serve, part, monkeypatch):
    problems = []
    for refusing in ({"LIVENESS_MEDIA_MAX_BYTES": {"video": 1000}}, {"LIVENESS_MEDIA_ORIGINS": []}):
        with override_settings(**refusing), pytest.raises(MediaError) as problem:
            fetch(serve, part)
        problems.append(problem.value)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(MediaError) as problem:
        fetch(serve, part)
    problems.append(problem.value)
    assert [found.is_refetchable for found in problems] == [False] * 3
    assert [found.cause for found in problems] == [LossCause.REFUSED, LossCause.REFUSED, LossCause.STORAGE]


def test_bytes_that_somebody_else_is_writing_are_left_alone(serve, part):
    part.write_bytes(b"another run's")
    with pytest.raises(MediaError):
        fetch(serve, part)
    assert part.read_bytes() == b"another run's"


def test_it_counts_what_came_of_it(serve, part, monkeypatch):
    counted = []
    monkeypatch.setattr(counters, "count", lambda counter, amount=1, label="": counted.append((counter, amount, label)))
    fetch(serve, part)
    with pytest.raises(MediaError):
        fetch(serve, part, b"something else")
    stored, size, failed = (counters.DOWNLOADS, 1, "stored"), (counters.DOWNLOAD_BYTES, len(CONTENT), ""), "failed"
    assert counted == [stored, size, (counters.DOWNLOADS, 1, failed)]
