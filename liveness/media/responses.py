"""Answers that carry evidence: every header with its reason, ranges, and the hand-over to nginx."""

import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header

from liveness.app_settings import app_settings
from liveness.media import byte_ranges
from liveness.media.byte_ranges import ByteRange, UnsatisfiableRangeError

# X-Accel-Redirect drops all of these but Cache-Control: docs/nginx.conf adds the same again at the last hop.
SEALED = {
    # Nothing of a face stays in a cache, neither the browser's nor a proxy's.
    "Cache-Control": "private, no-store",
    # Opened as a page after all, the bytes stay what they are declared, without scripts and without our origin.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # No other site may embed the file, learn of it from a Referer, or index it.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
BLOCK = 256 * 1024


@dataclass(frozen=True)
class Evidence:
    """A file of the private storage and what is said of it. `etag` is strong and quoted; empty for none."""

    path: Path
    storage_name: str
    size: int
    content_type: str
    filename: str
    etag: str = ""


class Slice:
    """At most `length` bytes of an open file, from where it stands.

    It has a descriptor, so that gunicorn can use sendfile(2), and it ends by itself for servers that only read. It has
    no `seek` on purpose: with one, FileResponse would set the length from the file instead of the range.
    """

    def __init__(self, file: io.FileIO, length: int) -> None:
        self._file = file
        self._left = length

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(self._left if size < 0 else min(size, self._left)) or b""
        self._left -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


class _StreamedFile(FileResponse):
    block_size = BLOCK


def sealed(response: HttpResponseBase) -> HttpResponseBase:
    """The response with the headers that every answer of the media door carries, refusals included."""
    for name, value in SEALED.items():
        response.headers[name] = value
    # Always, or its absence would tell that nobody had to be asked: that there is no such file.
    patch_vary_headers(response, ["Cookie"])
    return response


def refusal(status: int, text: str) -> HttpResponseBase:
    """A short plain answer that says nothing of the file."""
    return sealed(HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8"))


def deliver(request: HttpRequest, evidence: Evidence) -> HttpResponseBase:
    """Send a file: by nginx where that is set up, else as one range (206), the whole (200) or neither (416, 304).

    Raises OSError when the file cannot be opened.
    """
    if app_settings.ACCEL_PREFIX:
        return _described(_handed_over(evidence), evidence)
    conditional = get_conditional_response(request, etag=evidence.etag or None)
    if conditional is not None:
        return _described(conditional, evidence)
    try:
        chosen = _chosen(request, evidence)
    except UnsatisfiableRangeError:
        outside = {"Content-Range": f"bytes */{evidence.size}"}
        return _described(HttpResponse(status=416, content_type="text/plain", headers=outside), evidence)
    return _described(_body(request, evidence, chosen), evidence)


def _described(response: HttpResponseBase, evidence: Evidence) -> HttpResponseBase:
    response.headers["Content-Disposition"] = content_disposition_header(True, evidence.filename)
    if not response.has_header("X-Accel-Redirect"):
        response.headers["Accept-Ranges"] = "bytes"
    if evidence.etag:
        response.headers["ETag"] = evidence.etag
    return sealed(response)


def _handed_over(evidence: Evidence) -> HttpResponse:
    target = f"{app_settings.ACCEL_PREFIX.rstrip('/')}/{quote(evidence.storage_name)}"
    return HttpResponse(content_type=evidence.content_type, headers={"X-Accel-Redirect": target})


def _chosen(request: HttpRequest, evidence: Evidence) -> ByteRange | None:
    # Ranges are defined for GET alone (RFC 9110, section 14.2).
    if request.method != "GET":
        return None
    return byte_ranges.select(
        request.headers.get("Range"),
        evidence.size,
        if_range=request.headers.get("If-Range"),
        etag=evidence.etag,
    )


def _body(request: HttpRequest, evidence: Evidence, chosen: ByteRange | None) -> HttpResponseBase:
    length = chosen.length if chosen else evidence.size
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=evidence.content_type)
    else:
        # Unbuffered, because sendfile starts where the descriptor itself stands.
        file = evidence.path.open("rb", buffering=0)
        file.seek(chosen.start if chosen else 0)
        response = _StreamedFile(Slice(file, length), content_type=evidence.content_type)
    response.headers["Content-Length"] = str(length)
    if chosen:
        response.status_code = 206
        response.headers["Content-Range"] = chosen.content_range
    return response
