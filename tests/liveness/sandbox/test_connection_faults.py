"""Faults in how the bytes travel, seen over a real connection."""

import time

import pytest
import requests

from liveness.sandbox import Sandbox
from tests.liveness.sandbox.calling import declared_length, download, head_and_body, post, raw_call, read, received


def test_an_answer_can_be_late(sandbox: Sandbox, token: str):
    sandbox.inject("delay", seconds=0.3)
    started = time.monotonic()
    assert read(sandbox, token)["Result"] == "0"
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_an_answer_can_stall_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("stall", at=at)
    arrived = {
        "start": lambda data: True,
        "mid_headers": lambda data: len(data) > 0,
        "headers": lambda data: data.endswith(b"\r\n\r\n"),
        "middle": lambda data: len(head_and_body(data)[1]) > 0,
    }
    with raw_call(sandbox, token) as connection:
        data = b""
        while not arrived[at](data):
            data += connection.recv(65536)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
    assert_cut(at, data)


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_a_connection_can_close_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("close", at=at)
    assert_cut(at, received(raw_call(sandbox, token)))


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_a_connection_can_be_reset_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("reset", at=at)
    with pytest.raises(ConnectionResetError):
        received(raw_call(sandbox, token))


def assert_cut(at: str, data: bytes) -> None:
    head, body = head_and_body(data)
    if at == "start":
        assert data == b""
    elif at == "mid_headers":
        assert data and b"\r\n\r\n" not in data
    elif at == "headers":
        assert data.endswith(b"\r\n\r\n") and declared_length(head) > 0
    else:
        assert 0 < len(body) < declared_length(head)


@pytest.mark.parametrize("scope", ["api", "video"])
def test_an_answer_can_be_truncated(sandbox: Sandbox, token: str, scope: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject("truncate", scope=scope)
    with pytest.raises(requests.exceptions.RequestException):
        post(sandbox, {"SdkToken": token}) if scope == "api" else download(url)


@pytest.mark.parametrize("fault", ["drip_headers", "drip_body"])
def test_an_answer_can_drip(sandbox: Sandbox, token: str, fault: str):
    sandbox.inject(fault, pause=0.001)
    started = time.monotonic()
    assert read(sandbox, token)["Result"] == "0"
    assert time.monotonic() - started > 0.1


def test_a_body_can_drip_in_larger_pieces(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["BestFrame"]
    sandbox.inject("drip_body", scope="best_frame", pause=0.01, piece=4096)
    started = time.monotonic()
    assert len(download(info["Url"]).content) == info["Size"]
    assert time.monotonic() - started > info["Size"] // 4096 * 0.01


def test_more_bytes_can_follow_than_were_declared(sandbox: Sandbox, token: str):
    sandbox.inject("longer_than_declared", extra=100)
    head, body = head_and_body(received(raw_call(sandbox, token)))
    assert len(body) == declared_length(head) + 100


def test_the_chunks_can_be_broken(sandbox: Sandbox, token: str):
    sandbox.inject("broken_chunks")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(sandbox, {"SdkToken": token})


def test_two_lengths_can_contradict_each_other(sandbox: Sandbox, token: str):
    sandbox.inject("both_lengths")
    head, body = head_and_body(received(raw_call(sandbox, token)))
    assert b"Transfer-Encoding: chunked" in head
    assert len(body) != declared_length(head)
