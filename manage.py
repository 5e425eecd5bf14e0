#!/usr/bin/env python
import os
import sys

from liveness.management.streams import open_closed_streams

CANNOT_RUN = 2
# As a shell reports what Ctrl-C ended: 128 and the number of the signal.
INTERRUPTED = 130


def main() -> int:
    open_closed_streams()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyc_portal.settings")
    if os.environ.get("NO_COLOR"):
        # https://no-color.org; Django itself looks only at its own variable.
        os.environ.setdefault("DJANGO_COLORS", "nocolor")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.stderr.write("Django is not installed here. Run: make install; then use .venv/bin/python manage.py\n")
        return CANNOT_RUN
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except ImproperlyConfigured as problem:
        sys.stderr.write(f"{' '.join(str(problem).split())}\n")
        return CANNOT_RUN
    except ModuleNotFoundError as missing:
        if not f"{os.environ['DJANGO_SETTINGS_MODULE']}.".startswith(f"{missing.name}."):
            raise
        sys.stderr.write(f"DJANGO_SETTINGS_MODULE: there is no module {missing.name}.\n")
        return CANNOT_RUN
    except BrokenPipeError:
        # Whoever read this has seen enough. Python would complain of what is still buffered.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as failure:
        if not (line := _outage(failure)):
            raise
        sys.stderr.write(f"{line}\n")
        return CANNOT_RUN
    return 0


def _outage(failure: Exception) -> str:
    """What an outage means for one of Django's own commands; the portal's commands say it themselves."""
    from django.apps import apps

    if not apps.ready:
        return ""
    from liveness.conditions import explain
    from liveness.database.outages import OutageKind

    outage = explain(failure)
    # `migrate` itself is what differing tables need, and its own error says more.
    return outage.line if outage and outage.kind is not OutageKind.TABLES_DIFFER else ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
