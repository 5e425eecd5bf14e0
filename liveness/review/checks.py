"""System checks of the review app's settings."""

from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from liveness.review.app_settings import review_settings
from liveness.review.reasons import ESCALATE, REJECT, RETRY, Catalogue

TAG = "liveness"
CATALOGUE_HINT = "Set it to the dotted path of a liveness.review.reasons.Catalogue, or leave it out."
SHARE_HINT = "Give a share between 0 and 1, like 0.05."
TIME_HINT = "Give a number of seconds above 0, like 300."
UNDO_HINT = "Give a number of seconds, 0 to switch it off."
CODES_HINT = "Use codes of the newest version of the catalogue, in a tuple or list."

Messages = list[CheckMessage]


def _error(number: int, name: str, problem: str, hint: str) -> Messages:
    return [Error(f"LIVENESS_REVIEW_{name} {problem}.", hint=hint, id=f"liveness_review.E{number:03}")]


@register(TAG)
def check_reasons(**kwargs: Any) -> Messages:
    try:
        catalogue = import_string(review_settings.REASONS)
    except ImportError as problem:
        return _error(1, "REASONS", f"cannot be imported: {problem}", CATALOGUE_HINT)
    if not isinstance(catalogue, Catalogue) or not catalogue.versions:
        return _error(1, "REASONS", "names no catalogue with a version", CATALOGUE_HINT)
    bare = [outcome.value for outcome in (REJECT, RETRY, ESCALATE) if not catalogue.allowed(outcome)]
    if bare:
        return _error(1, "REASONS", f"has no reason for {', '.join(bare)}, which needs one", CATALOGUE_HINT)
    unknown = sorted(review_settings.SECOND_ON_REASONS - {reason.code for reason in catalogue.current})
    if unknown:
        return _error(6, "SECOND_ON_REASONS", f"names unknown reasons: {', '.join(unknown)}", CODES_HINT)
    return []


@register(TAG)
def check_shares(**kwargs: Any) -> Messages:
    found = []
    for number, name in ((2, "SAMPLE"), (3, "MIN_PLAYED")):
        share = _read(name)
        if share is None or not 0 <= share <= 1:
            found += _error(number, name, "is not between 0 and 1", SHARE_HINT)
    return found


@register(TAG)
def check_times(**kwargs: Any) -> Messages:
    zero = timedelta(0)
    found = []
    for number, name in ((4, "SLA"), (5, "LEASE")):
        time = _read(name)
        if time is None or time <= zero:
            found += _error(number, name, "is not above 0", TIME_HINT)
    undo = _read("UNDO")
    if undo is None or undo < zero:
        found += _error(7, "UNDO", "is no time", UNDO_HINT)
    return found


def _read(name: str) -> Any:
    """The setting's value, None where it is not even a number."""
    try:
        return getattr(review_settings, name)
    except (TypeError, ValueError, OverflowError):
        return None
