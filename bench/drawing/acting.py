"""What a simulated person does in front of the camera, as a function of time."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from drawing.canvas import Colour
from drawing.pose import Pose

Keys = tuple[tuple[float, float], ...]
TURN: Keys = ((1.1, 0.0), (1.6, 0.3), (2.1, -0.3), (2.7, 0.0))
NOD: Keys = ((1.2, 0.0), (1.5, 0.16), (1.9, -0.08), (2.3, 0.0))
SPEAK: Keys = ((2.4, 0.0), (2.75, 0.9), (3.2, 0.0))
LIGHTS: tuple[Colour, ...] = (
    (255, 60, 60),
    (70, 240, 110),
    (70, 110, 255),
    (255, 230, 70),
    (240, 70, 240),
    (80, 240, 250),
)


FRONT = Pose()


@dataclass(frozen=True)
class Act:
    """Times in seconds; `yaw`, `pitch` (radians) and `mouth` (0 to 1) are (time, value) keys."""

    seconds: float = 3.6
    blinks: tuple[float, ...] = (0.85, 2.9)
    yaw: Keys = ()
    pitch: Keys = ()
    mouth: Keys = ()
    drift: Keys = ()
    lights: tuple[Colour, ...] = ()
    start: Pose = FRONT

    def pose(self, t: float) -> Pose:
        """The pose at `t` seconds: the keys, and the small sway of somebody who holds a telephone."""
        yaw = _value(self.yaw, t)
        return replace(
            self.start,
            yaw=self.start.yaw + yaw + 0.02 * math.sin(1.7 * t),
            pitch=self.start.pitch + _value(self.pitch, t),
            roll=self.start.roll + 0.018 * math.sin(1.3 * t) - 0.1 * yaw,
            x=self.start.x + 3 * math.sin(1.2 * t) + 14 * yaw + _value(self.drift, t),
            y=self.start.y + 2.5 * math.sin(2.1 * t),
            blink=max([max(0.0, 1 - abs(t - b) / 0.16) for b in self.blinks], default=0.0),
            mouth=_value(self.mouth, t),
            gaze=-0.6 * yaw,
        )

    def light(self, t: float) -> Colour | None:
        """The colour with which the screen lights the face; flashes fill the last two thirds."""
        share = (t / self.seconds - 0.32) / 0.6
        return self.lights[int(share * len(self.lights))] if self.lights and 0 <= share < 1 else None


def _value(keys: Keys, t: float) -> float:
    for (t0, v0), (t1, v1) in pairwise(keys):
        if t0 <= t <= t1:
            share = (t - t0) / (t1 - t0)
            return v0 + (v1 - v0) * share * share * (3 - 2 * share)
    return keys[-1][1] if keys and t > keys[-1][0] else keys[0][1] if keys else 0.0
