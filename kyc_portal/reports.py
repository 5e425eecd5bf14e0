"""What error reports leave out, beside what Django does."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Hides the settings that hold the URL of a service too, because a password may be part of it."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_PROXY|_URL|COMMAND", re.IGNORECASE
    )
