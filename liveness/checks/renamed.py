"""A system check of settings that got another name before the first release."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import register

from liveness.checks.settings import TAG, Messages, _error

RENAMED_SETTINGS = {
    "LIVENESS_PACE_SHARE": "LIVENESS_RATE_LIMIT_SHARE",
    "LIVENESS_PACE_FILE": "LIVENESS_RATE_LIMIT_FILE",
    "LIVENESS_ALARM_COMMAND": "LIVENESS_ALERT_COMMAND",
    "LIVENESS_ALARM_EMAILS": "LIVENESS_ALERT_EMAILS",
    "LIVENESS_ALARM_MINUTES": "LIVENESS_ALERT_MINUTES",
}


@register(TAG)
def check_renamed_settings(**kwargs: Any) -> Messages:
    """A setting with an old name has no effect, so this is an error."""
    messages: Messages = []
    for old, new in RENAMED_SETTINGS.items():
        if hasattr(settings, old) or old in os.environ:
            messages += _error(40, f"{old} has no effect: it is called {new} now.", f"Rename it to {new}.")
    return messages
