"""One file on its way from the vendor's storage, taken up where it broke off when the host offers that.

Ranges and their conditions follow RFC 9110: Range (14.2), Content-Range (14.4), If-Range with a strong ETag (13.1.5).
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import requests

from liveness.app_settings import app_settings
from liveness.client.errors import NetworkError
from liveness.client.session import answered_afresh, read_body
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.media.fetching import presigned_urls
from liveness.media.fetching.digests import Digests

RESUMES = 3
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_LENGTH = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True)
class Measured:
    """What was counted while the bytes came in: size in bytes and both digests in hex."""

    size: int
    md5: str
    sha256: str


class _OtherPartError(MediaError):
    """The host did not answer with the rest that was asked for, but it may still have the whole."""

    def __init__(self) -> None:
        super().__init__("the media host answered with another part of the file", is_refetchable=True)


class Transfer:
    """A download to `file`, of exactly `size` bytes, or of at most `cap` where nobody knows the size.

    What has come is on the disk and in both digests, so that a further request can ask for the rest alone.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        file: BinaryIO,
        *,
        size: int | None,
        md5: str | None,
        cap: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._url = url
        self._file = file
        self._declared, self._md5 = size, md5
        self._size = size
        self._cap, self._clock = cap, clock
        self._count = 0
        self._etag = ""
        self._was_resumed = False
        self._digests = Digests()

    def run(self) -> Measured:
        """Receive and sync the file. Raises NetworkError when it broke once more than it may, OSError, MediaError."""
        with self._digests:
            if not self._fits_together():
                # Once, on the same link and within the same deadline: it costs no call.
                self._start_afresh()
                self._receive_all()
            # The room that was reserved may be larger than the file.
            self._file.truncate(self._count)
            self._file.flush()
            os.fsync(self._file.fileno())
            return Measured(self._count, *self._digests.hex())

    def _fits_together(self) -> bool:
        """Receive the file; False when a rest that was asked for was not the rest of this file."""
        try:
            self._receive_all()
        except _OtherPartError:
            return False
        return not self._was_resumed or self._md5 in (None, self._digests.hex()[0])

    def _receive_all(self) -> None:
        for left in reversed(range(RESUMES + 1)):
            try:
                self._receive()
            except NetworkError as problem:
                if not (left and problem.retryable and self._is_resumable):
                    raise
            else:
                return

    @property
    def _is_resumable(self) -> bool:
        return bool(self._etag) and self._size is not None and 0 < self._count < self._size

    def _start_afresh(self) -> None:
        self._file.seek(0)
        self._count, self._size, self._was_resumed = 0, self._declared, False
        self._digests.restart()

    def _receive(self) -> None:
        # By each of the clocks, because either may be wrong, and the host knows.
        if presigned_urls.has_run_out(self._url, min(self._clock().timestamp(), time.time())):
            raise MediaError("the vendor's link has run out", cause=LossCause.LINK, is_refetchable=True)
        with answered_afresh(self._session, self._ask) as response:
            if self._count and response.status_code == 200:
                # The host has the whole file for us again, or another one under this name.
                self._start_afresh()
            self._check(response)
            self._was_resumed = self._was_resumed or bool(self._count)
            for chunk in read_body(response):
                self._take(chunk)

    def _ask(self) -> requests.Response:
        rest = {"Range": f"bytes={self._count}-", "If-Range": self._etag} if self._count else None
        return self._session.get(self._url, headers=rest, timeout=app_settings.MEDIA_TIMEOUTS)

    def _take(self, chunk: bytes) -> None:
        self._count += len(chunk)
        if self._size is not None and self._count > self._size:
            if self._was_resumed:
                raise _OtherPartError
            text = f"the file is longer than the {self._size} bytes declared"
            raise MediaError(text, cause=LossCause.MISMATCH, is_refetchable=True)
        if self._count > self._cap:
            raise MediaError(f"the file exceeds LIVENESS_MEDIA_MAX_BYTES ({self._cap})", cause=LossCause.REFUSED)
        self._digests.update(chunk)
        self._file.write(chunk)

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        if status in (403, 404):
            text = f"the vendor's link has run out (HTTP {status})"
            raise MediaError(text, cause=LossCause.LINK, is_refetchable=True)
        if self._count and (status == 416 or (status == 206 and not self._is_the_rest(response))):
            raise _OtherPartError
        if status != (206 if self._count else 200):
            raise MediaError(f"the media host answered HTTP {status}", cause=LossCause.DOWNLOAD, is_refetchable=True)
        if not self._count:
            self._etag = _resumable_etag(response)
            self._check_length(_length(response))

    def _check_length(self, length: int | None) -> None:
        """The length that the host announces for the whole file, against the declared one or else the cap."""
        if length is None:
            return
        if self._declared is not None and length != self._declared:
            text = f"the media host announced {length} bytes instead of the {self._declared} declared"
            raise MediaError(text, cause=LossCause.MISMATCH, is_refetchable=True)
        if length > self._cap:
            text = f"the announced {length} bytes exceed LIVENESS_MEDIA_MAX_BYTES ({self._cap})"
            raise MediaError(text, cause=LossCause.REFUSED)
        self._size = length

    def _is_the_rest(self, response: requests.Response) -> bool:
        if self._size is None:
            return False
        rest = f"bytes {self._count}-{self._size - 1}/{self._size}"
        is_same = response.headers.get("ETag", self._etag) == self._etag
        is_whole = _length(response) in (None, self._size - self._count)
        return is_same and is_whole and response.headers.get("Content-Range") == rest


def _length(response: requests.Response) -> int | None:
    """The announced length in bytes; the session has refused a contradictory one where it matters."""
    text = response.headers.get("Content-Length", "")
    return int(text) if _LENGTH.fullmatch(text) else None


def _resumable_etag(response: requests.Response) -> str:
    """The strong ETag of a host that serves ranges; empty otherwise."""
    etag = response.headers.get("ETag", "")
    offers = response.headers.get("Accept-Ranges", "").strip().lower() == "bytes"
    return etag if offers and _STRONG_ETAG.fullmatch(etag) else ""
