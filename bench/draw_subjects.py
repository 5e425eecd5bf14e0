"""Draw the sandbox's simulated people: a best frame (JPEG) and a video (H.264 MP4) for each.

The people are painted from numbers, so that no real face is in the repository. Run it in an environment of its own,
for its libraries are no dependency of the product:

    python3 -m venv /tmp/drawing && /tmp/drawing/bin/pip install pillow==13.* numpy==2.* av==18.*
    /tmp/drawing/bin/python bench/draw_subjects.py [--out liveness/sandbox/assets] [NAME ...]

The same library versions give the same bytes: every random number has a fixed seed, and the encoder runs in one
thread and in plain C. All of them take about eight minutes on one core.
"""

import argparse
import time
from fractions import Fraction
from pathlib import Path

import av
from drawing import scene
from drawing.canvas import Canvas
from drawing.casting import CAST, Part
from PIL import Image

RATE = 25
BEST_FRAME_AT = 8
ASSETS = Path(__file__).parent.parent / "liveness" / "sandbox" / "assets"
# With its assembler routines x264 does not always write the same bytes for the same pictures.
X264 = {
    "crf": "27",
    "preset": "slower",
    "profile": "main",
    "threads": "1",
    "g": "25",
    "tune": "animation",
    "x264-params": "asm=0",
}


def frames(part: Part) -> list[Image.Image]:
    """Every frame of a part, in order."""
    room = scene.room(part.person)
    return [_frame(part, room, number / RATE) for number in range(round(part.act.seconds * RATE))]


def _frame(part: Part, room: Canvas, t: float) -> Image.Image:
    pose = part.act.pose(t)
    canvas = part.scene(room, part.person, pose, t)
    if light := part.act.light(t):
        scene.lit(canvas, pose, light)
    return canvas.shrunk()


def write_video(path: Path, pictures: list[Image.Image]) -> None:
    """H.264, yuv420p, moov before mdat, so that a browser can start at once."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options=X264)
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, RATE)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_image(picture)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def draw(name: str, out: Path) -> None:
    """Draw one part and say what it weighs."""
    started, pictures = time.monotonic(), frames(CAST[name])
    still, film = out / f"{name}.jpg", out / f"{name}.mp4"
    pictures[BEST_FRAME_AT].save(still, quality=93, subsampling=0, optimize=True)
    write_video(film, pictures)
    size = [path.stat().st_size // 1024 for path in (still, film)]
    print(f"{name:12} {len(pictures)} frames, {size[0]} + {size[1]} KiB, {time.monotonic() - started:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the sandbox's simulated people.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(CAST)} (default: all)")
    parser.add_argument("--out", type=Path, default=ASSETS)
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in CAST]:
        parser.error(f"unknown: {', '.join(unknown)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or CAST:
        draw(name, options.out)


if __name__ == "__main__":
    main()
