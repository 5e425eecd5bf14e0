"""The face itself: skin, eyes, brows, nose, mouth, beard, glasses."""

import random

from drawing.canvas import Canvas, Colour, Point, Shape, darker, ellipse, lighter, mix, shade, spline, stroke
from drawing.people import Person
from drawing.pose import Pose, mirrored

WHITE, INK = (255, 255, 255), (30, 16, 18)


def outline(person: Person, pose: Pose) -> list[Point]:
    """The edge of the face, from the crown round to the chin."""
    w, j = person.width, person.jaw
    right = [
        (0, -132), (44 * w, -126), (78 * w, -102), (97 * w, -58), (101 * w, -8), (97 * w, 30),
        (86 * w * (0.6 + 0.4 * j), 66), (60 * j, 106), (28 * j, 130), (0, 135),
    ]  # fmt: skip
    return spline(pose.shape(mirrored(right), 0.55))


def head(canvas: Canvas, person: Person, pose: Pose) -> Shape:
    """Paint ears and skin, and return the outline for what comes on top."""
    for side in (-1, 1):
        _ear(canvas, person, pose, side)
    edge = outline(person, pose)
    skin = person.skin
    top, low = pose.point(-70, -110), pose.point(80, 120)
    canvas.gradient(edge, (lighter(skin, 0.22), skin, shade(skin, 0.3)), top, low)
    cheek = [pose.point(x, y, 0.4) for x, y in ((112, -120), (66, -60), (74, 10), (70, 70), (40, 140), (130, 150))]
    canvas.paint(spline(cheek), shade(skin, 0.6), 0.5, 22, edge)
    under = pose.shape([(-90, 128), (-40, 118), (0, 122), (40, 118), (90, 128), (0, 170)], 0.6)
    canvas.paint(under, shade(skin, 0.6), 0.42, 12, edge)
    canvas.paint(spot(pose, -30, -88, 52, 30), lighter(skin, 0.6), 0.42, 16, edge)
    for side in (-1, 1):
        blush = mix(skin, (214, 74, 70), 0.42)
        canvas.paint(spot(pose, side * 56, 44, 30, 22), blush, 0.42, 13, edge)
        canvas.paint(spot(pose, side * 54, 30, 20, 10), lighter(skin, 0.5), 0.32 if side < 0 else 0.16, 8, edge)
    canvas.paint(spot(pose, -4, 112, 20, 9), lighter(skin, 0.4), 0.3, 7, edge)
    return edge


def features(canvas: Canvas, person: Person, pose: Pose, edge: Shape) -> None:
    """Everything that makes the skin a face."""
    if person.age:
        _wrinkles(canvas, person, pose)
    if person.freckles:
        _freckles(canvas, person, pose)
    if person.beard:
        _beard(canvas, person, pose, edge)
    for side in (-1, 1):
        eye(canvas, person, pose, side)
        _brow(canvas, person, pose, side)
    _nose(canvas, person, pose)
    _mouth(canvas, person, pose)
    if person.glasses:
        _glasses(canvas, person.glasses, pose)


def spot(pose: Pose, x: float, y: float, rx: float, ry: float, lift: float = 1.0) -> list[Point]:
    return pose.shape(ellipse(x, y, rx, ry, 24), lift)


def _ear(canvas: Canvas, person: Person, pose: Pose, side: int) -> None:
    skin = shade(person.skin, 0.18 if side < 0 else 0.42)
    x = 99 * person.width * side
    ear = [(x - 6 * side, -24), (x + 8 * side, -32), (x + 17 * side, -20), (x + 15 * side, 6), (x + 8 * side, 28),
           (x - 4 * side, 30)]  # fmt: skip
    canvas.paint(spline(pose.shape(ear, -0.12)), skin)
    inner = [(x + 1 * side, -16), (x + 9 * side, -20), (x + 11 * side, -8), (x + 6 * side, 8), (x + 3 * side, 16)]
    canvas.paint(stroke(pose.shape(inner, -0.12), 4), shade(skin, 0.5), 0.7, 1)
    if person.earrings:
        cx, cy = pose.point(x + 6 * side, 44, -0.12)
        canvas.paint(_ring(cx, cy, 11, 2.6), darker(person.earrings, 0.25))
        canvas.paint(_ring(cx - 0.8, cy - 0.8, 11, 1.2), lighter(person.earrings, 0.4))


def _ring(x: float, y: float, radius: float, width: float) -> list[Point]:
    outer, inner = ellipse(x, y, radius, radius * 1.15), ellipse(x, y, radius - width, radius * 1.15 - width)
    return [*outer, outer[0], inner[0], *reversed(inner)]


def eye(canvas: Canvas, person: Person, pose: Pose, side: int) -> None:
    s, tilt = person.eye_size, person.eye_tilt * 14
    cx, cy, skin = side * 41.0, -8.0, person.skin
    canvas.paint(spot(pose, cx, cy - 6, 31, 20), shade(skin, 0.5), 0.42, 7)

    def place(x: float, y: float) -> Point:
        return pose.point(cx + side * x * s, cy + (y - tilt * x / 24) * s)

    low = [(-22, 3), (-12, 8.5), (2, 10), (14, 7.5), (24, -1)]
    high = [(-22, 3), (-14, -6.5), (-1, -11), (14, -8.5), (24, -1)]
    lid = [(x, y + (b - y) * min(pose.blink, 0.96)) for (x, y), (_, b) in zip(high, low, strict=True)]
    upper = spline([place(*p) for p in lid], closed=False, steps=6)
    lower = spline([place(*p) for p in low], closed=False, steps=6)
    ball = [*upper, *reversed(lower)]
    canvas.gradient(ball, ((214, 208, 208), (250, 248, 246), (240, 232, 230)), place(0, -12), place(0, 9))
    _iris(canvas, person, place(2 * side + pose.gaze * 7 * side, -1.5), 10.6 * s * pose.size, ball)
    fold = [place(x, y - 3 - 4.5 * (1 - abs(x) / 30)) for x, y in lid]
    if pose.blink > 0.15:
        canvas.paint([*spline(fold, closed=False, steps=6), *reversed(upper)], shade(skin, 0.22), 0.95, 0.6)
    canvas.paint(stroke(fold, 2.2), shade(skin, 0.8), 0.6, 0.7)
    canvas.paint(stroke([(x, y + 3) for x, y in upper[::6]], 5), INK, 0.22, 2, ball)
    canvas.paint(stroke([*upper[::6], place(24, -1)], 3.0 + 1.8 * person.lashes, tail=0.2, head=0.5), INK, 0.95)
    canvas.paint(stroke(lower[::6], 1.6, tail=0.1, head=0.3), shade(skin, 0.75), 0.65, 0.4)
    if person.lashes > 0.5:
        for x, y in ((14, -9), (19, -6), (23, -2)):
            y += (8 - y) * min(pose.blink, 0.96)
            flick = [place(x, y), place(x + 4, y - 2.5), place(x + 8, y - 7 + 8 * pose.blink)]
            canvas.paint(stroke(flick, 2.4 * person.lashes, tail=0.9, head=0.1), INK, 0.9)


def _iris(canvas: Canvas, person: Person, centre: Point, radius: float, ball: Shape) -> None:
    x, y = centre
    disc = ellipse(x, y, radius, radius)
    canvas.paint(disc, darker(person.eyes, 0.6), 1, 0.5, ball)
    inner = ellipse(x, y, radius * 0.86, radius * 0.86)
    canvas.gradient(
        inner, (darker(person.eyes, 0.4), lighter(person.eyes, 0.28)), (x, y - radius), (x, y + radius), 1, 0.5, ball
    )
    canvas.paint(ellipse(x, y, radius * 0.42, radius * 0.42), (10, 6, 8), 1, 0.4, ball)
    canvas.paint(ellipse(x - radius * 0.32, y - radius * 0.4, radius * 0.27, radius * 0.27), WHITE, 0.95, 0.3, ball)
    canvas.paint(ellipse(x + radius * 0.36, y + radius * 0.4, radius * 0.16, radius * 0.16), WHITE, 0.5, 0.5, ball)


def _brow(canvas: Canvas, person: Person, pose: Pose, side: int) -> None:
    colour = person.brow_colour or person.hair_colour
    lift = -3 * pose.mouth + 3 * pose.blink
    line = [(side * x, y + lift) for x, y in ((17, -33), (30, -40), (46, -43), (60, -39), (70, -30))]
    thick = 8.2 * person.brow
    canvas.paint(stroke(pose.shape(line), thick, tail=0.55, head=0.12), colour, 0.82, 0.7)
    for i in range(9):
        x = 18 + i * 5.4
        y = -35 - 8 * (1 - ((x - 44) / 28) ** 2) + lift + (2 if i > 6 else 0)
        hair = [
            (side * x, y + thick * 0.35),
            (side * (x + 3), y - thick * 0.1),
            (side * (x + 8), y - thick * 0.3 + i * 0.3),
        ]
        canvas.paint(stroke(pose.shape(hair), 1.5, tail=0.6), darker(colour, 0.3), 0.5, 0.3)


def _nose(canvas: Canvas, person: Person, pose: Pose) -> None:
    n, skin = person.nose, person.skin
    dim, light = shade(skin, 0.62), lighter(skin, 0.6)
    bridge = [(9, -30), (13, -8), (12, 18), (20 * n, 38), (10, 46), (4, 20), (3, -20)]
    canvas.paint(spline(pose.shape(bridge, 1.16)), dim, 0.4, 6)
    canvas.paint(stroke(pose.shape([(-3, -30), (-3, 0), (-2, 26)], 1.2), 8, tail=0.4), light, 0.4, 4)
    canvas.paint(pose.shape(ellipse(0, 50, 21 * n, 7), 1.1), dim, 0.45, 5)
    canvas.paint(pose.shape(ellipse(-3, 32, 9, 7), 1.25), light, 0.62, 4)
    for side in (-1, 1):
        wing = [(side * 15 * n, 26), (side * 21 * n, 36), (side * 17 * n, 46), (side * 10 * n, 45)]
        canvas.paint(stroke(pose.shape(wing, 1.14), 3.2, tail=0.1), dim, 0.75, 1)
        canvas.paint(pose.shape(ellipse(side * 9.5 * n, 45, 5.4 * n, 2.9), 1.16), darker(skin, 0.72), 0.85, 1)


def _mouth(canvas: Canvas, person: Person, pose: Pose) -> None:
    w, drop = 31 * person.mouth_width * (1 - 0.16 * pose.mouth), 24 * pose.mouth
    lips = person.lips or mix(darker(person.skin, 0.12), (176, 70, 70), 0.42)
    y = 79 - 2 * pose.mouth
    up = y - 7.5 * pose.smile
    centre = [(-w, up), (-w * 0.45, y + 1), (0, y), (w * 0.45, y + 1), (w, up)]
    inner = [(x, v + drop * (1 - (x / w) ** 2)) for x, v in centre]
    top = [
        (-w, up),
        (-w * 0.5, y - 7.5),
        (-w * 0.16, y - 11),
        (0, y - 8.5),
        (w * 0.16, y - 11),
        (w * 0.5, y - 7.5),
        (w, up),
    ]
    base = [(x, v + 15 * (1 - (x / w) ** 2)) for x, v in inner]

    def line(points: Shape) -> list[Point]:
        return spline(pose.shape(points, 1.06), closed=False, steps=6)

    canvas.paint(pose.shape(ellipse(0, y + 24 + drop, w * 0.7, 6), 1.04), shade(person.skin, 0.7), 0.4, 5)
    hole = [*line(centre), *reversed(line(inner))]
    if pose.mouth > 0.05:
        canvas.paint(hole, (70, 18, 22))
        teeth = [*line(centre), *reversed(line([(x, v + min(7.0, drop * 0.5)) for x, v in centre]))]
        canvas.paint(teeth, (246, 240, 232), 1, 0.8, hole)
        canvas.paint(pose.shape(ellipse(0, y + drop + 2, w * 0.5, 8), 1.0), (186, 84, 86), 0.9, 2, hole)
    canvas.gradient(
        [*line(top), *reversed(line(centre))], (lips, darker(lips, 0.3)), pose.point(0, y - 10), pose.point(0, y + 2)
    )
    lower = [*line(inner), *reversed(line(base))]
    canvas.gradient(
        lower, (darker(lips, 0.12), lighter(lips, 0.14)), pose.point(0, y + drop), pose.point(0, y + drop + 13)
    )
    canvas.paint(pose.shape(ellipse(-4, y + drop + 6.5, w * 0.34, 2.8), 1.08), lighter(lips, 0.7), 0.5, 2, lower)
    canvas.paint(stroke(pose.shape(centre, 1.06), 2.4, tail=0.3, head=0.3), darker(lips, 0.66), 0.9, 0.5)
    for side in (-1, 1):
        corner = [(side * (w - 2), up + 1), (side * (w + 4), up - 1.5)]
        canvas.paint(stroke(pose.shape(corner, 1.04), 3.4), shade(person.skin, 0.8), 0.6, 1.3)


def _beard(canvas: Canvas, person: Person, pose: Pose, edge: Shape) -> None:
    w, j, full = person.width, person.jaw, person.beard == "full"
    right = [
        (0, 58),
        (20, 57),
        (33, 66),
        (44, 62),
        (66, 42),
        (94 * w, -6),
        (104 * w, 10),
        (96 * w, 66),
        (66 * j, 112),
        (30 * j, 140),
        (0, 146),
    ]
    shape = spline(pose.shape(mirrored(right), 0.85), steps=6)
    colour = mix(person.hair_colour, person.skin, 0.12)
    canvas.paint(shape, colour, 0.86 if full else 0.5, 4, edge)
    draw = random.Random(7)
    for _ in range(520 if full else 260):
        x, y = draw.uniform(-92, 92), draw.uniform(56, 134)
        if (abs(x) < 34 and 58 < y < 98) or (abs(x) < 60 and y < 72 - 0.2 * abs(x)):
            continue
        hair = pose.shape([(x, y), (x * 0.99, y + 4), (x * 0.97, y + 8)], 0.85)
        canvas.paint(stroke(hair, 1.3), draw.choice((darker(colour, 0.4), lighter(colour, 0.2))), 0.4, 0, edge)
    lip = pose.shape(ellipse(0, 101, 13, 4), 1.0)
    canvas.paint(lip, mix(person.skin, colour, 0.45), 0.6, 3)


def _wrinkles(canvas: Canvas, person: Person, pose: Pose) -> None:
    ink = shade(person.skin, 0.7)
    lines: list[list[Point]] = [[(-44, -74), (0, -78), (44, -74)], [(-38, -62), (0, -65), (38, -62)]]
    for s in (-1, 1):
        lines += [
            [(s * 24, 40), (s * 36, 56), (s * 39, 74)], [(s * 68, -10), (s * 78, -14), (s * 84, -20)],
            [(s * 68, -4), (s * 79, -4), (s * 86, -6)], [(s * 26, 11), (s * 40, 15), (s * 56, 10)],
            [(s * 8, -30), (s * 7, -40)],
        ]  # fmt: skip
    for line in lines:
        canvas.paint(stroke(pose.shape(line), 2.6, tail=0.1, head=0.1), ink, 0.5 * person.age, 1)


def _freckles(canvas: Canvas, person: Person, pose: Pose) -> None:
    draw = random.Random(3)
    for _ in range(70):
        x, y = draw.gauss(0, 38), draw.gauss(32, 13)
        if abs(x) < 88 and y > 6:
            size = draw.uniform(0.9, 1.9)
            canvas.paint(spot(pose, x, y, size, size), darker(mix(person.skin, (190, 96, 40), 0.5), 0.1), 0.6, 0.4)


def _glasses(canvas: Canvas, colour: Colour, pose: Pose) -> None:
    for side in (-1, 1):
        lens = [(side * (43 + x), -4 + y) for x, y in ellipse(0, 0, 33, 27, 28)]
        rim = pose.shape(lens, 1.12)
        canvas.paint(rim, (236, 244, 250), 0.1)
        glint = [(side * 43 - 20, -22), (side * 43 - 8, -27), (side * 43 - 24, 12), (side * 43 - 29, 2)]
        canvas.paint(pose.shape(glint, 1.12), WHITE, 0.2, 1.5, rim)
        canvas.paint(stroke([(x + 1.5, y + 4) for x, y in [*rim, rim[0]]], 3, tail=1, head=1), INK, 0.16, 2)
        canvas.paint(stroke([*rim, rim[0]], 3.8, tail=1, head=1), colour, 1, 0.3)
        canvas.paint(stroke(rim[14:22], 1.3), lighter(colour, 0.6), 0.7, 0.3)
        arm = [*pose.shape([(side * 75, -10)], 1.12), pose.point(side * 100, -16, 0.0)]
        canvas.paint(stroke(arm, 4, tail=1, head=1), colour)
    canvas.paint(stroke(pose.shape([(-12, -6), (0, -11), (12, -6)], 1.25), 4, tail=1, head=1), colour)
