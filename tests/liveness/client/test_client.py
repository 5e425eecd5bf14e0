"""The client against a real socket: what it sends, what it refuses to send, and what it makes of the answer."""

import json
import logging

import pytest

from liveness.client import signing
from liveness.client.errors import BadRequestError, ConfigurationError, CredentialsError
from liveness.client.faceid import REGIONS, FaceIdClient
from liveness.client.results import explain
from liveness.client.signing import Credentials

from .conftest import KEYS, TOKEN, Certificate, client_for
from .server import Server, fixture, http, serve

NOW = 1_712_115_933.9
PASSED = http(fixture("get_liveness_result.passed"))


def authorization_of(server: Server, credentials: Credentials) -> str:
    """The header that the bytes on the wire deserve, signed again from scratch."""
    return signing.sign(
        credentials,
        method="POST",
        query="",
        headers={"content-type": server.header("Content-Type") or "", "host": server.header("Host") or ""},
        body=server.body(),
        timestamp=int(server.header("X-TC-Timestamp") or 0),
        service="faceid",
    )


def test_it_sends_a_signed_request_with_the_common_parameters() -> None:
    with serve(PASSED) as server, client_for(server, clock=lambda: NOW) as client:
        client.get_liveness_result(TOKEN)
    assert server.requests[0].startswith(b"POST / HTTP/1.1\r\n")
    assert json.loads(server.body()) == {"SdkToken": TOKEN}
    expected = {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "X-TC-Action": "GetLivenessResult",
        "X-TC-Version": "2018-03-01",
        "X-TC-Timestamp": "1712115933",
        "X-TC-Region": "ap-singapore",
        "X-TC-Language": "en-US",
        "X-TC-Token": None,
        "Accept-Encoding": "identity",
        "Authorization": authorization_of(server, KEYS),
    }
    assert {name: server.header(name) for name in expected} == expected
    assert len([line for line in server.requests[0].split(b"\r\n") if line.lower().startswith(b"host:")]) == 1


def test_it_sends_the_token_of_temporary_keys() -> None:
    keys = Credentials(KEYS.secret_id, KEYS.secret_key, "temporary-token")
    with serve(PASSED) as server, client_for(server, credentials=keys) as client:
        client.get_liveness_result(TOKEN)
    assert server.header("X-TC-Token") == "temporary-token"
    assert server.header("Authorization") == authorization_of(server, keys)


def test_it_leaves_the_default_port_out_of_the_signed_host(certificate: Certificate) -> None:
    client = FaceIdClient(KEYS, "ap-jakarta", "https://faceid.intl.tencentcloudapi.com:443")
    assert repr(client) == "FaceIdClient('ap-jakarta', 'faceid.intl.tencentcloudapi.com')"


def test_it_reads_the_result() -> None:
    with serve(PASSED) as server, client_for(server) as client:
        result = client.get_liveness_result(TOKEN)
    assert explain(result.result).outcome == "passed"
    assert result.video is not None
    assert result.video.size == 9_430_792


@pytest.mark.parametrize(("level", "body"), [(None, {}), ("1", {"SecureLevel": "1"}), ("4", {"SecureLevel": "4"})])
def test_it_applies_for_a_token(level: str | None, body: dict[str, str]) -> None:
    with serve(http(fixture("apply_liveness_token.issued"))) as server, client_for(server) as client:
        token = client.apply_liveness_token(level)
    assert token.sdk_token == TOKEN
    assert server.header("X-TC-Action") == "ApplyLivenessToken"
    assert json.loads(server.body()) == body


def test_it_keeps_one_connection_over_twenty_calls() -> None:
    with serve(PASSED) as server, client_for(server) as client:
        for _ in range(20):
            client.get_liveness_result(TOKEN)
        assert (server.connections, len(server.requests)) == (1, 20)


def test_it_keeps_one_connection_after_an_api_error() -> None:
    with serve(http(fixture("get_liveness_result.denied"))) as server, client_for(server) as client:
        for _ in range(3):
            with pytest.raises(BadRequestError):
                client.get_liveness_result(TOKEN)
        assert server.connections == 1


def test_it_opens_a_new_connection_when_the_old_one_was_closed() -> None:
    with serve(http(fixture("get_liveness_result.passed"), headers=("Connection: close",))) as server:
        client = client_for(server)
        for _ in range(3):
            client.get_liveness_result(TOKEN)
        client.close()
        assert server.connections == 3


def test_it_works_over_verified_tls(certificate: Certificate) -> None:
    with serve(PASSED, context=certificate.context) as server, client_for(server) as client:
        client._channel.session.verify = str(certificate.path)
        for _ in range(5):
            assert client.get_liveness_result(TOKEN).result == "0"
        assert server.connections == 1


@pytest.mark.parametrize("token", ["", " ", "two words", "a\nb", "a\x00b", "tökén", "x" * 513, None, 5, b"bytes"])
def test_it_does_not_send_what_cannot_be_a_token(token: str) -> None:
    with serve(PASSED) as server, client_for(server) as client:
        with pytest.raises(BadRequestError):
            client.get_liveness_result(token)
        assert server.connections == 0


@pytest.mark.parametrize("level", ["", "0", "5", 4, "high"])
def test_it_does_not_send_an_unknown_secure_level(level: str) -> None:
    with serve(PASSED) as server, client_for(server) as client:
        with pytest.raises(BadRequestError):
            client.apply_liveness_token(level)
        assert server.connections == 0


@pytest.mark.parametrize(
    "keys",
    [
        Credentials("", "canary"),
        Credentials("canary", ""),
        Credentials("canary ", "canary"),
        Credentials("canary", "canary\n"),
        Credentials("can\rary", "canary"),
        Credentials("canary", "cänary"),
        Credentials("canary", "canary", "canary\r\nX-Evil: 1"),
    ],
)
def test_it_refuses_keys_that_cannot_work(keys: Credentials) -> None:
    with pytest.raises(ConfigurationError, match="TENCENTCLOUD_") as caught:
        FaceIdClient(keys, "ap-singapore")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("region", ["", "ap-bangkok", "AP-SINGAPORE", "ap-singapore "])
def test_it_refuses_an_unsupported_region(region: str) -> None:
    with pytest.raises(ConfigurationError, match="ap-hongkong, ap-jakarta, ap-singapore"):
        FaceIdClient(KEYS, region)


def test_it_knows_the_three_regions() -> None:
    for region in REGIONS:
        FaceIdClient(KEYS, region).close()


@pytest.mark.parametrize("endpoint", ["http://faceid.tencentcloudapi.com", "http://10.0.0.1", "nonsense", ""])
def test_it_refuses_an_unsafe_endpoint(endpoint: str) -> None:
    with pytest.raises(ConfigurationError):
        FaceIdClient(KEYS, "ap-singapore", endpoint)


@pytest.mark.parametrize(
    "limits", [{"timeouts": (0, 1)}, {"timeouts": (1, -1)}, {"deadline": 0}, {"deadline": float("nan")}]
)
def test_it_refuses_time_limits_that_are_none(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        FaceIdClient(KEYS, "ap-singapore", **limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Wed, 03 Apr 2024 03:45:33 GMT", 0.9),
        ("Wed, 03 Apr 2024 03:35:33 GMT", 600.9),
        ("Wed, 03 Apr 2024 03:55:33 GMT", -599.1),
        ("yesterday", None),
        ("Wed, 03 Apr 99999 03:55:33 GMT", None),
        (None, None),
    ],
)
def test_it_measures_the_clock_skew_from_the_answer(date: str | None, skew: float | None) -> None:
    headers = (f"Date: {date}",) if date else ()
    answer = http(fixture("get_liveness_result.signature_expired"), headers=headers)
    with serve(answer) as server:
        client = client_for(server, clock=lambda: NOW)
        with pytest.raises(CredentialsError) as caught:
            client.get_liveness_result(TOKEN)
    assert caught.value.code == "AuthFailure.SignatureExpire"
    assert caught.value.clock_skew_seconds == (None if skew is None else pytest.approx(skew))


def test_it_logs_one_line_per_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(PASSED) as server, client_for(server) as client:
        client.get_liveness_result(TOKEN)
    (record,) = caplog.records
    assert record.name == "liveness.client.transport"
    assert record.getMessage().startswith("GetLivenessResult: ok in ")
    assert record.getMessage().endswith("(request b8cb2269-08b2-426c-8be8-c7142c7e64e4)")
