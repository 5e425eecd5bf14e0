"""Decode pictures made by strangers, in a process of its own that can be killed: `python -m liveness.pictures`.

It reads one JSON request a line, `{"path": ..., "thumbnail": ..., "max_pixels": ..., "seconds": ...}`, decodes the
picture completely (Pillow's `verify()` passes a cut JPEG, only `load()` fails), writes a thumbnail and answers

- `{"width": ..., "height": ...}`, in pixels,
- `{"flaw": ...}` when the picture itself is at fault, or
- `{"errno": ...}` when a file could not be read or written, which says nothing about the picture.

Memory is limited, so that a small file cannot grow without bound. A picture whose decoding takes more than `seconds`
of processor time ends the process with SIGVTALRM; a machine that is merely slow does not.
"""

import errno
import io
import json
import os
import resource
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

FORMATS = ("JPEG", "PNG")
MEMORY = 768 * 1024 * 1024
THUMBNAIL_SIZE = (192, 192)


@dataclass(frozen=True)
class Decoded:
    """A sound picture: its size in pixels and a small JPEG of it."""

    width: int
    height: int
    thumbnail: bytes


class Flaw(Exception):
    """What is wrong with the picture."""


def main() -> None:
    # The stop of the service must not take the decoder away under a picture; it ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Pillow warns of oddities in pictures that are sound, and may quote them. The number of pixels is checked here.
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        content = Path(request["path"]).read_bytes()
        decoded = _timed(content, request["max_pixels"], request["seconds"])
        _write(request["thumbnail"], decoded.thumbnail)
    except Flaw as flaw:
        return {"flaw": str(flaw)}
    except OSError as problem:
        return {"errno": problem.errno or errno.EIO}
    return {"width": decoded.width, "height": decoded.height}


def _timed(content: bytes, max_pixels: int, seconds: float) -> Decoded:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return decode(content, max_pixels)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def decode(content: bytes, max_pixels: int) -> Decoded:
    """Decode a picture and make a thumbnail without metadata. Raises Flaw for whatever a hostile file provokes."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise Flaw(f"the picture has more than {max_pixels} pixels")
            image.load()
            small = image.convert("RGB")
        small.thumbnail(THUMBNAIL_SIZE)
        thumbnail = io.BytesIO()
        small.save(thumbnail, "JPEG", quality=82)
    except Flaw:
        raise
    except MemoryError:
        raise Flaw("the picture needs more memory than allowed") from None
    except Exception as problem:
        # The message could quote the file's bytes, the class cannot.
        raise Flaw(f"the picture does not decode ({type(problem).__name__})") from None
    return Decoded(width, height, thumbnail.getvalue())


def _write(path: str, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
