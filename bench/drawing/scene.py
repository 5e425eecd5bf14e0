"""What surrounds a face: the room behind, the neck and the clothes below."""

import math
import random
from collections.abc import Callable

from drawing.canvas import (
    HEIGHT,
    WIDTH,
    Canvas,
    Colour,
    Point,
    Shape,
    darker,
    ellipse,
    lighter,
    mix,
    shade,
    spline,
    stroke,
)
from drawing.people import Person
from drawing.pose import Pose

PAGE = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]


def room(person: Person) -> Canvas:
    """The background, out of focus, lit from the upper left."""
    canvas = Canvas()
    wall = person.wall
    canvas.gradient(PAGE, (lighter(wall, 0.3), wall, darker(wall, 0.3)), (0, 0), (WIDTH, HEIGHT))
    ROOMS[person.background](canvas, person)
    canvas.paint(ellipse(90, 60, 240, 200), lighter(wall, 0.7), 0.3, 60)
    return canvas


def _box(x: float, y: float, w: float, h: float) -> list[Point]:
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def _window(canvas: Canvas, person: Person) -> None:
    canvas.paint(_box(-30, -30, 250, 380), lighter(person.accent, 0.2), 0.95, 7)
    canvas.gradient(_box(-20, -20, 230, 360), ((226, 238, 246), (250, 250, 240)), (0, 0), (0, 340), 1, 6)
    for x, w in ((90, 8), (212, 12)):
        canvas.paint(_box(x, -20, w, 370), darker(person.wall, 0.15), 0.8, 4)
    canvas.paint(_box(-20, 150, 240, 8), darker(person.wall, 0.15), 0.8, 4)
    for x in (250, 290, 330, 376, 420, 462):
        canvas.paint(_box(x, -10, 16, 700), darker(person.wall, 0.25), 0.3, 9)


def _shelf(canvas: Canvas, person: Person) -> None:
    draw = random.Random(21)
    spines = [
        mix(person.accent, c, 0.55)
        for c in ((176, 82, 66), (78, 108, 120), (214, 190, 140), (92, 84, 96), (120, 132, 92))
    ]
    for row in range(4):
        y = 24 + row * 150
        canvas.paint(_box(-10, y, 500, 128), darker(person.wall, 0.35), 0.55, 5)
        x = -6.0
        while x < WIDTH:
            w, h = draw.uniform(13, 27), draw.uniform(84, 118)
            if draw.random() < 0.86:
                book = draw.choice(spines)
                canvas.gradient(
                    _box(x, y + 128 - h, w - 2, h), (lighter(book, 0.12), darker(book, 0.25)), (x, 0), (x + w, 0), 1, 3
                )
            x += w
        canvas.paint(_box(-10, y + 128, 500, 13), lighter(person.accent, 0.1), 1, 3)


def _plants(canvas: Canvas, person: Person) -> None:
    draw = random.Random(4)
    for x, y, size in ((30, 240, 1.3), (440, 190, 1.5), (462, 420, 1.2), (8, 460, 1.0)):
        for i in range(11):
            angle = -math.pi / 2 + (i - 5) * 0.36 + draw.uniform(-0.1, 0.1)
            length = draw.uniform(90, 140) * size
            tip = (x + length * math.cos(angle), y + length * math.sin(angle))
            mid = (x + length * 0.5 * math.cos(angle - 0.12), y + length * 0.5 * math.sin(angle - 0.12))
            leaf = stroke([(x, y), mid, tip], 26 * size, tail=0.1)
            canvas.paint(leaf, mix(person.accent, (20, 60, 40), draw.uniform(0, 0.5)), 0.9, 4)
            canvas.paint(stroke([(x, y), mid, tip], 3), lighter(person.accent, 0.4), 0.4, 2)


def _arches(canvas: Canvas, person: Person) -> None:
    for x in (-60, 150, 360):
        curve = spline(
            [(x, 210), (x + 10, 150), (x + 44, 96), (x + 82, 60), (x + 120, 96), (x + 154, 150), (x + 164, 210)],
            closed=False,
        )
        arch = [(x, 700), *curve, (x + 164, 700)]
        canvas.paint([(a - 8, b - 6) for a, b in arch], lighter(person.wall, 0.5), 0.6, 6)
        canvas.gradient(arch, (person.accent, darker(person.accent, 0.28)), (x, 60), (x, 640), 0.9, 6)
        for row in range(4):
            canvas.paint(_box(x + 16, 210 + row * 100, 132, 6), lighter(person.accent, 0.4), 0.35, 4)


ROOMS: dict[str, Callable[[Canvas, Person], None]] = {
    "window": _window, "shelf": _shelf, "plants": _plants, "arches": _arches,
}  # fmt: skip


def body(canvas: Canvas, person: Person, pose: Pose) -> None:
    """Neck and clothes; the shoulders follow the head a little."""
    sway = (pose.x - 240) * 0.85 + 6 * pose.yaw
    drop = (pose.y - 272) * 0.6 + (pose.size - 1) * 60

    def place(points: Shape) -> list[Point]:
        return [(240 + sway + x * pose.size, 272 + drop + y * pose.size) for x, y in points]

    skin = mix(person.skin, (170, 70, 50), 0.08)
    neck = place([(-50, 60), (-50, 130), (-62, 160), (-90, 190), (90, 190), (62, 160), (50, 130), (50, 60)])
    canvas.gradient(neck, (shade(skin, 0.3), shade(skin, 0.5)), (190, 0), (310, 0))
    right = [(60, 158), (104, 176), (158, 194), (196, 226), (214, 290), (224, 560)]
    torso = [*[(-x, y) for x, y in reversed(right)], *right]
    shape = spline(place([*torso, (224, 580), (-224, 580)]), steps=6)
    cloth = person.clothes_colour
    canvas.gradient(
        shape, (lighter(cloth, 0.22), cloth, darker(cloth, 0.42)), place([(-120, 150)])[0], place([(160, 400)])[0]
    )
    for x, lean in ((-150, 20), (-96, 8), (110, -10), (164, -22)):
        fold = place([(x, 214), (x + lean, 300), (x + lean * 1.6, 400)])
        canvas.paint(stroke(fold, 15), darker(cloth, 0.55), 0.3, 7, shape)
        canvas.paint(stroke([(a - 11, b) for a, b in fold], 9), lighter(cloth, 0.4), 0.2, 5, shape)
    CLOTHES[person.clothes](canvas, cloth, place, skin)
    jaw = [pose.point(x, y, 0.4) for x, y in ((-86, 60), (-58, 124), (0, 156), (62, 130), (90, 60))]
    canvas.paint(jaw, shade(skin, 0.95), 0.5, 10, neck)


Place = Callable[[Shape], list[Point]]


def _skin_below(canvas: Canvas, place: Place, skin: Colour, hole: Shape) -> None:
    shape = spline(place(hole), closed=False, steps=6)
    canvas.gradient(shape, (shade(skin, 0.3), shade(skin, 0.5)), (190, 0), (310, 0))


def _sweater(canvas: Canvas, cloth: Colour, place: Place, skin: Colour) -> None:
    _skin_below(canvas, place, skin, [(-62, 152), (-44, 182), (0, 198), (44, 182), (62, 152)])
    collar = place([(-66, 154), (-46, 186), (0, 203), (46, 186), (66, 154)])
    canvas.paint(stroke([(x, y + 5) for x, y in collar], 18, tail=1, head=1), darker(cloth, 0.6), 0.4, 4)
    canvas.paint(stroke(collar, 17, tail=1, head=1), lighter(cloth, 0.1))
    for i in range(25):
        a = math.pi * (0.06 + 0.88 * i / 24)
        x, y = 66 * math.cos(a), 152 + 51 * math.sin(a)
        canvas.paint(
            stroke(place([(x * 0.9, y - 6), (x * 1.06, y + 7)]), 1.8, tail=1, head=1), darker(cloth, 0.5), 0.4, 0.4
        )


def _hoodie(canvas: Canvas, cloth: Colour, place: Place, skin: Colour) -> None:
    for s in (-1, 1):
        hood = spline(
            place(
                [
                    (s * 44, 126),
                    (s * 100, 140),
                    (s * 128, 184),
                    (s * 70, 226),
                    (s * 8, 226),
                    (s * 40, 190),
                    (s * 60, 160),
                ]
            )
        )
        canvas.paint([(x, y + 8) for x, y in hood], darker(cloth, 0.7), 0.5, 7)
        canvas.gradient(hood, (lighter(cloth, 0.26), darker(cloth, 0.3)), place([(-90, 130)])[0], place([(90, 230)])[0])
        cord = place([(s * 26, 214), (s * 30, 270), (s * 24, 316)])
        canvas.paint(stroke([(x + 3, y + 3) for x, y in cord], 6, tail=1, head=1), darker(cloth, 0.8), 0.4, 2)
        canvas.paint(stroke(cord, 5, tail=1, head=1), (232, 230, 226))
    _skin_below(canvas, place, skin, [(-46, 154), (-34, 186), (0, 204), (34, 186), (46, 154)])


def _collared(canvas: Canvas, cloth: Colour, place: Place, skin: Colour) -> None:
    _skin_below(canvas, place, skin, [(-60, 150), (-34, 190), (0, 234), (34, 190), (60, 150)])
    for s in (-1, 1):
        flap = place([(s * 56, 138), (s * 78, 160), (s * 70, 214), (s * 48, 236), (0, 232), (s * 36, 192)])
        canvas.paint([(x + 2, y + 7) for x, y in flap], darker(cloth, 0.7), 0.45, 5)
        canvas.gradient(flap, (lighter(cloth, 0.32), darker(cloth, 0.1)), place([(-70, 140)])[0], place([(70, 240)])[0])
        canvas.paint(
            stroke(place([(s * 70, 210), (s * 48, 231), (s * 6, 229)]), 1.6, tail=1, head=1), darker(cloth, 0.5), 0.5
        )
    canvas.paint(stroke(place([(6, 236), (8, 400)]), 2.4, tail=1, head=1), darker(cloth, 0.6), 0.6, 0.5)
    for y in (262, 318, 374):
        x, v = place([(-4, y)])[0]
        canvas.paint(ellipse(x + 1, v + 2, 6, 6), darker(cloth, 0.7), 0.5, 1)
        canvas.paint(ellipse(x, v, 5.5, 5.5), lighter(cloth, 0.7))


def _blouse(canvas: Canvas, cloth: Colour, place: Place, skin: Colour) -> None:
    hole = [(-58, 154), (-38, 200), (0, 240), (38, 200), (58, 154)]
    _skin_below(canvas, place, skin, hole)
    canvas.paint(stroke(place(hole), 7, tail=1, head=1), lighter(cloth, 0.22))
    canvas.paint(stroke(place([(0, 246), (2, 300), (-2, 400)]), 3), darker(cloth, 0.6), 0.5, 1)


def _cardigan(canvas: Canvas, cloth: Colour, place: Place, skin: Colour) -> None:
    inside = place([(-60, 150), (-84, 176), (-30, 400), (40, 400), (84, 176), (60, 150)])
    canvas.gradient(inside, ((244, 240, 232), (206, 202, 198)), place([(-60, 0)])[0], place([(70, 0)])[0])
    _collared(canvas, (236, 232, 226), place, skin)
    for s in (-1, 1):
        edge = place([(s * 86, 172), (s * 62, 270), (s * 34, 400)])
        canvas.paint(stroke([(x - s * 6, y + 3) for x, y in edge], 14, tail=1, head=1), darker(cloth, 0.8), 0.35, 4)
        canvas.paint(stroke(edge, 19, tail=1, head=1), lighter(cloth, 0.12))


CLOTHES = {"sweater": _sweater, "hoodie": _hoodie, "shirt": _collared, "denim": _collared, "blouse": _blouse,
           "cardigan": _cardigan}  # fmt: skip


def lit(canvas: Canvas, pose: Pose, light: Colour) -> None:
    """The coloured light of a light challenge, strongest on the face."""
    canvas.paint(PAGE, light, 0.07)
    canvas.paint(pose.shape(ellipse(0, 10, 96, 136), 0.3), light, 0.3, 26)
    canvas.paint(pose.shape(ellipse(-24, -10, 60, 90), 0.9), lighter(light, 0.4), 0.16, 24)
