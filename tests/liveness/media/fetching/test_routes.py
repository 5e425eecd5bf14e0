"""LIVENESS_PROXY and LIVENESS_CA_BUNDLE, from the settings to the wire: calls and downloads, over real sockets."""

import hashlib
import logging

import pytest

from liveness import clients
from liveness.client.errors import FaceIdError, TlsError
from liveness.client.session import Route
from liveness.clock import CheckedClock
from liveness.exceptions import MediaError
from liveness.media.fetching import download
from liveness.models import MediaKind
from tests.liveness.client.conftest import TOKEN, certificate, foreign_certificate  # noqa: F401
from tests.liveness.client.proxying import REFUSED, connect_proxy
from tests.liveness.client.server import fixture, http, serve

PASSED = http(fixture("get_liveness_result.passed"))
CONTENT = b"video" * 1000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
# The host of a wildcard, on the port of a test's server.
BUCKET = "https://vendor.invalid"


@pytest.fixture(autouse=True)
def _account(settings, certificate, monkeypatch):  # noqa: F811
    settings.LIVENESS_SECRET_ID, settings.LIVENESS_SECRET_KEY = "id-of-the-key", "the-key-itself"
    settings.LIVENESS_CA_BUNDLE = str(certificate.path)
    settings.LIVENESS_CALL_TIMEOUTS = settings.LIVENESS_MEDIA_TIMEOUTS = (2.0, 2.0)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")


def call():
    with clients.client_for("ap-singapore", CheckedClock()) as client:
        return client.get_liveness_result(TOKEN).result


def fetch(url, tmp_path):
    part = tmp_path / "file.part"
    return download.fetch(url, part, kind=MediaKind.VIDEO, size=len(CONTENT), md5=MD5)


def test_calls_and_downloads_take_the_proxy_of_the_settings(settings, certificate, tmp_path):  # noqa: F811
    with (
        serve(PASSED, context=certificate.context) as api,
        serve(http(CONTENT), context=certificate.context) as storage,
    ):
        places = {f"vendor.invalid:{server.port}": server.port for server in (api, storage)}
        with connect_proxy(places) as proxy:
            settings.LIVENESS_PROXY = proxy.url
            settings.LIVENESS_ENDPOINT = f"{BUCKET}:{api.port}"
            settings.LIVENESS_MEDIA_ORIGINS = [f"https://*.invalid:{storage.port}"]
            assert call() == "0"
            assert fetch(f"{BUCKET}:{storage.port}/a%2fb?q-signature=canary", tmp_path).md5 == MD5
    assert proxy.hosts == list(places)
    assert b"canary" not in proxy.carried + b"".join(proxy.heads)
    assert storage.requests[0].startswith(b"GET /a%2fb?q-signature=canary ")


def test_the_list_of_origins_still_guards_behind_a_proxy(settings, tmp_path):
    with connect_proxy() as proxy:
        settings.LIVENESS_PROXY = proxy.url
        settings.LIVENESS_MEDIA_ORIGINS = ["https://*.myqcloud.com"]
        for url in (f"{BUCKET}/x", "https://127.0.0.1/x", "http://a.myqcloud.com/x", "https://a.myqcloud.com:8443/x"):
            with pytest.raises(MediaError, match="LIVENESS_MEDIA_ORIGINS"):
                fetch(url, tmp_path)
    assert proxy.heads == []


def test_without_the_settings_there_is_no_proxy(settings, certificate, tmp_path):  # noqa: F811
    with serve(PASSED, context=certificate.context) as api:
        settings.LIVENESS_ENDPOINT = api.url
        assert call() == "0"
        settings.LIVENESS_CA_BUNDLE = ""
        with pytest.raises(TlsError):
            call()


def test_a_download_says_what_is_wrong_with_the_way_out(settings, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    settings.LIVENESS_MEDIA_ORIGINS = [BUCKET]
    problems = []
    with connect_proxy(answer=REFUSED % 407) as proxy:
        for settings.LIVENESS_PROXY, settings.LIVENESS_CA_BUNDLE in (
            (f"http://name:canary@127.0.0.1:{proxy.port}", ""),
            ("http://name:canary@proxy", ""),
            ("", "/nowhere"),
        ):
            with pytest.raises(MediaError) as problem:
                fetch(f"{BUCKET}/x", tmp_path)
            problems.append(str(problem.value))
    assert "HTTP 407" in problems[0] and "must look like" in problems[1] and "LIVENESS_CA_BUNDLE" in problems[2]
    assert "canary" not in caplog.text + "".join(problems)


def test_a_refusing_proxy_stops_calls_with_what_to_do(settings, caplog):
    caplog.set_level(logging.DEBUG)
    with connect_proxy(answer=REFUSED % 407) as proxy:
        settings.LIVENESS_PROXY = f"http://name:canary@127.0.0.1:{proxy.port}"
        settings.LIVENESS_ENDPOINT = BUCKET
        with pytest.raises(FaceIdError) as problem:
            call()
    assert problem.value.stops_run
    assert "canary" not in caplog.text + str(problem.value)


def test_no_account_shows_its_proxy(settings):
    settings.LIVENESS_PROXY = "http://name:canary@proxy.example:3128"
    account = clients._Account(clients.Credentials("a", "b"), "", "", (1.0, 1.0), 1.0, CheckedClock(), clients.route())
    assert "canary" not in repr(account) + repr(Route(settings.LIVENESS_PROXY))
