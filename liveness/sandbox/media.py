"""Object storage in the manner of Tencent COS: presigned links that expire, XML refusals, ranges.

Source: "Request Signature" and "Error Codes" of the Cloud Object Storage documentation
(https://www.tencentcloud.com/document/product/436/7778).
"""

import hashlib
import hmac
import re
import secrets
import threading
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from liveness.sandbox.clock import SandboxClock
from liveness.sandbox.errors import MediaRefusal
from liveness.sandbox.reply import Reply
from liveness.sandbox.subjects import Asset, Subject

PREFIX = "/media/"
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True)
class MediaObject:
    """A stored file: its `kind` is `best_frame` or `video`; the token is the one whose result names it."""

    kind: str
    subject: Subject
    token: str

    @property
    def file(self) -> Asset:
        """The bytes, made anew: a store of a million of them would not fit into memory."""
        file = self.subject.file(self.kind, self.token)
        assert file is not None, "only files that are there have a link"  # noqa: S101
        return file


class MediaStore:
    """Names files and signs links to them; a link lives `ttl` sandbox seconds."""

    def __init__(self, clock: SandboxClock, ttl: float) -> None:
        self.clock = clock
        self.ttl = ttl
        self._secret = secrets.token_hex(16)
        self._paths: dict[MediaObject, str] = {}
        self._objects: dict[str, MediaObject] = {}
        self._lock = threading.Lock()

    def url(self, base: str, item: MediaObject) -> str:
        """A fresh link to the file, whose path stays the same from one link to the next."""
        with self._lock:
            suffix = item.file.name.rpartition(".")[2]
            path = self._paths.setdefault(item, f"{PREFIX}{uuid.uuid4().hex}.{suffix}")
            self._objects[path] = item
        start = int(self.clock.now())
        lifetime = f"{start};{start + int(self.ttl)}"
        proof = self._signature("get", path, urlsplit(base).netloc, lifetime)
        return (
            f"{base}{path}?q-sign-algorithm=sha1&q-ak=AKIDSANDBOXSTORAGE&q-sign-time={lifetime}"
            f"&q-key-time={lifetime}&q-header-list=host&q-url-param-list=&q-signature={proof}"
        )

    def find(self, method: str, path: str, query: str, host: str) -> MediaObject:
        """The file behind a link, or the refusal the storage would give."""
        given = {name: values[0] for name, values in parse_qs(query, separator="&").items()}
        lifetime = given.get("q-sign-time", "")
        proof = self._signature(method.lower(), path, host.lower(), lifetime)
        if not given:
            raise MediaRefusal(403, "AccessDenied", "Access Denied.")
        if not hmac.compare_digest(proof.encode(), given.get("q-signature", "").encode()):
            raise MediaRefusal(403, "SignatureDoesNotMatch", "The Signature you specified is invalid.")
        if self.clock.now() >= int(lifetime.partition(";")[2]):
            raise MediaRefusal(403, "AccessDenied", "Request has expired")
        if path not in self._objects:
            raise MediaRefusal(404, "NoSuchKey", "The specified key does not exist.")
        return self._objects[path]

    def forget(self, token: str) -> None:
        """Delete a token's files, as the vendor does when their time has come; links then answer 404."""
        with self._lock:
            self._objects = {path: item for path, item in self._objects.items() if item.token != token}

    def _signature(self, method: str, path: str, host: str, lifetime: str) -> str:
        request = f"{method}\n{path}\n\nhost={host}\n"
        digest = hashlib.sha1(request.encode(), usedforsecurity=False).hexdigest()
        key = hmac.new(self._secret.encode(), lifetime.encode(), "sha1").hexdigest()
        return hmac.new(key.encode(), f"sha1\n{lifetime}\n{digest}\n".encode(), "sha1").hexdigest()


def refused(refusal: MediaRefusal) -> Reply:
    """The XML answer of the storage."""
    text = (
        f"<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{refusal.code}</Code>\n"
        f"\t<Message>{escape(refusal.message)}</Message>\n\t<RequestId>{uuid.uuid4().hex}</RequestId>\n</Error>\n"
    )
    return Reply(refusal.status, text.encode(), "application/xml")


def served(item: MediaObject, wanted: str | None, condition: str | None = None) -> Reply:
    """The file, or the part of it that a Range header asks for, unless If-Range names another version of it."""
    file = item.file
    data = file.data
    headers = (("Accept-Ranges", "bytes"), ("ETag", f'"{file.md5}"'), ("x-cos-request-id", uuid.uuid4().hex))
    match = RANGE.fullmatch(wanted or "")
    if match is None or match[0] == "bytes=-" or condition not in (None, f'"{file.md5}"'):
        return Reply(200, data, file.content_type, headers)
    first, last = _bounds(match[1], match[2], len(data))
    if first > last:
        return Reply(416, b"", "application/xml", (("Content-Range", f"bytes */{len(data)}"),))
    span = (("Content-Range", f"bytes {first}-{last}/{len(data)}"),)
    return Reply(206, data[first : last + 1], file.content_type, headers + span)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
