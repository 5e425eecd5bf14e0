"""The names that scripts and settings outside use. A change of one is a change for other people, so it is recorded.

After a change that is meant, write the list anew: `python -m tests.test_public_names`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("public_names.json")
APPS = ("liveness", "liveness_review", "kyc_portal")


def public_names() -> dict[str, list[str]]:
    return {
        "commands": sorted(commands()),
        "environment": sorted(environment()),
        "metrics": sorted(metrics()),
        "permissions": sorted(permissions()),
        "settings": sorted(settings()),
        "urls": sorted(urls()),
    }


def commands() -> Iterator[str]:
    from django.apps import apps
    from django.core.management import get_commands

    names = {apps.get_app_config(label).name for label in APPS}
    yield from (command for command, app in get_commands().items() if app in names)


def environment() -> Iterator[str]:
    from django.conf import settings as current

    yield from current.ENVIRONMENT.known


def metrics() -> Iterator[str]:
    from django.utils import timezone

    from liveness import counters
    from liveness.monitoring import gauges

    for counter in counters.COUNTERS:
        yield f"{counter.name}{{{counter.label}}}" if counter.label else counter.name
    yield from (histogram.name for histogram in counters.HISTOGRAMS)
    yield from (gauge.name for gauge in gauges.read(timezone.now()))


def permissions() -> Iterator[str]:
    from django.apps import apps

    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            actions = (f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions)
            yield from (f"{label}.{codename}" for codename in actions)
            yield from (f"{label}.{codename}" for codename, _ in model._meta.permissions)


def settings() -> Iterator[str]:
    from liveness.app_settings import AppSettings
    from liveness.review.app_settings import ReviewSettings

    for prefix, kind in (("LIVENESS", AppSettings), ("LIVENESS_REVIEW", ReviewSettings)):
        yield from (f"{prefix}_{name}" for name in vars(kind) if name.isupper())


def urls() -> Iterator[str]:
    from django.urls import URLPattern, URLResolver, get_resolver

    def named(patterns: list[Any], namespace: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from named(pattern.url_patterns, inner)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield f"{namespace}{pattern.name}"

    ours = ("liveness:", "liveness_review:")
    found = set(named(get_resolver().url_patterns, ""))
    yield from (name for name in found if name.startswith(ours) or ":" not in name)


def test_no_name_that_others_use_has_changed_unnoticed(db):
    recorded = json.loads(RECORD.read_text())
    assert public_names() == recorded, "if the change is meant, run: python -m tests.test_public_names"


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    RECORD.write_text(json.dumps(public_names(), indent=1) + "\n")
