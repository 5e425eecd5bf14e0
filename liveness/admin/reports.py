"""What an action did, told to the person who started it."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liveness.audit import Actor
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.models import HELD, MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.worker import on_demand
from liveness.worker.run_report import RunReport


def refresh(request: HttpRequest, attempts: list[VerificationAttempt]) -> None:
    """Refresh the attempts and say what came of it."""
    if not attempts:
        return
    summary = on_demand.refresh(attempts, actor=Actor.user(request.user))
    messages.success(request, _told(summary))
    for line in summary.lines():
        messages.warning(request, line)


def verify(request: HttpRequest, files: Iterable[StoredMedia]) -> None:
    """Read the stored files again and say which are sound."""
    stored = [file for file in files if file.state in HELD]
    problems = [problem for file in stored if (problem := _problem(file, Actor.user(request.user)))]
    sound = len(stored) - len(problems)
    text = ngettext("%(count)d file is sound.", "%(count)d files are sound.", sound) % {"count": sound}
    messages.success(request, text if stored else _("There is no stored file to verify."))
    for problem in problems:
        messages.error(request, problem)


def _problem(file: StoredMedia, actor: Actor) -> str:
    try:
        is_sound = media_files.verify(file, now=timezone.now(), actor=actor)
    except MediaError as problem:
        return f"{file}: {problem}"
    if is_sound:
        return ""
    text = _("%(file)s is damaged or missing.") % {"file": file}
    return f"{text} {_('It will be fetched again.')}" if file.state == MediaState.WANTED else text


def _told(summary: RunReport) -> str:
    counts = summary.counts
    outcomes = [f"{number} {label.lower()}" for value, label in Outcome.choices if (number := getattr(counts, value))]
    polled = ngettext(
        "The vendor was asked about %(count)d attempt", "The vendor was asked about %(count)d attempts", counts.polled
    ) % {"count": counts.polled}
    files = _("files stored: %(stored)d, lost: %(lost)d.") % {
        "stored": counts.media_stored,
        "lost": counts.media_lost,
    }
    return f"{polled}{': ' if outcomes else ''}{', '.join(outcomes)}; {files}"
