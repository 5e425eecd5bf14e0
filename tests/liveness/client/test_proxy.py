"""The way out through a proxy, over real sockets: what the proxy sees, and what nobody may see."""

import logging
import traceback

import pytest

from liveness.client.dialer import Dialer
from liveness.client.errors import AddressRefusedError, ConfigurationError, FaceIdError, ProxyRefusedError, TlsError
from liveness.client.proxy import Proxy, parse_proxy
from liveness.client.session import Route, build_session, read_body

from .conftest import KEYS, TOKEN, Certificate, client_for
from .proxying import REFUSED, connect_proxy
from .server import fixture, http, serve, stall

PASSED = http(fixture("get_liveness_result.passed"))
PASSWORD = "pass-canary:/@%"
WITH_PASSWORD = "http://name:pass-canary%3A%2F%40%25@"


def called(url: str, route: Route, **options: object) -> str:
    with client_for(url, route=route, **options) as client:
        return client.get_liveness_result(TOKEN).result


def test_a_call_goes_through_the_proxy_and_is_encrypted_from_end_to_end(certificate: Certificate) -> None:
    with serve(PASSED, context=certificate.context) as server:
        host = f"vendor.invalid:{server.port}"
        with connect_proxy({host: server.port}) as proxy:
            assert called(f"https://{host}", Route(proxy.url, str(certificate.path))) == "0"
    assert proxy.hosts == [host]
    assert server.header("Host") == host
    seen = b"".join(proxy.heads) + proxy.carried
    assert not any(secret.encode() in seen for secret in (TOKEN, KEYS.secret_id, "Authorization: TC3", "SdkToken"))


def test_a_download_goes_through_the_proxy_though_its_addresses_are_guarded(certificate: Certificate) -> None:
    with serve(http(b"file"), context=certificate.context) as server:
        host = f"vendor.invalid:{server.port}"
        with connect_proxy({host: server.port}) as proxy:
            session = build_session(guard=lambda address: False, route=Route(proxy.url, str(certificate.path)))
            response = session.get(f"https://{host}/a%2fb?q-signature=canary")
            assert b"".join(read_body(response)) == b"file"
            session.close()
    assert b"canary" not in b"".join(proxy.heads) + proxy.carried
    assert server.requests[0].startswith(b"GET /a%2fb?q-signature=canary HTTP/1.1\r\n")


def test_the_connection_behind_the_proxy_is_kept(certificate: Certificate) -> None:
    with serve(PASSED, context=certificate.context) as server, connect_proxy() as proxy:
        route = Route(proxy.url, str(certificate.path))
        with client_for(server, route=route) as client:
            for _ in range(3):
                client.get_liveness_result(TOKEN)
    assert len(proxy.heads) == 1


def test_what_is_not_encrypted_stays_off_the_proxy() -> None:
    with serve(PASSED) as server, connect_proxy() as proxy:
        assert called(server.url, Route(proxy.url)) == "0"
    assert proxy.heads == []


def test_name_and_password_reach_the_proxy_alone(certificate: Certificate) -> None:
    route = parse_proxy(f"{WITH_PASSWORD}127.0.0.1:1")
    with (
        serve(PASSED, context=certificate.context) as server,
        connect_proxy(authorization=route.authorization) as proxy,
    ):
        address = f"{WITH_PASSWORD}127.0.0.1:{proxy.port}"
        assert called(server.url, Route(address, str(certificate.path))) == "0"
    assert server.header("Proxy-Authorization") is None


@pytest.mark.parametrize("status", [401, 403, 405, 407])
def test_a_proxy_that_refuses_us_stops_the_run(status: int) -> None:
    with connect_proxy(answer=REFUSED % status) as proxy, pytest.raises(ProxyRefusedError) as caught:
        called("https://vendor.invalid", Route(proxy.url))
    assert (caught.value.stops_run, caught.value.retryable) == (True, False)
    assert f"HTTP {status}" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        REFUSED % 502,
        REFUSED % 503,
        REFUSED % 429,
        REFUSED % 302,
        b"",
        b"\r\n\r\n",
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 2",
        b"x" * 20_000,
    ],
)
def test_a_proxy_that_fails_is_tried_again_later(answer: bytes) -> None:
    with connect_proxy(answer=answer) as proxy, pytest.raises(FaceIdError) as caught:
        called("https://vendor.invalid", Route(proxy.url))
    assert (caught.value.code.startswith("Network."), caught.value.retryable) == (True, True)


def test_a_proxy_that_is_away_is_told_as_such() -> None:
    with pytest.raises(FaceIdError, match="LIVENESS_PROXY cannot be reached") as caught:
        called("https://vendor.invalid", Route("http://127.0.0.1:9"))
    assert caught.value.retryable


def test_a_proxy_that_falls_silent_is_left_at_the_deadline() -> None:
    with serve(stall()) as proxy, pytest.raises(FaceIdError) as caught:
        called("https://vendor.invalid", Route(proxy.url), deadline=0.3)
    assert caught.value.code == "Network.Deadline"


def test_the_certificate_is_checked_behind_the_proxy(
    certificate: Certificate, foreign_certificate: Certificate
) -> None:
    for bundle in ("", str(certificate.path), str(foreign_certificate.path)):
        with serve(PASSED, context=foreign_certificate.context) as server, connect_proxy() as proxy:
            with pytest.raises(TlsError):
                called(server.url, Route(proxy.url, bundle))
            assert server.requests == []


def test_without_a_proxy_the_bundle_counts_alone(certificate: Certificate) -> None:
    with serve(PASSED, context=certificate.context) as server:
        assert called(server.url, Route(ca_bundle=str(certificate.path))) == "0"
        with pytest.raises(TlsError):
            called(server.url, Route())


def test_an_address_that_the_guard_refuses_is_refused_before_the_proxy_is_asked() -> None:
    with connect_proxy() as proxy:
        dialer = Dialer(guard=lambda address: not address.is_loopback, proxy=parse_proxy(proxy.url))
        with pytest.raises(AddressRefusedError):
            dialer.tunnel("127.0.0.1", 443, 1.0)
    assert proxy.heads == []


@pytest.mark.parametrize("answer", [None, REFUSED % 407, REFUSED % 502, b""])
def test_nothing_shows_the_proxy_s_password(answer: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with connect_proxy({"vendor.invalid:443": 9}, answer=answer) as proxy:
        route = Route(f"{WITH_PASSWORD}127.0.0.1:{proxy.port}")
        with client_for("https://vendor.invalid", route=route) as client:
            with pytest.raises(FaceIdError) as caught:
                client.get_liveness_result(TOKEN)
            shown = [
                repr(client),
                repr(route),
                repr(parse_proxy(route.proxy)),
                *traceback.format_exception(caught.value),
            ]
    encoded = parse_proxy(route.proxy).authorization.removeprefix("Basic ")
    assert not any(secret in text for text in [*shown, caplog.text] for secret in ("canary", encoded))


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://proxy.example:3128", Proxy("proxy.example", 3128)),
        (" http://10.0.0.1:8080/ ", Proxy("10.0.0.1", 8080)),
        ("http://[fd00::1]:3128", Proxy("fd00::1", 3128)),
        ("http://a:b@proxy.example:1", Proxy("proxy.example", 1, "Basic YTpi")),
        ("http://a@proxy.example:1", Proxy("proxy.example", 1, "Basic YTo=")),
    ],
)
def test_it_reads_the_address_of_a_proxy(text: str, proxy: Proxy) -> None:
    assert parse_proxy(text) == proxy


@pytest.mark.parametrize(
    "text",
    [
        "canary",
        "canary:3128",
        "http://canary",
        "https://canary:3128",
        "socks5://canary:1080",
        "http://canary:0",
        "http://canary:99999",
        "http://canary:x",
        "http://:3128",
        "http://canary:3128/path",
        "http://canary:3128?x",
        "http://ca nary:3128",
        "http://a:canary@:1",
        "http://[canary:1",
    ],
)
def test_it_refuses_what_is_no_proxy_without_quoting_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_proxy(text)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_that_cannot_be_used_is_refused_before_any_call(content: bytes | None, tmp_path) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="LIVENESS_CA_BUNDLE cannot be used"):
        build_session(route=Route(ca_bundle=str(path)))
