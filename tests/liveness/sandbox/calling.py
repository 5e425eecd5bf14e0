"""A small signed caller of the sandbox, apart from the product's client so that neither can hide the other's fault."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

import requests

from liveness.client import signing
from liveness.client.signing import Credentials
from liveness.sandbox import Sandbox

TIMEOUT = 5


def session() -> requests.Session:
    one = requests.Session()
    one.trust_env = False
    return one


def signed_headers(
    sandbox: Sandbox,
    body: bytes,
    *,
    action: str = "GetLivenessResult",
    credentials: Credentials | None = None,
    at: int | None = None,
    service: str = "faceid",
    sign: tuple[str, ...] = ("content-type", "host"),
    content_type: str = "application/json",
) -> dict[str, str]:
    timestamp = int(time.time()) if at is None else at
    every = {
        "content-type": content_type,
        "host": sandbox.url.removeprefix("http://"),
        "x-tc-action": action.lower(),
    }
    authorization = signing.sign(
        credentials or Credentials(sandbox.secret_id, sandbox.secret_key),
        method="POST",
        query="",
        headers={name: every[name] for name in sign},
        body=body,
        timestamp=timestamp,
        service=service,
    )
    return {
        "Authorization": authorization,
        "Content-Type": content_type,
        "X-TC-Action": action,
        "X-TC-Version": "2018-03-01",
        "X-TC-Timestamp": str(timestamp),
        "X-TC-Region": "ap-singapore",
    }


def post(
    sandbox: Sandbox, given: Any, *, headers: Mapping[str, str | None] | None = None, **how: Any
) -> requests.Response:
    """A signed call; `headers` replace (or, with None, remove) headers after signing."""
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    sent = {**signed_headers(sandbox, body, **how), **(headers or {})}
    with session() as one:
        return one.post(
            sandbox.url,
            data=body,
            headers={name: value for name, value in sent.items() if value is not None},
            timeout=TIMEOUT,
            allow_redirects=False,
        )


def answer(sandbox: Sandbox, given: Any, **how: Any) -> dict[str, Any]:
    """The `Response` object of a signed call."""
    reply = post(sandbox, given, **how)
    assert reply.status_code == 200
    response: dict[str, Any] = reply.json()["Response"]
    return response


def read(sandbox: Sandbox, token: str) -> dict[str, Any]:
    return answer(sandbox, {"SdkToken": token})


def code(sandbox: Sandbox, given: Any, **how: Any) -> str:
    """The error code of a signed call, or `OK`."""
    error = answer(sandbox, given, **how).get("Error")
    return error["Code"] if error else "OK"


def download(url: str, **headers: str) -> requests.Response:
    with session() as one:
        return one.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False)


def raw_call(sandbox: Sandbox, token: str) -> socket.socket:
    """A connection on which a signed call has been sent and nothing has been read."""
    body = json.dumps({"SdkToken": token}).encode()
    headers = signed_headers(sandbox, body)
    return raw_request(sandbox, "POST / HTTP/1.1", {**headers, "Content-Length": str(len(body))}, body)


def raw_request(sandbox: Sandbox, line: str, headers: Mapping[str, str], body: bytes = b"") -> socket.socket:
    connection = socket.create_connection((sandbox.host, sandbox.port), timeout=TIMEOUT)
    fields = {"Host": f"{sandbox.host}:{sandbox.port}", **headers}
    head = "\r\n".join([line, *[f"{name}: {value}" for name, value in fields.items()], "", ""])
    connection.sendall(head.encode() + body)
    return connection


def received(connection: socket.socket) -> bytes:
    """Everything until the other side ends the stream; raises ConnectionResetError when it is cut."""
    data = b""
    with connection:
        while piece := connection.recv(65536):
            data += piece
    return data


def head_and_body(raw: bytes) -> tuple[bytes, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head, body


def declared_length(head: bytes) -> int:
    lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(lines[0].partition(b":")[2])
