import os
from pathlib import Path

DIRECTORY = Path(os.environ["HOST_DIRECTORY"])
SECRET_KEY = "hostsite-" + "x" * 50
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "hostsite.urls"
LOGIN_URL = "admin:login"
STATIC_URL = "static/"
USE_TZ = True
# The app has no catalogue for it.
LANGUAGE_CODE = "fr"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "liveness",
]
MIDDLEWARE = [
    "liveness.web.middleware.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DIRECTORY / "db.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
        },
    }
}
LIVENESS_SECRET_ID = os.environ.get("TENCENTCLOUD_SECRET_ID", "")
LIVENESS_SECRET_KEY = os.environ.get("TENCENTCLOUD_SECRET_KEY", "")
if "LIVENESS_ENDPOINT" in os.environ:
    LIVENESS_ENDPOINT = os.environ["LIVENESS_ENDPOINT"]
    LIVENESS_MEDIA_ORIGINS = [os.environ["LIVENESS_MEDIA_ORIGINS"]]
LIVENESS_MEDIA_ROOT = DIRECTORY / "evidence"
