"""System checks of the review app's settings."""

from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from liveness.review.app_settings import review_settings


@register("liveness")
def check_reasons(**kwargs: Any) -> list[CheckMessage]:
    try:
        import_string(review_settings.REASONS)
    except ImportError as problem:
        hint = "Set it to the dotted path of a liveness.review.reasons.Catalogue, or leave it out."
        return [Error(f"LIVENESS_REVIEW_REASONS: {problem}", hint=hint, id="liveness_review.E001")]
    return []


@register("liveness")
def check_shares(**kwargs: Any) -> list[CheckMessage]:
    hint = "Give a share between 0 and 1, like 0.05."
    return [
        Error(f"LIVENESS_REVIEW_{name} is not between 0 and 1.", hint=hint, id=f"liveness_review.E{number:03}")
        for number, name in ((2, "SAMPLE"), (3, "MIN_PLAYED"))
        if not 0 <= getattr(review_settings, name) <= 1
    ]


@register("liveness")
def check_times(**kwargs: Any) -> list[CheckMessage]:
    hint = "Give a number of seconds above 0, like 300."
    return [
        Error(f"LIVENESS_REVIEW_{name} is no time.", hint=hint, id=f"liveness_review.E{number:03}")
        for number, name in ((4, "SLA"), (5, "LEASE"))
        if getattr(review_settings, name) <= timedelta(0)
    ]
