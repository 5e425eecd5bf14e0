"""The simulated people: how each looks, and what stands behind them."""

from dataclasses import dataclass

from drawing.canvas import Colour


@dataclass(frozen=True)
class Person:
    """One drawn adult; colours are RGB, shares run from 0 to 1, `width`, `jaw` and the like are around 1."""

    skin: Colour
    hair: str
    hair_colour: Colour
    clothes: str
    clothes_colour: Colour
    background: str
    wall: Colour
    accent: Colour
    eyes: Colour = (74, 48, 32)
    lips: Colour | None = None
    width: float = 1.0
    jaw: float = 1.0
    eye_size: float = 1.0
    eye_tilt: float = 0.0
    brow: float = 1.0
    brow_colour: Colour | None = None
    nose: float = 1.0
    mouth_width: float = 1.0
    age: float = 0.0
    beard: str = ""
    lashes: float = 0.4
    freckles: bool = False
    glasses: Colour | None = None
    earrings: Colour | None = None


PEOPLE: dict[str, Person] = {
    "amara": Person(
        skin=(128, 78, 52), hair="afro", hair_colour=(36, 24, 22), clothes="sweater",
        clothes_colour=(221, 160, 52), background="plants", wall=(96, 148, 146), accent=(52, 104, 92),
        lips=(140, 62, 62), nose=1.16, mouth_width=1.08, lashes=0.9, width=0.98, jaw=0.94,
        earrings=(232, 190, 90), eyes=(58, 34, 24),
    ),
    "mei": Person(
        skin=(244, 208, 178), hair="bob", hair_colour=(34, 28, 32), clothes="shirt",
        clothes_colour=(142, 170, 150), background="window", wall=(232, 214, 190), accent=(250, 240, 222),
        lips=(206, 104, 104), nose=0.9, eye_size=0.96, eye_tilt=0.10, brow=0.8, jaw=0.92, width=0.97,
        lashes=0.7, eyes=(56, 36, 28), glasses=(60, 52, 52),
    ),
    "diego": Person(
        skin=(214, 160, 118), hair="quiff", hair_colour=(58, 38, 28), clothes="denim",
        clothes_colour=(70, 104, 146), background="shelf", wall=(176, 122, 92), accent=(214, 172, 128),
        brow=1.4, jaw=1.1, nose=1.08, beard="full", lashes=0.2, eyes=(92, 60, 34),
    ),
    "priya": Person(
        skin=(182, 122, 84), hair="long", hair_colour=(44, 28, 26), clothes="blouse",
        clothes_colour=(216, 92, 86), background="window", wall=(178, 186, 206), accent=(232, 236, 246),
        lips=(172, 72, 76), jaw=0.9, width=0.96, eye_size=1.1, lashes=1.0, brow=1.1,
        earrings=(240, 214, 150), eyes=(60, 38, 26),
    ),
    "henrik": Person(
        skin=(240, 194, 168), hair="grey", hair_colour=(196, 194, 192), clothes="cardigan",
        clothes_colour=(74, 88, 104), background="shelf", wall=(124, 138, 122), accent=(178, 164, 132),
        brow=1.2, brow_colour=(168, 162, 158), jaw=1.12, nose=1.18, age=1.0, lashes=0.1, eye_size=0.9,
        eyes=(84, 118, 146), glasses=(92, 70, 48),
    ),
    "layla": Person(
        skin=(222, 174, 138), hair="hijab", hair_colour=(160, 76, 108), clothes="blouse",
        clothes_colour=(78, 66, 92), background="arches", wall=(204, 196, 184), accent=(158, 178, 180),
        lips=(186, 88, 90), lashes=1.0, eye_size=1.08, brow=1.2, brow_colour=(58, 40, 34), jaw=0.93,
        eyes=(104, 82, 44),
    ),
    "fiona": Person(
        skin=(248, 214, 194), hair="bun", hair_colour=(188, 88, 44), clothes="sweater",
        clothes_colour=(62, 118, 104), background="plants", wall=(222, 222, 210), accent=(132, 164, 120),
        lips=(208, 108, 102), freckles=True, eyes=(78, 128, 98), brow=0.8, brow_colour=(164, 92, 58), lashes=0.6,
        jaw=0.95,
    ),
    "kofi": Person(
        skin=(92, 56, 40), hair="shaved", hair_colour=(26, 18, 18), clothes="hoodie",
        clothes_colour=(108, 112, 124), background="shelf", wall=(70, 84, 112), accent=(146, 128, 110),
        brow=1.3, jaw=1.12, nose=1.2, mouth_width=1.1, beard="short", lashes=0.2, lips=(112, 60, 56),
        eyes=(48, 28, 20),
    ),
}  # fmt: skip
