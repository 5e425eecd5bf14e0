from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LivenessConfig(AppConfig):
    name = "liveness"
    verbose_name = _("Liveness checks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from liveness import checks  # noqa: F401
