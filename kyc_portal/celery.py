"""The Celery application: `celery -A kyc_portal worker` and `celery -A kyc_portal beat`."""

import os
import sys
from typing import Any

from celery import Celery
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyc_portal.settings")
CANNOT_RUN = 2


class PortalCelery(Celery):
    """Celery reads the settings at their first use, deep inside of it: one line says what is wrong with them."""

    def _load_config(self) -> Any:
        try:
            return super()._load_config()  # type: ignore[misc]
        except ImproperlyConfigured as problem:
            sys.stderr.write(f"{problem}\n")
            raise SystemExit(CANNOT_RUN) from None


app = PortalCelery("kyc_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
