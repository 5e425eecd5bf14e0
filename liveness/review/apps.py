from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from liveness import extensions
from liveness.signals import attempt_changed, attempts_registered

# The tables whose rows are never changed, with every unique key of each.
PROTECTED = {
    "liveness_review_decision": (("id",), ("public_id",), ("claim_id",), ("review_id", "sequence")),
    "liveness_review_note": (("id",),),
}


class ReviewConfig(AppConfig):
    name = "liveness.review"
    label = "liveness_review"
    verbose_name = _("Liveness reviews")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liveness.audit import registry
        from liveness.models import append_only
        from liveness.review import (
            actions,
            attempt_links,
            checks,  # noqa: F401 - registers the system checks
        )
        from liveness.review.audit_log.rows import withheld
        from liveness.review.sync import sync

        registry.register(*actions.ACTIONS)
        extensions.withhold_events(withheld)
        extensions.link_attempts(attempt_links.links)
        append_only.register(PROTECTED)

        attempt_changed.connect(sync.on_attempt_changed, dispatch_uid="liveness_review")
        attempts_registered.connect(sync.on_attempts_registered, dispatch_uid="liveness_review")
