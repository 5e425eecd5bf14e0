"""A supersampled canvas: soft shapes, gradients and tapered strokes, all in the final picture's pixels."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 480, 640
Point = tuple[float, float]
Shape = Sequence[Point]
Colour = tuple[int, int, int]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with a `share` (0 to 1) of `other` in it."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))


def lighter(colour: Colour, share: float) -> Colour:
    """Towards a warm white."""
    return mix(colour, (255, 250, 240), share)


def darker(colour: Colour, share: float) -> Colour:
    """Towards a warm black."""
    return mix(colour, (24, 10, 12), share)


def shade(skin: Colour, share: float) -> Colour:
    """Skin in shadow: darker and redder, never grey."""
    return mix(skin, (round(skin[0] * 0.42), round(skin[1] * 0.24), round(skin[2] * 0.2)), share)


def spline(points: Shape, *, closed: bool = True, steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    spans = range(count if closed else count - 1)
    curve: list[Point] = []
    for i in spans:
        four = [points[(i + k) % count if closed else min(max(i + k, 0), count - 1)] for k in (-1, 0, 1, 2)]
        curve += [_between(four, step / steps) for step in range(steps)]
    return curve if closed else [*curve, points[-1]]


def _between(four: list[Point], t: float) -> Point:
    weights = (
        (-t + 2 * t * t - t**3) / 2,
        (2 - 5 * t * t + 3 * t**3) / 2,
        (t + 4 * t * t - 3 * t**3) / 2,
        (t**3 - t * t) / 2,
    )
    pairs = list(zip(weights, four, strict=True))
    return sum(w * p[0] for w, p in pairs), sum(w * p[1] for w, p in pairs)


def ellipse(x: float, y: float, rx: float, ry: float, steps: int = 40) -> list[Point]:
    """An upright ellipse as a polygon."""
    turns = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in turns]


def stroke(points: Shape, width: float, *, tail: float = 0.0, head: float = 0.0) -> list[Point]:
    """A brush stroke along an open curve, `width` at its middle, narrowing to shares `tail` and `head`."""
    line = np.array(spline(points, closed=False, steps=8))
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    t = np.linspace(0, 1, len(line))
    ends = np.where(t < 0.5, tail + (1 - tail) * np.sin(t * np.pi), head + (1 - head) * np.sin(t * np.pi))
    offset = normal * (ends * width / 2)[:, None]
    return [tuple(p) for p in np.concatenate([line + offset, (line - offset)[::-1]])]


class Canvas:
    """An RGB picture drawn `scale` times larger than it will be shown."""

    def __init__(self, scale: int = 2, image: Image.Image | None = None) -> None:
        self.scale = scale
        self.image = image or Image.new("RGB", (WIDTH * scale, HEIGHT * scale))

    def copy(self) -> "Canvas":
        return Canvas(self.scale, self.image.copy())

    def shrunk(self) -> Image.Image:
        """The finished picture, antialiased by averaging."""
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)

    def paint(
        self, shape: Shape, colour: Colour, alpha: float = 1.0, blur: float = 0.0, clip: Shape | None = None
    ) -> None:
        """Fill a shape with one colour; `blur` (pixels) softens its edge, `clip` cuts it."""
        box = self._box(shape, blur, clip)
        if box:
            self.image.paste(colour, box, self._mask(shape, box, blur, clip, alpha))

    def gradient(
        self,
        shape: Shape,
        colours: Sequence[Colour],
        start: Point,
        end: Point,
        alpha: float = 1.0,
        blur: float = 0.0,
        clip: Shape | None = None,
    ) -> None:
        """Fill a shape with colours that change evenly from `start` to `end`."""
        box = self._box(shape, blur, clip)
        if box:
            ramp = _ramp(box, colours, [c * self.scale for c in start], [c * self.scale for c in end])
            self.image.paste(ramp, box[:2], self._mask(shape, box, blur, clip, alpha))

    def _box(self, shape: Shape, blur: float, clip: Shape | None) -> tuple[int, int, int, int] | None:
        pad = blur * 2.6 + 1
        left, top, right, bottom = _bounds(shape)
        left, top, right, bottom = left - pad, top - pad, right + pad, bottom + pad
        if clip is not None:
            a, b, c, d = _bounds(clip)
            left, top, right, bottom = max(left, a), max(top, b), min(right, c), min(bottom, d)
        s, (w, h) = self.scale, self.image.size
        box = max(0, int(left * s)), max(0, int(top * s)), min(w, int(right * s) + 1), min(h, int(bottom * s) + 1)
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _mask(
        self, shape: Shape, box: tuple[int, int, int, int], blur: float, clip: Shape | None, alpha: float
    ) -> Image.Image:
        # A wide blur hides detail, so it is worked out on a smaller copy.
        coarse = 4 if blur * self.scale > 10 else 1
        mask = self._solid(shape, box, coarse, margin=blur * 2.6)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * self.scale / coarse))
        margin = round(blur * 2.6 * self.scale / coarse)
        mask = mask.crop((margin, margin, mask.width - margin, mask.height - margin))
        mask = mask.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR)
        if clip is not None:
            mask = ImageChops.multiply(mask, self._solid(clip, box, 1, margin=0))
        return mask if alpha >= 1 else mask.point(lambda value: round(value * alpha))

    def _solid(self, shape: Shape, box: tuple[int, int, int, int], coarse: int, margin: float) -> Image.Image:
        pad = round(margin * self.scale / coarse)
        size = (-(-(box[2] - box[0]) // coarse) + 2 * pad, -(-(box[3] - box[1]) // coarse) + 2 * pad)
        mask = Image.new("L", size)
        corner = [
            ((x * self.scale - box[0]) / coarse + pad, (y * self.scale - box[1]) / coarse + pad) for x, y in shape
        ]
        ImageDraw.Draw(mask).polygon(corner, fill=255)
        return mask


def _bounds(shape: Shape) -> tuple[float, float, float, float]:
    xs, ys = [p[0] for p in shape], [p[1] for p in shape]
    return min(xs), min(ys), max(xs), max(ys)


def _ramp(
    box: tuple[int, int, int, int], colours: Sequence[Colour], start: Sequence[float], end: Sequence[float]
) -> Image.Image:
    dx, dy = end[0] - start[0], end[1] - start[1]
    ys, xs = np.mgrid[box[1] : box[3], box[0] : box[2]].astype(np.float32)
    share = np.clip(((xs - start[0]) * dx + (ys - start[1]) * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
    table = np.array(colours, np.float32)
    stops = np.linspace(0, 1, len(colours))
    bands = [np.interp(share, stops, table[:, band]) for band in range(3)]
    return Image.fromarray(np.stack(bands, axis=-1).round().astype(np.uint8))
