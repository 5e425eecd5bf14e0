"""Frames that should not pass: replayed, printed, masked, dark, covered or crowded."""

import math

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from drawing import face, hair, scene
from drawing.canvas import (
    HEIGHT,
    WIDTH,
    Canvas,
    Colour,
    Point,
    Shape,
    ellipse,
    lighter,
    mix,
    shade,
    spline,
    stroke,
)
from drawing.people import PEOPLE, Person
from drawing.portrait import portrait
from drawing.pose import Pose, mirrored

HAND: Colour = (206, 152, 118)


def _turned(points: Shape, x: float, y: float, angle: float) -> list[Point]:
    c, s = math.cos(angle), math.sin(angle)
    return [(x + a * c - b * s, y + a * s + b * c) for a, b in points]


def _rounded(w: float, h: float, r: float) -> list[Point]:
    corners = [
        (w / 2 - r, h / 2 - r, 0),
        (r - w / 2, h / 2 - r, 1),
        (r - w / 2, r - h / 2, 2),
        (w / 2 - r, r - h / 2, 3),
    ]
    return [
        (x + r * math.cos((q + k / 8) * math.pi / 2), y + r * math.sin((q + k / 8) * math.pi / 2))
        for x, y, q in corners
        for k in range(9)
    ]


def _paste(canvas: Canvas, picture: Image.Image, w: float, h: float, x: float, y: float, angle: float) -> None:
    s = canvas.scale
    flat = picture.resize((round(w * s), round(h * s)), Image.Resampling.LANCZOS).convert("RGBA")
    turned = flat.rotate(-math.degrees(angle), Image.Resampling.BICUBIC, expand=True)
    canvas.image.paste(turned, (round(x * s - turned.width / 2), round(y * s - turned.height / 2)), turned)


def _finger(canvas: Canvas, start: Point, tip: Point, width: float = 30, skin: Colour = HAND) -> None:
    dx, dy = tip[0] - start[0], tip[1] - start[1]
    long = math.hypot(dx, dy)
    mid = (start[0] + dx * 0.5 + dy * 0.05, start[1] + dy * 0.5 - dx * 0.05)
    body = [*stroke([start, mid, tip], width, tail=1, head=0.86), *ellipse(*tip, 0.1, 0.1, 3)]
    canvas.paint([(x + 4, y + 6) for x, y in body], (20, 10, 10), 0.35, 6)
    for part in (body[:-3], ellipse(*tip, width * 0.43, width * 0.43)):
        canvas.gradient(
            part, (lighter(skin, 0.2), skin, shade(skin, 0.4)), (tip[0] - 14, tip[1] - 14), (tip[0] + 18, tip[1] + 18)
        )
    nail = (tip[0] - dx / long * 1.5, tip[1] - dy / long * 1.5)
    canvas.paint(ellipse(*nail, width * 0.27, width * 0.25), lighter(mix(skin, (240, 170, 160), 0.5), 0.35), 0.95, 0.7)


def replayed(room: Canvas, person: Person, pose: Pose, t: float) -> Canvas:
    """A telephone held up to the camera, playing a recording: bezel, moire, glare."""
    inner = portrait(scene.room(person), person, pose).shrunk()
    canvas, angle = room.copy(), 0.05 + 0.012 * math.sin(1.9 * t)
    x, y = 244 + 5 * math.sin(1.4 * t), 318 + 4 * math.sin(2.2 * t)
    w, h = 372.0, 548.0
    case = _turned(_rounded(w, h, 44), x, y, angle)
    canvas.paint([(a + 12, b + 20) for a, b in case], (10, 10, 14), 0.5, 18)
    canvas.gradient(case, ((74, 76, 82), (16, 16, 20), (44, 46, 52)), (x - 180, y - 260), (x + 180, y + 260))
    _paste(canvas, _moire(inner, t), w - 36, h - 84, x, y, angle)
    glass = _turned(_rounded(w - 36, h - 84, 2), x, y, angle)
    glare = _turned([(-90, -300), (-10, -300), (-150, 300), (-260, 300)], x + 16 * math.sin(t), y, angle)
    canvas.paint(glare, (255, 255, 255), 0.26, 7, glass)
    canvas.paint(_turned(ellipse(104, -150, 46, 30), x, y, angle), (255, 255, 250), 0.6, 13, glass)
    canvas.paint(_turned(_rounded(64, 7, 3), x + 0, y - h / 2 + 23, angle), (52, 54, 60))
    canvas.paint(_turned(_rounded(120, 5, 2), x, y + h / 2 - 20, angle), (150, 152, 156))
    for k in range(3):
        _finger(canvas, (500, 300 + k * 74 + y - 318), (x + 171 - k * 5, 318 + k * 66 + y - 318))
    _finger(canvas, (-30, 470 + y - 318), (x - 172, 392 + y - 318), 40)
    return canvas


def _moire(picture: Image.Image, t: float) -> Image.Image:
    pixels = np.asarray(picture, np.float32)
    ys, xs = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]].astype(np.float32)
    wave = np.sin(xs * 0.21 + ys * 0.05 + 2 * np.sin(ys * 0.011) + t * 1.5)
    wave += 0.8 * np.sin(ys * 0.17 - xs * 0.03 + 2.5 * np.sin(xs * 0.012) - t * 2)
    tint = np.stack([1 + 0.05 * wave, 1 + 0.03 * np.roll(wave, 7, 1), 1.05 - 0.042 * wave], axis=-1)
    faded = 128 + (pixels - 128) * 0.86 + 16
    return Image.fromarray(np.clip(faded * tint, 0, 255).astype(np.uint8))


def printed(room: Canvas, person: Person, pose: Pose, t: float) -> Canvas:
    """A paper print held by two hands: the face never moves, the sheet does."""
    still = ImageEnhance.Color(portrait(scene.room(person), person, Pose()).shrunk()).enhance(0.72)
    still = ImageEnhance.Contrast(still).enhance(0.86)
    canvas, angle = room.copy(), -0.045 + 0.03 * math.sin(1.6 * t)
    x, y = 238 + 7 * math.sin(1.3 * t), 312 + 5 * math.sin(2.0 * t)
    w, h = 366.0, 500.0
    sheet = [(-w / 2, -h / 2), (w / 2, -h / 2 + 3), (w / 2 - 2, h / 2 - 74), (w / 2 - 74, h / 2), (-w / 2, h / 2)]
    paper = _turned(sheet, x, y, angle)
    canvas.paint([(a + 14, b + 18) for a, b in paper], (16, 12, 12), 0.5, 16)
    canvas.paint(paper, (246, 243, 236))
    _paste(canvas, still, w - 34, h - 40, x, y, angle)
    corner = _turned([(w / 2, h / 2 - 76), (w / 2 + 4, h / 2 + 4), (w / 2 - 76, h / 2)], x, y, angle)
    _paste_region(canvas, room, corner)
    fold = _turned([(w / 2 - 1, h / 2 - 76), (w / 2 - 66, h / 2 - 62), (w / 2 - 76, h / 2 - 1)], x, y, angle)
    canvas.paint([(a - 6, b - 4) for a, b in fold], (30, 20, 20), 0.5, 8, paper)
    canvas.gradient(fold, ((250, 248, 244), (206, 200, 190)), fold[1], corner[1])
    for k in (-0.6, 0.1, 0.7):
        bend = _turned([(k * w / 2, -h / 2), (k * w / 2 + 14, 0), (k * w / 2 + 4, h / 2 - 80)], x, y, angle)
        canvas.paint(stroke(bend, 26, tail=1, head=1), (255, 255, 255) if k > 0 else (60, 50, 50), 0.13, 9, paper)
    for k in range(2):
        _finger(canvas, (-34, 360 + k * 64 + y - 312), (x - w / 2 + 24 - k * 4, 336 + k * 56 + y - 312), 33)
    _finger(canvas, (520, 300 + y - 312), (x + w / 2 - 22, 254 + y - 312), 38)
    return canvas


def _paste_region(canvas: Canvas, source: Canvas, shape: Shape) -> None:
    mask = Canvas(canvas.scale)
    mask.paint(shape, (255, 255, 255))
    canvas.image.paste(source.image, (0, 0), mask.image.convert("L"))


def masked(room: Canvas, person: Person, pose: Pose, _t: float) -> Canvas:
    """A rigid mask in front of the face: only the eyes in its holes move, and its rim shows."""
    canvas = room.copy()
    scene.body(canvas, person, pose)
    edge = face.head(canvas, person, pose)
    hair.before(canvas, person, pose, edge)
    plastic: Colour = (232, 196, 168)
    right = [(0, -112), (46, -106), (80, -76), (92, -24), (88, 30), (72, 76), (40, 116), (0, 126)]
    plate = spline(pose.shape(mirrored(right), 0.8))
    for side in (-1, 1):
        strap = [pose.point(side * 88, 4, 0.6), pose.point(side * 102, -4, 0.0)]
        canvas.paint(stroke(strap, 6, tail=1, head=1), (240, 238, 232))
    canvas.paint([(x + 4, y + 6) for x, y in plate], (10, 4, 4), 0.7, 5)
    canvas.gradient(
        plate, (lighter(plastic, 0.5), plastic, shade(plastic, 0.34)), pose.point(-70, -100), pose.point(80, 110)
    )
    doll = Person(**{**vars(person), "skin": plastic, "beard": "", "lips": (196, 92, 88), "brow_colour": (92, 62, 44)})
    face.features(canvas, doll, Pose(**{**vars(pose), "blink": 0.0, "mouth": 0.0}), edge)
    for side in (-1, 1):
        hole = spline(pose.shape([(side * 41 + a, -8 + b) for a, b in ellipse(0, 0, 31, 19, 14)], 1.0))
        canvas.paint(hole, shade(person.skin, 0.55))
        canvas.paint([(x, y - 5) for x, y in hole], (16, 8, 8), 0.5, 5, hole)
        face.eye(canvas, person, pose, side)
        canvas.paint(stroke([*hole, hole[0]], 2.6, tail=1, head=1), shade(plastic, 0.6), 0.9, 0.5)
    canvas.paint(stroke([*plate, plate[0]], 3.4, tail=1, head=1), shade(plastic, 0.62), 0.9, 0.6)
    canvas.paint(stroke([(x - 2, y - 2) for x, y in plate[90:130]], 2.4), (255, 255, 255), 0.7, 0.6)
    canvas.paint(face.spot(pose, -34, -78, 26, 11), (255, 255, 255), 0.75, 4, plate)
    canvas.paint(face.spot(pose, -58, 36, 10, 20), (255, 255, 255), 0.4, 5, plate)
    return canvas


def dark(room: Canvas, person: Person, pose: Pose, t: float) -> Canvas:
    """A room without light, and the grain of a sensor that sees almost nothing."""
    canvas = portrait(room, person, pose)
    pixels = np.asarray(canvas.image, np.float32)
    grain = np.random.default_rng(round(t * 25)).normal(0, 2.0, (HEIGHT // 2, WIDTH // 2)).astype(np.float32)
    coarse = np.asarray(Image.fromarray(grain).resize(canvas.image.size, Image.Resampling.BILINEAR))
    dim = (pixels / 255) ** 1.5 * np.array([34, 38, 50], np.float32) + coarse[..., None] + 5
    canvas.image = Image.fromarray(np.clip(dim, 0, 255).astype(np.uint8))
    return canvas


def covered(room: Canvas, person: Person, pose: Pose, _t: float) -> Canvas:
    """A surgical mask over nose and mouth."""
    canvas = room.copy()
    hair.behind(canvas, person, pose)
    scene.body(canvas, person, pose)
    edge = face.head(canvas, person, pose)
    face.features(canvas, person, pose, edge)
    right = [(0, 6), (26, 18), (62, 30), (88, 44), (80, 86), (52, 124), (0, 142)]
    cloth = spline(pose.shape(mirrored(right), 1.08))
    canvas.paint([(x + 1, y + 5) for x, y in cloth], shade(person.skin, 0.9), 0.4, 5, edge)
    for side in (-1, 1):
        for y, ear in ((46, -6), (92, 26)):
            loop = [pose.point(side * 84, y, 0.8), pose.point(side * 101, ear, 0.0)]
            canvas.paint(stroke(loop, 3, tail=1, head=1), (242, 244, 246))
    canvas.gradient(cloth, ((196, 226, 238), (138, 188, 212), (92, 142, 170)), pose.point(-70, 20), pose.point(80, 130))
    for y in (52, 76, 100):
        pleat = pose.shape([(-84 + (y - 52) * 0.3, y), (0, y + 8), (84 - (y - 52) * 0.3, y)], 1.12)
        canvas.paint(stroke(pleat, 4), (56, 104, 134), 0.4, 1.4, cloth)
        canvas.paint(stroke([(a, b + 4) for a, b in pleat], 4), (240, 250, 255), 0.45, 1.4, cloth)
    canvas.paint(
        stroke(pose.shape([(-26, 18), (0, 8), (26, 18)], 1.14), 5, tail=0.6, head=0.6), (240, 248, 252), 0.9, 0.8
    )
    hair.before(canvas, person, pose, edge)
    return canvas


def crowded(room: Canvas, person: Person, pose: Pose, _t: float) -> Canvas:
    """Somebody else leans into the picture."""
    back = Pose(
        **{**vars(pose), "x": 480 - pose.x + 122, "y": pose.y - 34, "size": 0.86, "yaw": -pose.yaw - 0.12, "roll": -0.1}
    )
    behind = portrait(room, PEOPLE["kofi"], back)
    behind.image = behind.image.filter(ImageFilter.GaussianBlur(1.2))
    front = Pose(**{**vars(pose), "x": pose.x - 92, "y": pose.y + 52, "size": 0.98})
    return portrait(behind, person, front)
