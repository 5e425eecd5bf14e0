from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _


class LivenessConfig(AppConfig):
    name = "liveness"
    verbose_name = _("Liveness checks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        pre_migrate.connect(_guard_tables, sender=self)
        from liveness import checks  # noqa: F401 - importing them registers them
        from liveness.audit import registry
        from liveness.audit.actions import ACTIONS
        from liveness.database import errors as database_errors
        from liveness.database.private_files import make_new_database_private
        from liveness.media import conditions as media_conditions
        from liveness.ratelimit import conditions as rate_limit_conditions

        registry.register(*ACTIONS)
        media_conditions.install()
        rate_limit_conditions.install()
        connection_created.connect(make_new_database_private, dispatch_uid="liveness.database.private_files")
        connection_created.connect(database_errors.install, dispatch_uid="liveness.database.errors")


def _guard_tables(**kwargs: Any) -> None:
    # Imported here: no other command needs it.
    from liveness.management.dropping import guard

    guard(**kwargs)
