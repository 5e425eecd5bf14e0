"""Who plays what: every picture and video of the sandbox's assets."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from drawing import attacks
from drawing.acting import LIGHTS, NOD, SPEAK, TURN, Act
from drawing.canvas import Canvas
from drawing.people import PEOPLE, Person
from drawing.portrait import portrait
from drawing.pose import Pose

Scene = Callable[[Canvas, Person, Pose, float], Canvas]


def _plain(room: Canvas, person: Person, pose: Pose, _t: float) -> Canvas:
    return portrait(room, person, pose)


@dataclass(frozen=True)
class Part:
    """A person, what the person does, and what the camera sees of it."""

    person: Person
    act: Act
    scene: Scene = _plain


LEAVING = ((0.5, 0.0), (1.6, 96.0), (3.0, 120.0))

STRANGERS = {
    "replay": replace(PEOPLE["priya"], clothes_colour=(92, 130, 150), background="arches"),
    "print": replace(PEOPLE["fiona"], clothes_colour=(120, 78, 120)),
    "mask": replace(PEOPLE["kofi"], clothes_colour=(52, 54, 62)),
    "covered": replace(PEOPLE["priya"], clothes_colour=(98, 140, 120)),
}
BRIEF = Act(seconds=3.2)
TURNING = Act(yaw=TURN, seconds=3.2)

CAST: dict[str, Part] = {
    "amara": Part(PEOPLE["amara"], Act(yaw=TURN, mouth=SPEAK)),
    "mei": Part(PEOPLE["mei"], Act(pitch=NOD, mouth=SPEAK, blinks=(0.8, 2.1))),
    "diego": Part(PEOPLE["diego"], Act(yaw=TURN, lights=LIGHTS, blinks=(0.9, 2.8))),
    "priya": Part(PEOPLE["priya"], Act(mouth=SPEAK, lights=LIGHTS, blinks=(0.7, 1.3, 3.0))),
    "henrik": Part(PEOPLE["henrik"], Act(yaw=TURN, blinks=(0.9, 3.1), seconds=3.4)),
    "layla": Part(PEOPLE["layla"], Act(pitch=NOD, lights=LIGHTS[::-1], blinks=(0.8, 2.6))),
    "fiona": Part(PEOPLE["fiona"], Act(yaw=tuple((t, -v) for t, v in TURN), mouth=SPEAK)),
    "kofi": Part(PEOPLE["kofi"], Act(pitch=NOD, mouth=SPEAK, blinks=(0.9, 2.0))),
    "replay": Part(STRANGERS["replay"], Act(yaw=TURN), attacks.replayed),
    "print": Part(STRANGERS["print"], BRIEF, attacks.printed),
    "mask": Part(STRANGERS["mask"], TURNING, attacks.masked),
    "dark": Part(PEOPLE["diego"], TURNING, attacks.dark),
    "absent": Part(PEOPLE["mei"], Act(drift=LEAVING, seconds=3.2, start=Pose(x=372, y=300, yaw=0.34, size=1.2))),
    "covered": Part(STRANGERS["covered"], TURNING, attacks.covered),
    "crowd": Part(PEOPLE["amara"], BRIEF, attacks.crowded),
}
