"""What a file really is: told from its first bytes, and for a picture by decoding it in a killable child."""

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import liveness
from liveness.app_settings import app_settings
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.media.containers import EBML_HEADER, codec_of
from liveness.models import MediaCondition, MediaKind

# Seconds of the processor's time that a picture may take, and seconds that its answer may take on a busy machine.
DECODE_TIME = 10.0
DECODE_TIMEOUT = 20.0
TRIES = 2
# The child imports from where we do, but never from the current directory, which anybody may have filled.
PACKAGES = Path(liveness.__file__).parents[1]
UNKNOWN_TYPE = "application/octet-stream"
# Brands of ISO base media files that hold a picture (https://mp4ra.org/registered-types/brands).
AVIF_BRANDS = (b"avif", b"avis")
PICTURE_BRANDS = (
    *AVIF_BRANDS,
    b"mif1",
    b"msf1",
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"jxl ",
    b"jp2 ",
)
# The first atom of a QuickTime file without `ftyp` (QuickTime File Format Specification, "Atoms").
QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
LARGEST_FTYP = 4_096
LARGEST_ATOM = 2**28
# What browsers may be given. Whether one can play a video is for the browser to find out.
TYPES = {
    MediaKind.BEST_FRAME: ("image/jpeg", "image/png", "image/webp", "image/avif"),
    MediaKind.VIDEO: ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska"),
}


@dataclass(frozen=True)
class Finding:
    """The sniffed type; for a picture its size in pixels; for a video its codec as the container names it.

    `flaw` says why the file cannot be shown as what it should be, and `condition` what kind of file that makes it.
    """

    content_type: str
    width: int | None = None
    height: int | None = None
    flaw: str = ""
    codec: str = ""
    condition: MediaCondition = MediaCondition.SOUND


def inspect(path: Path, kind: MediaKind, thumbnail: Path) -> Finding:
    """Look at a downloaded file; for a picture that can be shown a thumbnail is left at `thumbnail`.

    A flaw is the file's own and stays. What the file is not to blame for is raised: OSError when it cannot be read or
    the thumbnail cannot be written, MediaError when the decoder does not work.
    """
    with path.open("rb") as file:
        content_type = sniff(file.read(64))
        if content_type not in TYPES[kind]:
            flaw = f"it is not a {kind.label.lower()} of a type that is known here"
            return Finding(UNKNOWN_TYPE, flaw=flaw, condition=MediaCondition.UNKNOWN_TYPE)
        if kind is not MediaKind.BEST_FRAME:
            return Finding(content_type, codec=codec_of(file, os.fstat(file.fileno()).st_size))
    return _found(content_type, _decoder.decode(path, thumbnail))


def looks_like_a_page(path: Path) -> bool:
    """Is it HTML, XML or JSON: what a host or a proxy says instead of sending the file?"""
    with path.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{")


def sniff(head: bytes) -> str:
    """The content type that the first 64 bytes show; only types that `TYPES` names."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(EBML_HEADER):
        return _matroska_type(head)
    return _boxed_type(head)


def _matroska_type(head: bytes) -> str:
    if b"webm" in head:
        return "video/webm"
    return "video/x-matroska" if b"matroska" in head else UNKNOWN_TYPE


def _boxed_type(head: bytes) -> str:
    """ISO base media and QuickTime by the first box. Its length keeps out text that has such a name by chance."""
    length, name = int.from_bytes(head[:4], "big"), head[4:8]
    if name == b"ftyp" and 16 <= length <= LARGEST_FTYP:
        return _type_of_brands([head[at : at + 4] for at in (8, *range(16, min(length, len(head)), 4))])
    is_atom = length in (0, 1) or 8 <= length < LARGEST_ATOM
    return "video/quicktime" if name in QUICKTIME_ATOMS and is_atom else UNKNOWN_TYPE


def _type_of_brands(brands: list[bytes]) -> str:
    """Any brand is a video but those of pictures: the list of brands is open, and the browser knows what it plays."""
    major, *compatible = brands
    if major in PICTURE_BRANDS:
        return "image/avif" if set(brands) & set(AVIF_BRANDS) else UNKNOWN_TYPE
    is_quicktime = major == b"qt  " and not any(brand[:3] in (b"iso", b"mp4", b"avc") for brand in compatible)
    return "video/quicktime" if is_quicktime else "video/mp4"


def _found(content_type: str, answer: dict[str, Any]) -> Finding:
    flaw, condition = answer.get("flaw", ""), MediaCondition.SOUND
    if flaw:
        condition = MediaCondition.UNDECODABLE if answer.get("is_undecodable") else MediaCondition.TOO_LARGE
    elif answer.get("is_incomplete"):
        condition = MediaCondition.INCOMPLETE
    return Finding(content_type, answer.get("width"), answer.get("height"), flaw, condition=condition)


class _Decoder:
    """One decoding child for this process, started when first needed and again after it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._owner = 0

    def decode(self, path: Path, thumbnail: Path) -> dict[str, Any]:
        """What the child answers; a child that died or hung is replaced once."""
        request = {
            "path": str(path),
            "thumbnail": str(thumbnail),
            "max_pixels": app_settings.MAX_IMAGE_PIXELS,
            "seconds": DECODE_TIME,
        }
        with self._lock:
            for _ in range(TRIES):
                answer = self._try(json.dumps(request))
                if answer is not None:
                    break
                ended_by = self.end()
        if answer is None:
            return _without_answer(ended_by)
        reply: dict[str, Any] = json.loads(answer)
        if "errno" in reply:
            raise OSError(reply["errno"], os.strerror(reply["errno"]))
        return reply

    def end(self) -> int | None:
        """End the child and return its return code; None when there was none."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return None
        # Closing its pipe may fail for the request that a dead child never read; it is waited for all the same.
        with suppress(OSError), child:
            child.kill()
        return child.returncode

    def _try(self, line: str) -> str | None:
        try:
            return _ask(self._running(), line)
        except OSError:
            return None

    def _running(self) -> subprocess.Popen[str]:
        # A forked worker must not share its parent's child.
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._owner = os.getpid()
            self._child = _start()
        return self._child


def _start() -> subprocess.Popen[str]:
    # In a process group of its own: the terminal's Ctrl-C is for us, and we finish the picture at hand.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "liveness.media.pictures"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(_import_path())},
    )


def _import_path() -> list[str]:
    inherited = [Path(entry) for entry in sys.path if Path(entry).is_absolute()]
    chosen = [entry for entry in inherited if entry == PACKAGES or entry != Path.cwd()]
    return [str(entry) for entry in dict.fromkeys([*chosen, PACKAGES])]


def _without_answer(ended_by: int | None) -> dict[str, Any]:
    """Only a picture that used up its processor time is to blame: a child is killed, or waits, for other reasons."""
    if ended_by == -signal.SIGVTALRM:
        return {"flaw": "the picture takes too long to decode"}
    text = "the picture could not be inspected: the decoder does not answer; is the machine overloaded?"
    raise MediaError(text, cause=LossCause.STORAGE)


def _ask(child: subprocess.Popen[str], line: str) -> str | None:
    """Send one line, return the answer, or None when the child died or took too long; OSError when it is gone."""
    answers: queue.Queue[str] = queue.Queue()

    def read() -> None:
        answers.put(child.stdout.readline() if child.stdout else "")

    if child.stdin is None:
        return None
    child.stdin.write(line + "\n")
    child.stdin.flush()
    threading.Thread(target=read, daemon=True).start()
    try:
        answer = answers.get(timeout=DECODE_TIMEOUT)
    except queue.Empty:
        return None
    return answer if answer.endswith("\n") else None


_decoder = _Decoder()
atexit.register(_decoder.end)
