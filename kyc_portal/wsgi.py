import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

# With this exit code of a worker gunicorn stops, instead of starting the next one for ever.
CANNOT_BE_LOADED = 4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyc_portal.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as problem:
    sys.stderr.write(f"{problem}\n")
    raise SystemExit(CANNOT_BE_LOADED) from None
