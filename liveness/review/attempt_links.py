"""The pages of this app that belong to an attempt, for the admin's page of it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liveness.models import VerificationAttempt
from liveness.review import access
from liveness.review.models import Review


def links(viewer: Any, attempt: VerificationAttempt) -> Iterator[tuple[str | Promise, str]]:
    """The pages of this app that belong to an attempt and that this person may open."""
    if not access.may(viewer, "view_review") or not Review.objects.filter(pk=attempt.pk).exists():
        return
    # A host may have the admin without the pages of this app.
    with suppress(NoReverseMatch):
        yield _("Review in the workspace"), reverse("liveness_review:workspace", args=[attempt.public_id])
        yield _("History of the subject"), reverse("liveness_review:subject", args=[attempt.public_id])
    yield _("Review"), reverse("admin:liveness_review_review_change", args=[attempt.pk])
    for name, label in (("decision", _("Decisions")), ("claim", _("Claims")), ("note", _("Notes"))):
        if access.may(viewer, f"view_{name}"):
            page = reverse(f"admin:liveness_review_{name}_changelist")
            yield label, f"{page}?{urlencode({'q': str(attempt.public_id)})}"
