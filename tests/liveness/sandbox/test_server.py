"""The sandbox as a process's guest: loopback only, quiet, and gone when it is stopped."""

import logging
import socket
import time

import pytest

from liveness.sandbox import Sandbox, SandboxError
from tests.liveness.sandbox.calling import download, post, raw_call, raw_request, read, received


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "8.8.8.8", "", "::", "example.org"])
def test_it_listens_on_loopback_only(host: str):
    with pytest.raises(SandboxError, match="loopback"):
        Sandbox(host=host)


def test_it_says_that_a_port_is_busy(sandbox: Sandbox):
    with pytest.raises(SandboxError, match=f"{sandbox.port}.*choose another port"):
        Sandbox(sandbox.port)


def test_it_refuses_to_hand_out_scenarios_that_do_not_exist():
    with pytest.raises(SandboxError, match="pass_nobody"):
        Sandbox(scenarios=["pass_amara", "pass_nobody"])


def test_it_frees_its_port_and_cuts_its_connections_when_it_stops():
    with Sandbox() as sandbox:
        sandbox.inject("stall")
        stalled = raw_call(sandbox, sandbox.issue())
        while not len(sandbox.calls):
            time.sleep(0.01)
    assert received(stalled) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((sandbox.host, sandbox.port), timeout=1)
    with Sandbox(sandbox.port) as again:
        assert again.port == sandbox.port


def test_stopping_twice_or_unstarted_is_no_error():
    sandbox = Sandbox()
    sandbox.stop()
    with Sandbox() as other:
        other.stop()


def test_it_never_logs_a_token_a_signature_or_a_link(
    sandbox: Sandbox, token: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    with caplog.at_level(logging.DEBUG, logger="liveness.sandbox"):
        reply = post(sandbox, {"SdkToken": token})
        url = reply.json()["Response"]["Video"]["Url"]
        download(url)
        received(raw_request(sandbox, f"BREW /{token} HTTP/1.1", {}))
        received(raw_request(sandbox, f"GET /{token} HTTP/1.1", {"Connection": "close"}))
    written = caplog.text + "".join(capfd.readouterr())
    assert "POST GetLivenessResult -> OK" in caplog.text
    secrets = (token, "q-sign", url.rpartition("/")[2], reply.request.headers["Authorization"], sandbox.secret_id)
    assert not [secret for secret in secrets if secret in written]


def test_it_knows_no_other_paths(sandbox: Sandbox):
    assert download(f"{sandbox.url}/admin").status_code == 404


def test_it_wants_post(sandbox: Sandbox):
    assert download(sandbox.url).json()["Response"]["Error"]["Code"] == "UnsupportedProtocol"


@pytest.mark.parametrize("length", ["-1", "x", "9" * 20])
def test_it_hangs_up_on_a_body_it_will_not_read(sandbox: Sandbox, length: str):
    assert received(raw_request(sandbox, "POST / HTTP/1.1", {"Content-Length": length})) == b""


def test_it_stays_up_after_a_client_went_away(sandbox: Sandbox, token: str):
    sandbox.inject("endless", scope="video")
    raw_call(sandbox, token).close()
    assert read(sandbox, token)["Result"] == "0"
