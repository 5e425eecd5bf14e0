"""What a file really is: told from its first bytes, and for a picture by decoding it in a killable child."""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liveness.app_settings import app_settings
from liveness.models import MediaKind

DECODE_TIMEOUT = 20.0
UNKNOWN_TYPE = "application/octet-stream"
# Brands of ISO base media files that browsers play (https://mp4ra.org/registered-types/brands).
MP4_BRANDS = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"MSNV",
    b"dash",
)
TYPES = {
    MediaKind.BEST_FRAME: ("image/jpeg", "image/png"),
    MediaKind.VIDEO: ("video/mp4", "video/webm"),
}


@dataclass(frozen=True)
class Finding:
    """The sniffed type; for a picture its size in pixels; a flaw when it cannot be shown as what it should be."""

    content_type: str
    width: int | None = None
    height: int | None = None
    flaw: str = ""


def inspect(path: Path, kind: MediaKind, thumbnail: Path) -> Finding:
    """Look at a downloaded file; for a sound picture a thumbnail is left at `thumbnail`."""
    with path.open("rb") as file:
        content_type = sniff(file.read(64))
    if content_type not in TYPES[kind]:
        return Finding(UNKNOWN_TYPE, flaw=f"it is not a {kind.label.lower()} of a known type")
    if kind is not MediaKind.BEST_FRAME:
        return Finding(content_type)
    answer = _decoder.decode(path, thumbnail)
    return Finding(content_type, answer.get("width"), answer.get("height"), answer.get("flaw", ""))


def sniff(head: bytes) -> str:
    """The content type that the first 64 bytes show; only the four types that browsers are to be given."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[4:8] == b"ftyp" and head[8:12] in MP4_BRANDS:
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return "video/webm"
    return UNKNOWN_TYPE


class _Decoder:
    """One decoding child for this process, started when first needed and again after it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._owner = 0

    def decode(self, path: Path, thumbnail: Path) -> dict[str, Any]:
        request = {
            "path": str(path),
            "thumbnail": str(thumbnail),
            "max_pixels": app_settings.MAX_IMAGE_PIXELS,
        }
        with self._lock:
            answer = _ask(self._running(), json.dumps(request))
            if answer is None:
                self.end()
                return {"flaw": "the picture could not be decoded in time"}
        reply: dict[str, Any] = json.loads(answer)
        return reply

    def _running(self) -> subprocess.Popen[str]:
        # A forked worker must not share its parent's child.
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._owner = os.getpid()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "liveness.pictures"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
            )
        return self._child

    def end(self) -> None:
        if self._child and self._owner == os.getpid():
            with self._child as child:
                child.kill()
        self._child = None


def _ask(child: subprocess.Popen[str], line: str) -> str | None:
    """Send one line, return the answer, or None when the child died or took too long."""
    answers: queue.Queue[str] = queue.Queue()

    def read() -> None:
        answers.put(child.stdout.readline() if child.stdout else "")

    if child.stdin is None:
        return None
    try:
        child.stdin.write(line + "\n")
        child.stdin.flush()
    except OSError:
        return None
    threading.Thread(target=read, daemon=True).start()
    try:
        return answers.get(timeout=DECODE_TIMEOUT) or None
    except queue.Empty:
        return None


_decoder = _Decoder()
atexit.register(_decoder.end)
