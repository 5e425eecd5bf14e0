"""Commands that have another name now. The old one does nothing and gives the new name."""

from typing import ClassVar

from django.core.management.base import BaseCommand

from liveness.management.console import cannot_run


class RenamedCommand(BaseCommand):
    """Takes any arguments. Raises CommandError (exit 2)."""

    requires_system_checks = []
    old: ClassVar[str]
    new: ClassVar[str]

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2])

    def handle(self, *args: object, **options: object) -> None:
        raise cannot_run(f"Change the name in your crontab or script: {self.old} is called {self.new} now.")
