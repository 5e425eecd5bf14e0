"""Hair and head coverings: what hangs behind the head, and what lies over it."""

import math
import random
from collections.abc import Callable

from drawing.canvas import Canvas, Colour, Point, Shape, darker, ellipse, lighter, mix, shade, spline, stroke
from drawing.people import Person
from drawing.pose import Pose, mirrored

Painter = Callable[[Canvas, Person, Pose], None]


def behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    """What is drawn before neck and face."""
    if painter := BEHIND.get(person.hair):
        painter(canvas, person, pose)


def before(canvas: Canvas, person: Person, pose: Pose, edge: Shape) -> None:
    """What lies over the forehead; its soft shadow falls on the skin inside `edge`."""
    if person.hair == "hijab":
        return _hijab(canvas, person, pose)
    cover = spline(pose.shape(FRONT[person.hair], 0.9), steps=8)
    if person.hair == "shaved":
        return _shaved(canvas, person, pose, cover, edge)
    canvas.paint([(x + 3, y + 10) for x, y in cover], shade(person.skin, 0.8), 0.42, 6, edge)
    return OVER[person.hair](canvas, person, pose, cover)


def _mass(canvas: Canvas, shape: Shape, colour: Colour, pose: Pose, shine: float = 0.22) -> None:
    top, low = pose.point(-90, -150, 0), pose.point(110, 150, 0)
    canvas.gradient(shape, (lighter(colour, shine), colour, darker(colour, 0.5)), top, low)


def _strands(canvas: Canvas, lines: list[list[Point]], colour: Colour, clip: Shape, width: float = 2.4) -> None:
    draw = random.Random(11)
    for i, line in enumerate(lines):
        tone = lighter(colour, 0.34) if i % 3 == 0 else darker(colour, 0.5)
        canvas.paint(stroke(line, width * draw.uniform(0.5, 1.4), tail=0.2), tone, 0.34, 0.5, clip)


def _between(one: Shape, other: Shape, count: int) -> list[list[Point]]:
    """`count` curves that lead from one curve to another of as many points."""
    shares = [(i + 0.5) / count for i in range(count)]
    return [
        [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in zip(one, other, strict=True)] for t in shares
    ]


def _long_behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    right = [
        (0, -154),
        (50, -146),
        (90, -116),
        (114, -64),
        (122, 0),
        (126, 90),
        (138, 190),
        (128, 250),
        (70, 262),
        (0, 250),
    ]
    shape = spline(pose.shape(mirrored(right), -0.15))
    _mass(canvas, shape, darker(person.hair_colour, 0.3), pose, 0.1)
    for s in (-1, 1):
        near = pose.shape([(s * 96, -60), (s * 100, 60), (s * 84, 240)], -0.15)
        far = pose.shape([(s * 122, -40), (s * 128, 80), (s * 140, 240)], -0.15)
        _strands(canvas, _between(near, far, 12), person.hair_colour, shape, 4)


def _bob_behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    right = [(0, -154), (52, -146), (92, -116), (116, -64), (124, 0), (128, 70), (120, 126), (90, 136), (0, 120)]
    shape = spline(pose.shape(mirrored(right), -0.1))
    _mass(canvas, shape, darker(person.hair_colour, 0.2), pose, 0.16)
    for s in (-1, 1):
        near = pose.shape([(s * 92, -60), (s * 96, 40), (s * 92, 132)], -0.1)
        far = pose.shape([(s * 120, -40), (s * 126, 50), (s * 118, 130)], -0.1)
        _strands(canvas, _between(near, far, 10), person.hair_colour, shape, 4)


def _afro_behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    draw, colour = random.Random(5), person.hair_colour
    x, y = pose.point(0, -70, -0.1)
    canvas.gradient(
        ellipse(x, y, 150, 138),
        (lighter(colour, 0.2), colour, darker(colour, 0.4)),
        (x - 90, y - 110),
        (x + 90, y + 120),
    )
    for i in range(64):
        angle = i / 64 * 2 * math.pi
        r = draw.uniform(11, 17)
        cx, cy = x + 146 * math.cos(angle), y + 134 * math.sin(angle)
        shade = mix(lighter(colour, 0.16), darker(colour, 0.4), (math.sin(angle + 0.8) + 1) / 2)
        canvas.paint(ellipse(cx, cy, r, r, 16), shade)
    _curls(canvas, colour, x, y, 150, 138, 420, draw)


def _curls(
    canvas: Canvas, colour: Colour, x: float, y: float, rx: float, ry: float, count: int, draw: random.Random
) -> None:
    for _ in range(count):
        angle, far = draw.uniform(0, 2 * math.pi), math.sqrt(draw.random())
        cx, cy = x + rx * far * math.cos(angle), y + ry * far * math.sin(angle)
        lit = (cx - x) / rx + (cy - y) / ry < draw.uniform(-0.9, 0.5)
        turn, r = draw.uniform(0, 6.3), draw.uniform(4, 8)
        arc = [(cx + r * math.cos(turn + k), cy + r * math.sin(turn + k)) for k in (0, 1.2, 2.4, 3.6)]
        canvas.paint(stroke(arc, 2.6), lighter(colour, 0.3) if lit else darker(colour, 0.6), 0.5, 0.5)


def _bun_behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    colour = person.hair_colour
    ball = pose.shape(ellipse(6, -168, 50, 44), -0.1)
    _mass(canvas, ball, colour, pose, 0.35)
    x, y = pose.point(6, -168, -0.1)
    for r in (14, 24, 34, 42):
        turn = [(x + r * math.cos(a), y + r * 0.86 * math.sin(a)) for a in (0.4 + r, 1.6 + r, 2.8 + r, 4.2 + r)]
        canvas.paint(stroke(turn, 4), darker(colour, 0.4), 0.45, 1, ball)
        canvas.paint(stroke([(a - 3, b - 3) for a, b in turn], 3), lighter(colour, 0.5), 0.35, 1, ball)
    right = [(0, -150), (50, -142), (88, -114), (108, -66), (111, -20), (104, 20), (60, 30), (0, 30)]
    canvas.paint(spline(pose.shape(mirrored(right), -0.05)), darker(colour, 0.25))


def _hijab_behind(canvas: Canvas, person: Person, pose: Pose) -> None:
    right = [(0, -162), (54, -152), (98, -120), (122, -64), (128, 0), (128, 80), (150, 170), (150, 230), (0, 240)]
    _mass(canvas, spline(pose.shape(mirrored(right), -0.1)), darker(person.hair_colour, 0.15), pose)


FRINGE = [
    (-104, -6), (-115, -62), (-92, -116), (-50, -147), (0, -156), (50, -147), (92, -116), (115, -62),
    (104, -6), (94, -24), (88, -50), (62, -56), (30, -52), (0, -53), (-30, -52), (-62, -56), (-88, -50),
    (-94, -24),
]  # fmt: skip
CURTAIN = [
    (-106, 40), (-117, -50), (-92, -116), (-52, -148), (0, -157), (52, -148), (92, -116), (117, -50),
    (106, 40), (96, -6), (86, -46), (56, -84), (-12, -112), (-40, -90), (-72, -54), (-92, -8),
]  # fmt: skip
QUIFF = [
    (-102, 4), (-113, -60), (-104, -116), (-66, -158), (-14, -178), (44, -178), (92, -152), (114, -96),
    (103, 4), (97, -20), (92, -58), (72, -88), (34, -100), (-6, -94), (-46, -98), (-78, -86), (-93, -56),
    (-97, -20),
]  # fmt: skip
GREY = [
    (-104, 16), (-114, -46), (-94, -108), (-52, -142), (0, -152), (52, -144), (94, -108), (114, -46),
    (104, 16), (97, -10), (94, -56), (86, -92), (60, -112), (20, -120), (-24, -116), (-58, -106), (-86, -92),
    (-94, -56), (-97, -10),
]  # fmt: skip
SLEEK = [
    (-104, 6), (-112, -58), (-90, -112), (-50, -144), (0, -152), (50, -144), (90, -112), (112, -58),
    (104, 6), (97, -22), (88, -62), (60, -92), (18, -106), (-30, -98), (-64, -84), (-88, -60), (-97, -22),
]  # fmt: skip
CROWN = [
    (-103, -14), (-112, -64), (-90, -112), (-50, -144), (0, -152), (50, -144), (90, -112), (112, -64),
    (103, -14), (97, -30), (90, -62), (66, -84), (32, -92), (0, -94), (-32, -92), (-66, -84), (-90, -62),
    (-97, -30),
]  # fmt: skip


FRONT = {"bob": FRINGE, "long": CURTAIN, "quiff": QUIFF, "grey": GREY, "bun": SLEEK, "afro": CROWN, "shaved": CROWN}


def _bob(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    _mass(canvas, cover, person.hair_colour, pose)
    left = pose.shape([(-10, -154), (-70, -120), (-92, -50)], 0.9)
    right = pose.shape([(10, -154), (70, -120), (92, -50)], 0.9)
    _strands(canvas, _between(left, right, 40), person.hair_colour, cover)
    shine = pose.shape([(-84, -96), (-44, -112), (0, -116), (44, -112), (84, -96)], 0.95)
    canvas.paint(stroke(shine, 15), lighter(person.hair_colour, 0.6), 0.26, 5, cover)


def _long(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    _mass(canvas, cover, person.hair_colour, pose)
    part = [(-14, -156), (-16, -128), (-12, -112)]
    lines = _between(pose.shape(part, 0.9), pose.shape([(-60, -140), (-104, -80), (-104, 30)], 0.9), 14)
    lines += _between(pose.shape(part, 0.9), pose.shape([(60, -146), (108, -84), (106, 30)], 0.9), 20)
    _strands(canvas, lines, person.hair_colour, cover, 3)
    for s in (-1, 1):
        lock = [
            (s * 92, -50),
            (s * 104, 30),
            (s * 112, 110),
            (s * 118, 200),
            (s * 92, 236),
            (s * 86, 160),
            (s * 94, 90),
            (s * 90, 10),
        ]
        shape = spline(pose.shape(lock, 0.1))
        _mass(canvas, shape, person.hair_colour, pose)
        near, far = (
            pose.shape([(s * 92, -20), (s * 98, 90), (s * 92, 230)], 0.1),
            pose.shape([(s * 102, 0), (s * 112, 100), (s * 112, 220)], 0.1),
        )
        _strands(canvas, _between(near, far, 8), person.hair_colour, shape, 3)
    shine = pose.shape([(-92, -70), (-62, -112), (-20, -134), (40, -134), (88, -92)], 0.9)
    canvas.paint(stroke(shine, 14), lighter(person.hair_colour, 0.55), 0.26, 5, cover)


def _quiff(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    _mass(canvas, cover, person.hair_colour, pose, 0.3)
    root = pose.shape([(-92, -60), (-98, -100), (-80, -140)], 0.9)
    tip = pose.shape([(96, -60), (104, -110), (60, -172)], 0.9)
    _strands(canvas, _between(root, tip, 36), person.hair_colour, cover, 4)
    for x in (-60, -20, 24, 62):
        wave = pose.shape([(x - 26, -98), (x - 6, -128), (x + 26, -140), (x + 46, -130)], 0.95)
        canvas.paint(stroke(wave, 9, tail=0.2), lighter(person.hair_colour, 0.42), 0.4, 3, cover)
        canvas.paint(stroke([(a + 4, b + 8) for a, b in wave], 6), darker(person.hair_colour, 0.6), 0.4, 2, cover)


def _grey(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    _mass(canvas, cover, person.hair_colour, pose, 0.5)
    part = pose.shape([(-52, -146), (-54, -130), (-56, -108)], 0.9)
    lines = _between(part, pose.shape([(46, -152), (104, -106), (106, 6)], 0.9), 24)
    lines += _between(part, pose.shape([(-74, -134), (-106, -80), (-106, 6)], 0.9), 10)
    _strands(canvas, lines, darker(person.hair_colour, 0.15), cover, 3)


def _sleek(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    _mass(canvas, cover, person.hair_colour, pose, 0.34)
    left, right = (
        pose.shape([(-96, -30), (-84, -100), (-6, -152)], 0.9),
        pose.shape([(96, -30), (84, -100), (12, -152)], 0.9),
    )
    _strands(canvas, _between(left, right, 40), person.hair_colour, cover, 2.6)
    shine = pose.shape([(-86, -80), (-40, -116), (10, -124), (60, -106)], 0.95)
    canvas.paint(stroke(shine, 13), lighter(person.hair_colour, 0.6), 0.34, 5, cover)
    for s, end in ((-1, 48), (1, 34)):
        loose = pose.shape([(s * 94, -52), (s * 103, -10), (s * 98, end)], 0.5)
        canvas.paint(stroke(loose, 4, tail=0.8, head=0.05), person.hair_colour, 0.95, 0.4)


def _afro(canvas: Canvas, person: Person, pose: Pose, cover: Shape) -> None:
    canvas.gradient(
        cover,
        (lighter(person.hair_colour, 0.12), darker(person.hair_colour, 0.3)),
        pose.point(-80, -140),
        pose.point(90, -40),
        1,
        1.5,
    )
    draw = random.Random(9)
    for x in range(-88, 89, 8):
        y = -96 + (abs(x) / 96) ** 2.2 * 50
        cx, cy = pose.point(x, y, 0.9)
        canvas.paint(ellipse(cx, cy, 9, 8, 14), mix(person.hair_colour, (12, 8, 8), draw.uniform(0, 0.3)), 1, 1)
    x, y = pose.point(0, -112, 0.9)
    _curls(canvas, person.hair_colour, x, y, 100, 36, 130, draw)


def _shaved(canvas: Canvas, person: Person, pose: Pose, cover: Shape, edge: Shape) -> None:
    canvas.paint(cover, person.hair_colour, 0.62, 3, edge)
    canvas.paint(pose.shape(ellipse(-30, -122, 34, 14), 0.9), lighter(person.skin, 0.5), 0.3, 9, edge)
    draw = random.Random(13)
    for _ in range(700):
        angle, far = draw.uniform(0, 6.3), math.sqrt(draw.random())
        x, y = 112 * far * math.cos(angle), -92 + 62 * far * math.sin(angle)
        if y < -94 + (abs(x) / 96) ** 2.2 * 60:
            canvas.paint(ellipse(*pose.point(x, y, 0.9), 0.9, 0.9, 6), (12, 8, 8), 0.4, 0, edge)


def _hijab(canvas: Canvas, person: Person, pose: Pose) -> None:
    colour = person.hair_colour
    inner = [(0, -96), (48, -86), (80, -54), (92, -6), (89, 44), (72, 88), (42, 116), (0, 122)]
    outer = [(0, -160), (54, -152), (98, -120), (124, -50), (126, 70), (118, 150), (88, 190), (0, 200)]
    hole = spline(pose.shape(mirrored(inner), 0.8))
    edge = spline(pose.shape(mirrored(outer), 0.1))
    ring = [*edge, edge[0], hole[0], *reversed(hole)]
    canvas.paint([(x + 2, y + 6) for x, y in ring], shade(person.skin, 0.8), 0.4, 5, hole)
    _mass(canvas, ring, colour, pose, 0.26)
    for i, share in enumerate((0.2, 0.4, 0.58, 0.74, 0.9)):
        fold = [
            (a + (b - a) * share, c + (d - c) * share)
            for (a, c), (b, d) in zip(mirrored(inner), mirrored(outer), strict=True)
        ]
        line = pose.shape(fold[i % 3 : 13 - i % 2], 0.5 - share * 0.3)
        canvas.paint(stroke(line, 8), darker(colour, 0.5), 0.34, 3, ring)
        canvas.paint(stroke([(x - 4, y - 4) for x, y in line], 6), lighter(colour, 0.5), 0.26, 3, ring)
    drape = [(-96, 96), (-30, 132), (40, 150), (108, 190), (120, 240), (20, 236), (-70, 180), (-112, 150)]
    shape = spline(pose.shape(drape, 0.25))
    canvas.paint([(x + 2, y + 7) for x, y in shape], darker(colour, 0.7), 0.4, 6)
    _mass(canvas, shape, colour, pose, 0.3)
    near, far = (
        pose.shape([(-96, 104), (10, 148), (116, 200)], 0.25),
        pose.shape([(-108, 146), (0, 210), (112, 238)], 0.25),
    )
    for line in _between(near, far, 5):
        canvas.paint(stroke(line, 7), darker(colour, 0.5), 0.3, 3, shape)


OVER = {"bob": _bob, "long": _long, "quiff": _quiff, "grey": _grey, "bun": _sleek, "afro": _afro}
BEHIND: dict[str, Painter] = {"long": _long_behind, "bob": _bob_behind, "afro": _afro_behind, "bun": _bun_behind,
                              "hijab": _hijab_behind}  # fmt: skip
