from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from liveness.signals import attempt_changed, attempts_registered


class ReviewConfig(AppConfig):
    name = "liveness.review"
    label = "liveness_review"
    verbose_name = _("Liveness reviews")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liveness.review import checks  # noqa: F401 - registers the system checks
        from liveness.review.sync import sync

        attempt_changed.connect(sync.on_attempt_changed, dispatch_uid="liveness_review")
        attempts_registered.connect(sync.on_attempts_registered, dispatch_uid="liveness_review")
