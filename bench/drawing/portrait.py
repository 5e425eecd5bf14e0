"""One frame: a person in a pose, in a room."""

from drawing import face, hair, scene
from drawing.canvas import Canvas
from drawing.people import Person
from drawing.pose import Pose


def portrait(room: Canvas, person: Person, pose: Pose) -> Canvas:
    """Paint the person over a copy of the room."""
    canvas = room.copy()
    hair.behind(canvas, person, pose)
    scene.body(canvas, person, pose)
    edge = face.head(canvas, person, pose)
    face.features(canvas, person, pose, edge)
    hair.before(canvas, person, pose, edge)
    return canvas
