"""The portal's settings as deployed, but for static files: they come from their sources instead of a collected copy."""

from kyc_portal.settings import *  # noqa: F403
from kyc_portal.settings import STORAGES

STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
