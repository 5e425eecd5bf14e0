"""What the system checks look for beside the settings themselves."""

import shutil
from pathlib import Path

from django.db import connection

from liveness.app_settings import app_settings
from liveness.conditions.database import file_of_sqlite
from liveness.conditions.ownership import nearest
from liveness.database.private_files import journals
from liveness.models import MediaKind
from liveness.ratelimit.conditions import rate_limit_file

SHARED = 0o077
# A download that is under way needs room beside the one that is being kept.
VIDEOS_OF_ROOM = 2


def database_exists() -> bool:
    """False for a SQLite file that is not there yet; looking into it would make it."""
    path = file_of_sqlite()
    return path is None or connection.connection is not None or path.exists()


def files_open_to_others() -> list[Path]:
    """The SQLite database with its journals, and the file of the call slots, where other users may use them."""
    files = [file for path in (file_of_sqlite(), rate_limit_file()) if path for file in journals(path)]
    return [path for path in files if _is_shared(path)]


def has_room_for_videos() -> bool:
    """Of a disk that cannot be looked at, `/readyz` and the commands say what is wrong with it."""
    root = Path(app_settings.MEDIA_ROOT).absolute()
    try:
        return shutil.disk_usage(nearest(root)).free >= VIDEOS_OF_ROOM * app_settings.MEDIA_MAX_BYTES[MediaKind.VIDEO]
    except OSError:
        return True


def _is_shared(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & SHARED)
    except OSError:
        return False
