"""The base of every command: an outage is one line and an exit code, and a reader that has gone is no fault."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO, Any, ClassVar, TextIO, cast

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from liveness import conditions
from liveness.conditions import Part, ownership
from liveness.database import outages
from liveness.management.console import CANNOT_RUN, cannot_run
from liveness.management.streams import LastingStream, open_closed_streams


class LivenessCommand(BaseCommand):
    """The command does not begin while one of the parts that it `needs` is out of order (exit 2).

    `passing_code` is the exit code of what may pass by itself, such as a database that is away for a moment.
    """

    requires_system_checks = []
    # A command that writes needs FOR_ANY_WRITE, one that says by itself what stands needs nothing.
    needs: ClassVar[Collection[Part]] = frozenset({Part.DATABASE})
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
        open_closed_streams()
        self._output = LastingStream(stdout or sys.stdout)
        errors = LastingStream(stderr or sys.stderr)
        super().__init__(cast(TextIO, self._output), cast(TextIO, errors), no_color, force_color)

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            with translated_outages(self.passing_code):
                if self.needs:
                    self.refuse_while(self.needs)
                done = super().execute(*args, **options)
        finally:
            self.stdout.flush()
        if failure := self._output.failure:
            raise cannot_run(f"Standard output takes no text ({failure.strerror}).")
        return done

    def refuse_while(self, parts: Collection[Part] = frozenset(Part), said: str = "") -> None:
        """Exit 2, with a line for each condition of these parts that stands now, unless it was `said` already."""
        found = conditions.active(timezone.now(), parts)
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
