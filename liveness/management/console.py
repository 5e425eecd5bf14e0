"""What the commands share: exit codes, a progress bar for a terminal, and silence under cron."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

SOME_FAILED = 1
CANNOT_RUN = 2


def some_failed(message: str) -> CommandError:
    """Exit 1: some items failed; the message says which."""
    return CommandError(message, returncode=SOME_FAILED)


def cannot_run(message: str) -> CommandError:
    """Exit 2: nothing can be done until the operator changes something; the message says what."""
    return CommandError(message, returncode=CANNOT_RUN)


def stop_signals(handler: Callable[[int, FrameType | None], None], *more: signal.Signals) -> None:
    """Have SIGTERM and SIGHUP, the end of the terminal or connection, call `handler`; and `more` of them.

    A signal that is ignored stays ignored: that is how `nohup` keeps a command running.
    """
    for number in (signal.SIGTERM, signal.SIGHUP, *more):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def is_terminal() -> bool:
    return sys.stdout.isatty()


def as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class Advance:
    """Says how far the work has come; without a bar, to nobody."""

    def __init__(self, bar: Progress | None = None) -> None:
        self._bar = bar

    def __call__(self, done: int, note: str) -> None:
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=done, note=note)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Room for lines of another kind, where the bar stood."""
        if self._bar:
            self._bar.stop()
        yield
        if self._bar:
            self._bar.start()


@contextmanager
def progress(title: str, *, total: int | None, wanted: bool) -> Iterator[Advance]:
    """A bar on standard error when a person looks at it and wants it; otherwise nothing."""
    if not (wanted and sys.stderr.isatty()):
        yield Advance()
        return
    with Progress(*_columns(total), console=Console(stderr=True), transient=True) as bar:
        bar.add_task(title, total=total, note="")
        yield Advance(bar)


def _columns(total: int | None) -> list[ProgressColumn]:
    """Work without a known end has a count and no bar."""
    amount = [TextColumn("{task.completed}")] if total is None else [BarColumn(), MofNCompleteColumn()]
    head, tail = TextColumn("{task.description}"), TextColumn("{task.fields[note]}")
    return [SpinnerColumn(), head, *amount, tail, TimeElapsedColumn()]
