"""Names that were changed once, before the first release: whoever still uses an old one is told the new one."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from liveness.checks.settings import TAG

RENAMED_SETTINGS = {
    "LIVENESS_PACE_SHARE": "LIVENESS_RATE_LIMIT_SHARE",
    "LIVENESS_PACE_FILE": "LIVENESS_RATE_LIMIT_FILE",
    "LIVENESS_ALARM_COMMAND": "LIVENESS_ALERT_COMMAND",
    "LIVENESS_ALARM_EMAILS": "LIVENESS_ALERT_EMAILS",
    "LIVENESS_ALARM_MINUTES": "LIVENESS_ALERT_MINUTES",
}


@register(TAG)
def check_renamed_settings(**kwargs: Any) -> list[CheckMessage]:
    """A setting with an old name has no effect, so it is an error and not a hint."""
    return [
        Error(f"{old} has no effect: it is called {new} now.", hint=f"Rename it to {new}.", id="liveness.E040")
        for old, new in RENAMED_SETTINGS.items()
        if hasattr(settings, old) or old in os.environ
    ]
