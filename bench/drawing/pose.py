"""Where a head is and what its face does, and the projection from the head's own coordinates to the picture."""

import math
from dataclasses import dataclass

from drawing.canvas import Point, Shape

RX, RY, DEPTH = 98.0, 130.0, 92.0
NECK = 120.0


@dataclass(frozen=True)
class Pose:
    """Angles are in radians; `x`, `y` is the centre of the head; `blink`, `mouth` and `smile` run from 0 to 1."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 240.0
    y: float = 268.0
    size: float = 1.14
    blink: float = 0.0
    mouth: float = 0.0
    smile: float = 0.6
    gaze: float = 0.0

    def point(self, x: float, y: float, lift: float = 1.0) -> Point:
        """Project a point of the face (0, 0 is its middle); `lift` 0 is the plane of the ears, 1 the skin."""
        flat = 1 - 0.85 * (x / RX) ** 2 - 0.5 * (y / RY) ** 2
        z = DEPTH * lift * math.sqrt(max(flat, 0.0)) if lift >= 0 else DEPTH * lift
        side = x * math.cos(self.yaw) + z * math.sin(self.yaw)
        down = y * math.cos(self.pitch) + z * math.sin(self.pitch) * 0.6
        return self._placed(side, down - NECK)

    def shape(self, points: Shape, lift: float = 1.0) -> list[Point]:
        return [self.point(x, y, lift) for x, y in points]

    def _placed(self, x: float, y: float) -> Point:
        cos, sin = math.cos(self.roll) * self.size, math.sin(self.roll) * self.size
        return self.x + x * cos - y * sin, self.y + NECK * self.size + x * sin + y * cos


def mirrored(right: Shape) -> list[Point]:
    """A closed outline from its right half, given from top to bottom on the axis."""
    return [*right, *[(-x, y) for x, y in reversed(right) if x > 0.01]]
