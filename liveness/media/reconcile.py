"""Do rows and files agree? What is found has a kind; looking changes nothing (see `adoption` for what may be done).

Another kind of finding is another value of `Kind`, a function in `FINDERS`, and where something can be done about it an
entry in `adoption.ACTS`.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db.models import Q

from liveness.media import files as media_files
from liveness.media import integrity
from liveness.media.fetching.transfer import Measured
from liveness.media.integrity import Verdict
from liveness.media.ownership import UnreadableError
from liveness.models import HELD, MediaState, StoredMedia
from liveness.storage import marker
from liveness.storage.private import QUARANTINE

BATCH = 500
THUMBNAIL = ".jpg"


class Kind(Enum):
    """What can be wrong; the values are words of `--json` and stay."""

    ROW_WITHOUT_FILE = "row_without_file"
    FILE_CHANGED = "file_changed"
    UNREADABLE = "unreadable"
    THUMBNAIL_MISSING = "thumbnail_missing"
    FILE_WITHOUT_ROW = "file_without_row"
    # Somewhere under the root, with the digest of a row that lacks its file.
    ADOPTABLE = "adoptable"
    LEFTOVER = "leftover"


WORDS = {
    Kind.ROW_WITHOUT_FILE: "its file is missing",
    Kind.FILE_CHANGED: "its file has another size or digest",
    Kind.UNREADABLE: "it cannot be read",
    Kind.THUMBNAIL_MISSING: "its thumbnail is missing",
    Kind.FILE_WITHOUT_ROW: "no row names this file",
    Kind.ADOPTABLE: "this file belongs to a row that lacks it",
    Kind.LEFTOVER: "a download left this behind",
}


@dataclass
class Finding:
    """One disagreement. `file` and `attempt` are ids, `name` is a path under the root; `done` says what was done."""

    kind: Kind
    name: str
    file: str = ""
    attempt: str = ""
    detail: str = ""
    row_id: int = 0
    done: str = ""
    is_settled: bool = False

    def __str__(self) -> str:
        of = f" ({self.file} of attempt {self.attempt})" if self.file else ""
        more = [WORDS[self.kind], *filter(None, (self.detail, self.done))]
        return f"{self.kind.value}: {_shown(self.name)}{of}: {'; '.join(more)}"

    def as_dict(self) -> dict[str, str | bool]:
        return {
            "kind": self.kind.value,
            "name": _shown(self.name),
            "file": self.file,
            "attempt": self.attempt,
            "detail": self.detail,
            "done": self.done,
            "is_settled": self.is_settled,
        }


@dataclass
class Scan:
    """One comparison: whether digests are compared too, and which rows lack their bytes."""

    is_quick: bool = False
    rows: int = 0
    files: int = 0
    lacking: dict[int, int] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)

    def findings(self) -> Iterator[Finding]:
        """Everything that does not agree. Raises MediaError where the media root is not the right one."""
        marker.check()
        for find in FINDERS:
            yield from find(self)


def _shown(name: str) -> str:
    """A name on one line that every terminal takes; anybody may have named a file."""
    return name if name.isprintable() else ascii(name)


def of_row(kind: Kind, row: StoredMedia, name: str = "", detail: str = "") -> Finding:
    return Finding(kind, name or row.path, str(row.public_id), str(row.attempt.public_id), detail, row.id)


def find_among_rows(scan: Scan) -> Iterator[Finding]:
    """Stored rows whose file is missing, changed or unreadable."""
    for row in _held():
        scan.rows += 1
        try:
            verdict = _verdict(row, scan.is_quick)
        except UnreadableError as problem:
            yield of_row(Kind.UNREADABLE, row, detail=problem.advice)
            continue
        if verdict is not Verdict.SOUND:
            scan.lacking[row.id] = row.size or 0
            kind = Kind.ROW_WITHOUT_FILE if verdict is Verdict.MISSING else Kind.FILE_CHANGED
            yield of_row(kind, row)
        elif row.thumbnail and not (marker.root() / str(row.thumbnail)).exists():
            yield of_row(Kind.THUMBNAIL_MISSING, row, str(row.thumbnail))


def _held() -> Iterator[StoredMedia]:
    """The rows that own a file, in chunks by key: a cursor of the server would not outlive a pooler's transaction."""
    rows = StoredMedia.objects.filter(state__in=HELD).select_related("attempt").order_by("id")
    chunk = list(rows[:BATCH])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(id__gt=chunk[-1].id)[:BATCH])


def find_among_files(scan: Scan) -> Iterator[Finding]:
    """Files that no row names, once they are older than any download may be: files are written before their rows."""
    wanted = StoredMedia.objects.filter(state__in=(MediaState.WANTED, MediaState.LOST))
    wanted = wanted.exclude(declared_md5="", sha256="")
    sizes = {*scan.lacking.values(), *wanted.values_list("declared_size", flat=True).distinct()}
    sizes |= set(wanted.values_list("size", flat=True).distinct()) - {None}
    oldest = time.time() - media_files.sweep_age()
    walk = _walk(marker.root())
    while names := list(islice(walk, BATCH)):
        scan.files += len(names)
        known = _known(names)
        for name in names:
            if name not in known and (finding := _file(scan, name, sizes, oldest)):
                yield finding


FINDERS: tuple[Callable[[Scan], Iterator[Finding]], ...] = (find_among_rows, find_among_files)


def _verdict(row: StoredMedia, is_quick: bool) -> Verdict:
    """Look again with a fresh row where something is wrong: it may have changed while we read."""
    verdict = integrity.look(row, is_quick=is_quick)
    if verdict is Verdict.SOUND:
        return verdict
    fresh = StoredMedia.objects.filter(id=row.id, state__in=HELD).first()
    return integrity.look(fresh, is_quick=is_quick) if fresh else Verdict.SOUND


def _walk(directory: Path) -> Iterator[str]:
    """The names of all files under the root, relative to it; a directory that cannot be listed is one of them."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        yield str(directory.relative_to(marker.root()))
        return
    for entry in entries:
        name = str(Path(entry.path).relative_to(marker.root()))
        if entry.is_dir(follow_symlinks=False):
            if name != marker.NOT_OURS:
                yield from _walk(Path(entry.path))
        elif not name.startswith(marker.MARKER):
            yield name


def _known(names: list[str]) -> set[str]:
    """Those of the names that a row names: a stored file, its thumbnail, or that of a file to be fetched again."""
    ids = {public_id for name in names if (public_id := _public_id(name))}
    known = set()
    for row in StoredMedia.objects.filter(public_id__in=ids):
        if row.state in HELD:
            known |= {str(row.file), str(row.thumbnail)}
        elif row.state == MediaState.WANTED:
            known.add(row.path + THUMBNAIL)
    return known


def _public_id(name: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(Path(name).name.removesuffix(THUMBNAIL))
    return None


def _file(scan: Scan, name: str, sizes: set[int | None], oldest: float) -> Finding | None:
    path = marker.root() / name
    try:
        found = path.lstat()
        if path.is_dir():
            os.scandir(path).close()
            return None
        if found.st_mtime >= oldest:
            return None
        # A file that some row wants in any size may be this one.
        is_candidate = path.is_file() and not path.is_symlink() and bool({found.st_size, None} & sizes)
        row = _row_for(scan, integrity.measure(path)) if is_candidate else None
    except FileNotFoundError:
        return None
    except OSError as problem:
        return Finding(Kind.UNREADABLE, name, detail=UnreadableError(path, problem).advice)
    if row:
        scan.matched.add(row.id)
        return of_row(Kind.ADOPTABLE, row, name)
    folder, _, rest = name.partition("/")
    if folder != QUARANTINE:
        return Finding(Kind.FILE_WITHOUT_ROW, name)
    # What has been set aside is in a folder of its day, and is no disagreement.
    return None if "/" in rest else Finding(Kind.LEFTOVER, name)


def _row_for(scan: Scan, measured: Measured) -> StoredMedia | None:
    """A row that lacks exactly these bytes: one that had them first, then one that never got them."""
    is_declared = Q(declared_md5=measured.md5) & (Q(declared_size=measured.size) | Q(declared_size=None))
    rows = StoredMedia.objects.filter(is_declared | Q(declared_md5="", sha256=measured.sha256))
    same = [row for row in rows.select_related("attempt").order_by("id") if row.id not in scan.matched]
    had = (row for row in same if row.id in scan.lacking and row.sha256 == measured.sha256)
    never_had = (row for row in same if row.state in (MediaState.WANTED, MediaState.LOST))
    return next(had, None) or next(never_had, None)
