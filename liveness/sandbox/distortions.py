"""The simulated ways in which an HTTP answer, of the API or of the storage, goes wrong.

A distortion takes the answer and returns the one to send instead; its keyword arguments are the fault's options.
"""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from liveness.sandbox.errors import MediaRefusal
from liveness.sandbox.media import refused
from liveness.sandbox.reply import Place, Reply

Distortion = Callable[..., Reply]
HTML = b"<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Sign in to the network</h1></body></html>"


def _delivered(reply: Reply, **how: Any) -> Reply:
    return replace(reply, delivery=replace(reply.delivery, **how))


def _delay(reply: Reply, seconds: float = 1.0) -> Reply:
    return _delivered(reply, wait=seconds)


def _stall(reply: Reply, at: Place = "start") -> Reply:
    return _delivered(reply, cut=at, ending="hold")


def _close(reply: Reply, at: Place = "start") -> Reply:
    return _delivered(reply, cut=at, ending="close")


def _reset(reply: Reply, at: Place = "start") -> Reply:
    return _delivered(reply, cut=at, ending="reset")


def _truncate(reply: Reply) -> Reply:
    return _close(reply, at="middle")


def _drip_headers(reply: Reply, pause: float = 0.05) -> Reply:
    return _delivered(reply, header_pause=pause)


def _drip_body(reply: Reply, pause: float = 0.05, piece: int = 1) -> Reply:
    return _delivered(reply, body_pause=pause, piece=max(1, piece))


def _endless(reply: Reply) -> Reply:
    return _delivered(replace(reply, framing="none"), is_continuous=True)


def _html(reply: Reply, status: int = 502) -> Reply:
    return Reply(status, HTML, "text/html; charset=utf-8")


def _empty(reply: Reply, status: int = 200) -> Reply:
    return Reply(status, b"", reply.content_type)


def _redirect(reply: Reply, location: str, status: int = 302) -> Reply:
    return Reply(status, b"", "text/html", (("Location", location),))


def _content_type(reply: Reply, value: str = "application/json; charset=utf-8") -> Reply:
    return replace(reply, content_type=value)


def _body(reply: Reply, text: str = "", as_base64: str | None = None) -> Reply:
    return replace(reply, body=text.encode() if as_base64 is None else base64.b64decode(as_base64))


def _duplicate_keys(reply: Reply, key: str = "Result", value: Any = "0") -> Reply:
    again = f", {json.dumps(key)}: {json.dumps(value)}}}}}"
    return replace(reply, body=reply.body.removesuffix(b"}}") + again.encode())


def _gzip(reply: Reply) -> Reply:
    return replace(reply, body=gzip.compress(reply.body), headers=(*reply.headers, ("Content-Encoding", "gzip")))


def _gzip_bomb(reply: Reply, megabytes: int = 64) -> Reply:
    # White space after a JSON document is legal, so a careless reader accepts what it inflates.
    return _gzip(replace(reply, body=reply.body + b" " * (megabytes * 1024 * 1024)))


def _longer_than_declared(reply: Reply, extra: int = 1024) -> Reply:
    """More bytes follow than Content-Length says."""
    return _delivered(replace(reply, body=reply.body + b"\0" * extra, declared=len(reply.body)), ending="close")


def _oversized(reply: Reply, extra: int = 1024) -> Reply:
    """A well-formed answer whose body is longer than the Size that the API gave."""
    return replace(reply, body=reply.body + b"\0" * extra)


def _bit_flip(reply: Reply, at: int | None = None) -> Reply:
    spoilt = bytearray(reply.body)
    if spoilt:
        spoilt[len(spoilt) // 2 if at is None else at] ^= 1
    return replace(reply, body=bytes(spoilt))


def _broken_chunks(reply: Reply) -> Reply:
    """The chunked body ends before its last chunk does."""
    return _close(replace(reply, framing="chunked"), at="middle")


def _both_lengths(reply: Reply) -> Reply:
    """Content-Length and Transfer-Encoding in one answer, which RFC 9112 section 6.1 forbids."""
    return _delivered(replace(reply, framing="both"), ending="close")


def _forbidden(reply: Reply) -> Reply:
    return refused(MediaRefusal(403, "AccessDenied", "Request has expired"))


def _not_found(reply: Reply) -> Reply:
    return refused(MediaRefusal(404, "NoSuchKey", "The specified key does not exist."))


DISTORTIONS: dict[str, Distortion] = {
    "delay": _delay,
    "stall": _stall,
    "close": _close,
    "reset": _reset,
    "truncate": _truncate,
    "drip_headers": _drip_headers,
    "drip_body": _drip_body,
    "endless": _endless,
    "html": _html,
    "empty": _empty,
    "redirect": _redirect,
    "content_type": _content_type,
    "body": _body,
    "duplicate_keys": _duplicate_keys,
    "gzip": _gzip,
    "gzip_bomb": _gzip_bomb,
    "longer_than_declared": _longer_than_declared,
    "oversized": _oversized,
    "bit_flip": _bit_flip,
    "broken_chunks": _broken_chunks,
    "both_lengths": _both_lengths,
    "forbidden": _forbidden,
    "not_found": _not_found,
}
MEDIA_ONLY = frozenset({"forbidden", "not_found", "bit_flip", "oversized"})
