"""The portal's own settings, fed by a fixed environment instead of the developer's `.env`."""

import os

from tests.scratch import DIRECTORY

# Playwright leaves an event loop in the thread that drives the browser, and every later test of that worker would be
# taken for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
os.environ.setdefault("DJANGO_ENV_FILE", os.devnull)
os.environ.setdefault("DJANGO_SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
os.environ.setdefault("LIVENESS_MEDIA_ROOT", f"{DIRECTORY.name}/evidence")
os.environ.setdefault("DATABASE_URL", f"sqlite:///{DIRECTORY.name}/db.sqlite3")

from kyc_portal.settings import *  # noqa: F403
from kyc_portal.settings import DATABASES, STORAGES

SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME = "sessionid"
CSRF_COOKIE_NAME = "csrftoken"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Static files are looked up where they lie; there is no collected directory.
WHITENOISE_AUTOREFRESH = True
LIVENESS_SECRET_ID = "AKIDtests"
LIVENESS_SECRET_KEY = "tests-secret-key"

# A file, not memory: threads and processes of one test share it, as they do in production.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}-test"}
