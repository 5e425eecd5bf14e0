"""Decode pictures made by strangers, in a process of its own that can be killed: `python -m liveness.media.pictures`.

It reads one JSON request a line, `{"path": ..., "thumbnail": ..., "max_pixels": ..., "seconds": ...}`, decodes the
picture completely (Pillow's `verify()` passes a cut JPEG, only `load()` fails), writes a thumbnail and answers

- `{"width": ..., "height": ..., "is_incomplete": ...}`, in pixels, upright as a browser shows it,
- `{"flaw": ..., "is_undecodable": ...}` when the picture itself is at fault, or
- `{"errno": ...}` when a file could not be read or written, which says nothing about the picture.

The thumbnail is what a browser draws: turned upright, in eight bits, on white where it is transparent, and of a file
whose last bytes are missing too.

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

from PIL import Image, ImageFile, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
# The share of its rows that a picture must have when the end of its file is missing. Browsers draw any beginning, but
# half a face is no best frame.
LEAST_SHARE = 0.75
# The grey of rows that a decoder has no bytes for; elsewhere they are black.
UNDRAWN = {"JPEG": 128}
MEMORY = 768 * 1024 * 1024
THUMBNAIL_SIZE = (192, 192)


@dataclass(frozen=True)
class Decoded:
    """A picture to show: its size in pixels, a small JPEG of it, and whether the end of its file is missing."""

    width: int
    height: int
    thumbnail: bytes
    is_incomplete: bool = False


class Flaw(Exception):
    """What is wrong with the picture; `is_undecodable`: its bytes are, and not merely its dimensions."""

    def __init__(self, text: str, *, is_undecodable: bool = False) -> None:
        super().__init__(text)
        self.is_undecodable = is_undecodable


def main() -> None:
    # The stop of the service must not take the decoder away under a picture; it ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    # Where the run was killed that asked for it, nobody reads the answer.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
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
        return {"flaw": str(flaw), "is_undecodable": flaw.is_undecodable}
    except OSError as problem:
        return {"errno": problem.errno or errno.EIO}
    return {"width": decoded.width, "height": decoded.height, "is_incomplete": decoded.is_incomplete}


def _timed(content: bytes, max_pixels: int, seconds: float) -> Decoded:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return decode(content, max_pixels)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def decode(content: bytes, max_pixels: int) -> Decoded:
    """Decode a picture and make a thumbnail without metadata. Raises Flaw for whatever a hostile file provokes."""
    try:
        return _decode(content, max_pixels)
    except Flaw:
        raise
    except MemoryError:
        raise Flaw("the picture needs more memory than allowed") from None
    except Exception as problem:
        # The message could quote the file's bytes, the class cannot.
        raise Flaw(f"the picture does not decode ({type(problem).__name__})", is_undecodable=True) from None


def _decode(content: bytes, max_pixels: int) -> Decoded:
    try:
        image, is_incomplete = _loaded(content, max_pixels), False
    except OSError:
        image, is_incomplete = _loaded_leniently(content, max_pixels), True
    upright = _upright(image)
    width, height = upright.size
    thumbnail = io.BytesIO()
    _small(upright).save(thumbnail, "JPEG", quality=82)
    return Decoded(width, height, thumbnail.getvalue(), is_incomplete)


def _loaded(content: bytes, max_pixels: int) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        raise Flaw(f"the picture has more than {max_pixels} pixels")
    image.load()
    return image


def _loaded_leniently(content: bytes, max_pixels: int) -> Image.Image:
    """What there is of a picture whose file breaks off. Raises Flaw when many rows are missing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = _loaded(content, max_pixels)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    bottom = image.convert("RGB").crop((0, int(LEAST_SHARE * image.height), *image.size))
    if bottom.getextrema() == ((UNDRAWN.get(image.format or "", 0),) * 2,) * 3:
        raise Flaw("the picture does not decode (the end of the file is missing)", is_undecodable=True)
    return image


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says, as browsers turn it (CSS Images 3, `image-orientation`)."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # Broken metadata is no reason not to show the picture; browsers ignore it too.
        return image


def _small(image: Image.Image) -> Image.Image:
    """The picture made small, in RGB with eight bits, on white where it is transparent."""
    if image.mode.startswith("I"):
        # 16 bits of grey; Pillow's own conversion would cut everything above 255 off.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail(THUMBNAIL_SIZE)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("RGB")


def _write(path: str, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
