"""Can the media root be used? Nothing is made or kept by looking."""

from pathlib import Path

from liveness.app_settings import app_settings
from liveness.conditions import Condition, ConditionKind, Part, Probe, ownership, watch
from liveness.media import media_root
from liveness.storage import marker


def look_at_media_root() -> Condition | None:
    root = Path(app_settings.MEDIA_ROOT).absolute()
    try:
        ownership.try_directory(root)
    except OSError as failure:
        return Condition.of(ConditionKind.MEDIA_ROOT, ownership.explain("LIVENESS_MEDIA_ROOT", root, failure))
    return None


def look_at_marker() -> Condition | None:
    """Is this the directory that the database knows? Raises DatabaseError."""
    if look_at_media_root() or not marker.find_fault():
        return None
    return Condition(ConditionKind.MEDIA_MARKER, media_root.advice(), media_root.problem())


def install() -> None:
    """Have the media root looked at with the other conditions."""
    watch(Probe(Part.STORAGE, look_at_media_root, uses_database=False), Probe(Part.STORAGE, look_at_marker))
