"""The base of every command: an outage is one line and an exit code, and a reader that has gone is no fault."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, ClassVar, TextIO, cast

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from liveness.management.console import CANNOT_RUN, cannot_run
from liveness.services import conditions, outages
from liveness.services.conditions import FOR_ANY_WRITE, Part, ownership


class LivenessCommand(BaseCommand):
    """`is_writing`: the command does not begin while nothing could be written (exit 2).

    `passing_code` is the exit code of what may pass by itself, such as a database that is away for a moment.
    """

    requires_system_checks = []
    is_writing: ClassVar[bool] = False
    passing_code: ClassVar[int] = CANNOT_RUN

    def __init__(
        self,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        no_color: bool = False,
        force_color: bool = False,
    ) -> None:
        # https://no-color.org; Django itself looks only at its own DJANGO_COLORS.
        no_color = no_color or (bool(os.environ.get("NO_COLOR")) and not force_color)
        super().__init__(
            cast(TextIO, LastingStream(stdout or sys.stdout)),
            cast(TextIO, LastingStream(stderr or sys.stderr)),
            no_color,
            force_color,
        )

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            with translated_outages(self.passing_code):
                if self.is_writing:
                    self.refuse_while(FOR_ANY_WRITE)
                return super().execute(*args, **options)
        finally:
            self.stdout.flush()

    def refuse_while(self, parts: Collection[Part] = frozenset(Part), said: str = "") -> None:
        """Exit 2, with a line for each condition of these parts that stands now, unless it was `said` already."""
        found = conditions.standing(timezone.now(), parts)
        if not found:
            return
        code = self.passing_code if all(condition.passes for condition in found) else CANNOT_RUN
        lines = dict.fromkeys(condition.text for condition in found if condition.text not in said)
        if not lines:
            raise SystemExit(code)
        raise CommandError("\n".join(lines), returncode=code)


@contextmanager
def translated_outages(passing_code: int = CANNOT_RUN) -> Iterator[None]:
    """Turn an outage into one line and an exit code. Whatever else is raised is a fault of the code and passes."""
    try:
        yield
    except ImproperlyConfigured as failure:
        raise cannot_run(str(failure)) from None
    except OSError as failure:
        if outages.of_disk(failure) is None or not failure.filename:
            raise
        raise cannot_run(ownership.explain("the file", ownership.path_of(failure), failure)) from None
    except Exception as failure:
        outage = conditions.explain(failure)
        if outage is None:
            raise
        raise CommandError(outage.line, returncode=passing_code if outage.kind.passes else CANNOT_RUN) from None


class LastingStream:
    """A stream whose reader may go away, as in `| head`: the rest is dropped, and the work goes on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop()

    def _drop(self) -> None:
        """Lead what is still buffered to nowhere, or Python would complain of it at its end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError):
            os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
