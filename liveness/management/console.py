"""What the commands share: exit codes, a progress bar for a terminal, and silence under cron."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

SOME_FAILED = 1
CANNOT_RUN = 2


def some_failed(message: str) -> CommandError:
    """Exit 1: some items failed; the message says which."""
    return CommandError(message, returncode=SOME_FAILED)


def cannot_run(message: str) -> CommandError:
    """Exit 2: nothing can be done until the operator changes something; the message says what."""
    return CommandError(message, returncode=CANNOT_RUN)


def is_terminal() -> bool:
    return sys.stdout.isatty()


def as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class Advance(Protocol):
    def __call__(self, done: int, note: str) -> None: ...


@contextmanager
def progress(title: str, *, total: int | None, wanted: bool) -> Iterator[Advance]:
    """A bar on standard error when a person looks at it and wants it; otherwise nothing."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda done, note: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, note="")

        def advance(done: int, note: str) -> None:
            bar.update(task, completed=done, note=note)

        yield advance
