"""Decode pictures made by strangers, in a process of its own that can be killed: `python -m liveness.pictures`.

It reads one JSON request a line, `{"path": ..., "thumbnail": ..., "max_pixels": ...}`, decodes the picture completely
(Pillow's `verify()` passes a cut JPEG, only `load()` fails), writes a thumbnail and answers
`{"width": ..., "height": ...}` or `{"flaw": ...}`. Memory is limited, so that a small file cannot grow without bound.
"""

import json
import os
import resource
import sys
import warnings
from typing import Any

from PIL import Image

FORMATS = ("JPEG", "PNG")
MEMORY = 768 * 1024 * 1024
THUMBNAIL_SIZE = (192, 192)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return inspect(request["path"], request["thumbnail"], request["max_pixels"])
    except MemoryError:
        return {"flaw": "the picture needs more memory than allowed"}
    except Exception as problem:
        # Whatever a hostile file provokes is its flaw; the message could quote its bytes, the class cannot.
        return {"flaw": f"the picture does not decode ({type(problem).__name__})"}


def inspect(path: str, thumbnail: str, max_pixels: int) -> dict[str, Any]:
    """Decode the picture at `path`, write a JPEG thumbnail (no metadata), return its size in pixels or its flaw."""
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path, formats=FORMATS) as image:
        width, height = image.size
        if width * height > max_pixels:
            return {"flaw": f"the picture has more than {max_pixels} pixels"}
        image.load()
        small = image.convert("RGB")
    small.thumbnail(THUMBNAIL_SIZE)
    handle = os.open(thumbnail, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        small.save(file, "JPEG", quality=82)
        file.flush()
        os.fsync(handle)
    return {"width": width, "height": height}


if __name__ == "__main__":
    main()
