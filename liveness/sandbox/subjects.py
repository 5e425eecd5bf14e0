"""The simulated people: what each one's check comes to, and the pictures that show it.

Result codes and descriptions are the vendor's (result list of GetFaceIdResultIntl and the shared H5 table); every
picture is drawn by `bench/draw_subjects.py` and shows nobody.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
CONTENT_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}
PENDING, PENDING_DESCRIPTION = "-999", "The verification process wasn't finished."


@dataclass(frozen=True)
class Asset:
    """A file of `assets/` with what the vendor says of it."""

    name: str
    data: bytes = field(repr=False, compare=False)
    md5: str

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[Path(self.name).suffix]


@cache
def asset(name: str) -> Asset:
    """Read a file of `assets/` once."""
    data = (ASSETS / name).read_bytes()
    return Asset(name, data, hashlib.md5(data, usedforsecurity=False).hexdigest())


@lru_cache(maxsize=64)
def imprinted(file: Asset, token: str) -> Asset:
    """The same picture or video as a file of its own: no two recordings in the world have the same bytes.

    The token's digest goes into a JPEG comment or a free box, which show nothing (ITU-T T.81 B.2.4.5, ISO/IEC 14496-12
    section 8.1.2).
    """
    mark = hashlib.sha256(token.encode()).digest()[:16]
    if file.content_type == "image/jpeg":
        data = file.data[:2] + b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark + file.data[2:]
    else:
        data = file.data + (len(mark) + 8).to_bytes(4, "big") + b"free" + mark
    return Asset(file.name, data, hashlib.md5(data, usedforsecurity=False).hexdigest())


@dataclass(frozen=True)
class Subject:
    """One simulated person.

    `takes` is how long the check lasts, in seconds (None: never finished). `later` names the scenario whose result
    is read instead, so many seconds after the check was done. `is_shared` has everybody of this scenario send the very
    same files.
    """

    result: str
    description: str
    drawing: str = ""
    takes: float | None = 30.0
    with_best_frame: bool = True
    with_video: bool = True
    later: tuple[float, str] | None = None
    is_shared: bool = False

    @property
    def best_frame(self) -> Asset | None:
        return asset(f"{self.drawing}.jpg") if self.drawing and self.with_best_frame else None

    @property
    def video(self) -> Asset | None:
        return asset(f"{self.drawing}.mp4") if self.drawing and self.with_video else None

    def file(self, kind: str, token: str) -> Asset | None:
        """The best frame or the video that this token's check recorded."""
        drawn = self.best_frame if kind == "best_frame" else self.video
        return drawn if drawn is None or self.is_shared else imprinted(drawn, token)


# The order is the one in which ApplyLivenessToken walks through them.
SUBJECTS: dict[str, Subject] = {
    "pass_amara": Subject("0", "Success", "amara", 20),
    "pass_mei": Subject("0", "Success", "mei", 35),
    "screen_replay": Subject("1002", "Suspected spoofed recording.", "replay", 25),
    "pass_diego": Subject("0", "Success", "diego", 45),
    "too_dark": Subject("1201", "Lighting is too dark or overexposed.", "dark", 40),
    "pass_priya": Subject("0", "Success", "priya", 28),
    "never_finishes": Subject(PENDING, PENDING_DESCRIPTION, takes=None),
    "printed_photo": Subject("1401", "Reflection-based liveness detection failed.", "print", 22),
    "pass_henrik": Subject("0", "Success", "henrik", 80),
    "engine_failure": Subject("1001", "Failed to call the liveness engine", takes=15),
    "pass_layla": Subject("0", "Success", "layla", 33),
    "mask": Subject("1005", "Liveness detection failed.", "mask", 26),
    "face_not_found": Subject("1004", "Face detection failed.", "absent", 50),
    "pass_fiona": Subject("0", "Success", "fiona", 24),
    "pass_without_video": Subject("0", "Success", "henrik", 30, with_video=False),
    "several_faces": Subject("2012", "Multiple faces detected.", "crowd", 30),
    "pass_kofi": Subject("0", "Success", "kofi", 38),
    "occluded": Subject("2017", "Facial occlusion detected.", "covered", 27),
    "unknown_code": Subject("9999", "An outcome this list has never heard of.", "kofi", 30),
    "injected_copy": Subject("0", "Success", "mei", 30, is_shared=True),
    "changes_its_mind": Subject("0", "Success", "priya", 20, later=(120.0, "screen_replay")),
}


def subject(scenario: str) -> Subject:
    """The person of a scenario; a KeyError names the ones there are."""
    if scenario not in SUBJECTS:
        raise KeyError(f"There is no scenario {scenario!r}; choose one of {', '.join(SUBJECTS)}.")
    return SUBJECTS[scenario]
