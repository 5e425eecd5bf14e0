"""Faults in how HTTP says it, seen over a real connection."""

import gzip
import json

import pytest

from liveness.sandbox import Sandbox
from tests.liveness.sandbox.calling import declared_length, download, head_and_body, post, raw_call, read


def test_json_can_wear_another_content_type(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=None)
    sandbox.inject("content_type")
    sandbox.inject("content_type", value="text/html")
    for wanted in ("application/json; charset=utf-8", "text/html", "application/json"):
        reply = post(sandbox, {"SdkToken": token})
        assert reply.headers["Content-Type"] == wanted
        assert reply.json()["Response"]["Error"]["Code"] == "InternalError"


@pytest.mark.parametrize("status", [200, 429, 500, 502])
def test_a_page_can_stand_in_for_the_answer(sandbox: Sandbox, token: str, status: int):
    sandbox.inject("html", status=status)
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, reply.text[:15]) == (status, "<!DOCTYPE html>")


def test_the_answer_can_be_empty(sandbox: Sandbox, token: str):
    sandbox.inject("empty")
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, reply.content) == (200, b"")


def test_the_body_can_be_anything(sandbox: Sandbox, token: str):
    sandbox.inject("body", text='{"Response": null}')
    sandbox.inject("body", as_base64="//4=")
    assert post(sandbox, {"SdkToken": token}).json() == {"Response": None}
    assert post(sandbox, {"SdkToken": token}).content == b"\xff\xfe"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_noticed_when_it_is_followed(sandbox: Sandbox, token: str, status: int):
    sandbox.inject("redirect", status=status)
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, sandbox.redirects_followed) == (status, 0)
    assert download(reply.headers["Location"]).json()["Response"]["Result"] == "0"
    assert sandbox.redirects_followed == 1


def test_a_small_answer_can_unpack_to_a_big_one(sandbox: Sandbox, token: str):
    sandbox.inject("gzip_bomb", megabytes=3)
    raw = received_once(sandbox, token)
    head, body = head_and_body(raw)
    assert b"Content-Encoding: gzip" in head
    assert len(body) < 20_000
    unpacked = gzip.decompress(body)
    assert len(unpacked) > 3 * 1024 * 1024
    assert json.loads(unpacked)["Response"]["Result"] == "0"


def test_an_answer_can_be_compressed_unasked(sandbox: Sandbox, token: str):
    sandbox.inject("gzip", scope="best_frame")
    info = read(sandbox, token)["BestFrame"]
    reply = download(info["Url"], **{"Accept-Encoding": "identity"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.content) == info["Size"]


def received_once(sandbox: Sandbox, token: str) -> bytes:
    """One raw answer, read as far as its own length says."""
    with raw_call(sandbox, token) as connection:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = head_and_body(data)
        while len(body) < declared_length(head):
            body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
