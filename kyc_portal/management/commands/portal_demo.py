"""The parts of `make demo` that need the database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from kyc_portal.demo import logins
from kyc_portal.demo.merchant import Merchant, forget_open_attempts
from liveness.management.base import LivenessCommand


class Command(LivenessCommand):
    help = "Used by `make demo`: `prepare` makes database and log-ins, `register` plays the merchant."
    # `prepare` comes before the tables.
    needs = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=["prepare", "register"])

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's log-ins are public; start it with `make demo`.", returncode=2)
        if options["part"] == "prepare":
            call_command("migrate", verbosity=0)
            logins.create()
            forget_open_attempts()
        else:
            merchant = Merchant(settings.LIVENESS_ENDPOINT)
            merchant.register_all()
            merchant.register_more()
