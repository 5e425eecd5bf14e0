"""Settings of the portal, all from the environment; `.env.example` explains every variable.

What is safe is the default: without any variable the portal refuses to start rather than run open.
"""

from contextlib import suppress
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from kyc_portal.celery_settings import *  # noqa: F403 - settings are names of the module
from kyc_portal.environment import StrictEnv, read_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

read_dotenv(BASE_DIR / ".env")
env = StrictEnv()

IS_LOCAL = env.bool("DJANGO_DEBUG", default=False)
DEMO = env.bool("DJANGO_DEMO", default=False)
if DEMO and not IS_LOCAL:
    raise ImproperlyConfigured("DJANGO_DEMO needs DJANGO_DEBUG=1: the demo's log-ins are public.")
# A demo runs as locally as development does, but shows the portal's own pages for what went wrong.
DEBUG = IS_LOCAL and not DEMO
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY is not set. Make one with: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))" and put it into .env'
    )
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if IS_LOCAL else [])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "kyc_portal.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "liveness",
    "liveness.review",
    "kyc_portal",
]

MIDDLEWARE = [
    # First, so that the answers of all others pass it too.
    "liveness.web.middleware.NoStoreMiddleware",
    # It also answers for what the others cannot do without the database.
    "liveness.web.middleware.OutageMiddleware",
    "liveness.web.middleware.PageLanguageMiddleware",
    "liveness.web.middleware.Utf8Middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware"
    if django.VERSION >= (6,)
    else "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "kyc_portal.urls"
WSGI_APPLICATION = "kyc_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# SQLite: IMMEDIATE takes the write lock at once instead of failing half-way, FULL keeps what was committed through
# a power cut, and recursive_triggers is a second defence of the append-only tables against INSERT OR REPLACE.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
}
SQLITE_DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "portal.sqlite3")}
DATABASES = {"default": env.database("DATABASE_URL", default=SQLITE_DATABASE)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    if not DATABASES["default"]["NAME"].startswith((":memory:", "file:")):
        # Relative to the project, as LIVENESS_MEDIA_ROOT is.
        DATABASES["default"]["NAME"] = str(BASE_DIR / DATABASES["default"]["NAME"])
    with suppress(OSError):
        # A directory that cannot be made is named by the commands, and by /readyz.
        Path(DATABASES["default"]["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # Fit for a pooler that lends a connection for one transaction: nothing is kept on it, neither cursors nor
    # (psycopg's default under Django) prepared statements. The level is named because the server may have another.
    from psycopg import IsolationLevel

    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    DATABASES["default"]["OPTIONS"] = {
        # Seconds. A host that answers nothing at all would hold a page for two minutes.
        "connect_timeout": 5,
        "isolation_level": IsolationLevel.READ_COMMITTED,
        # Values travel beside a statement, not in it, so that the server's log of a failed statement holds no token.
        "server_side_binding": True,
        **DATABASES["default"].get("OPTIONS", {}),
    }
# Opening is dear on either: a log-in on PostgreSQL, on SQLite three pragmas and the whole schema read again.
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
LOGOUT_REDIRECT_URL = LOGIN_URL

LANGUAGE_CODE = "en"
TIME_ZONE = env.time_zone("DJANGO_TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
# One form of a time, with its zone, in all of the admin.
FORMAT_MODULE_PATH = "kyc_portal.formats"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "liveness.storage.private.PrivateStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if IS_LOCAL
        else "kyc_portal.storage.StaticStorage"
    },
}

WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = IS_LOCAL
WHITENOISE_MAX_AGE = 0 if IS_LOCAL else 60

# HTTPS is assumed unless the portal runs for development; nginx in front says so with X-Forwarded-Proto.
SECURE_SSL_REDIRECT = env.bool("DJANGO_SECURE_SSL_REDIRECT", default=not IS_LOCAL)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
BEHIND_PROXY = env.bool("DJANGO_BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if IS_LOCAL else env.int("DJANGO_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not IS_LOCAL
SECURE_HSTS_PRELOAD = not IS_LOCAL
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
SESSION_COOKIE_NAME = "sessionid" if IS_LOCAL else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if IS_LOCAL else "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.int("DJANGO_SESSION_AGE", default=12 * 3600)
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
# Messages name subjects, and the default keeps them in a cookie that anybody at the browser can read.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

CSP_DIRECTIVES = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "media-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
if django.VERSION >= (6,):
    SECURE_CSP = CSP_DIRECTIVES
else:
    INSTALLED_APPS.append("csp")
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": CSP_DIRECTIVES}

globals().update(env.mail("DJANGO_EMAIL_URL", default="smtp://localhost:25"))
# URLs of services may hold passwords, and Django's error reports show settings.
DEFAULT_EXCEPTION_REPORTER_FILTER = "kyc_portal.reports.ReporterFilter"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DJANGO_FROM_EMAIL", default="kyc-portal@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.log_level("DJANGO_LOG_LEVEL", default="WARNING")},
    # A retried transaction is no news; one that failed for good is an error of its own.
    # Who logged in is wanted whatever the level of the rest.
    # Under DJANGO_DEBUG Django would log each statement with its values, tokens among them.
    "loggers": {
        "stamina": {"level": "ERROR"},
        "kyc_portal.accounts": {"level": "INFO"},
        "django.db.backends": {"level": "INFO"},
    },
}

LIVENESS_SECRET_ID = env.str("TENCENTCLOUD_SECRET_ID", default="")
LIVENESS_SECRET_KEY = env.str("TENCENTCLOUD_SECRET_KEY", default="")
LIVENESS_SESSION_TOKEN = env.str("TENCENTCLOUD_TOKEN", default="")
LIVENESS_ENDPOINT = env.str("LIVENESS_ENDPOINT", default="https://faceid.tencentcloudapi.com")
LIVENESS_PROXY = env.str("LIVENESS_PROXY", default="")
LIVENESS_CA_BUNDLE = env.str("LIVENESS_CA_BUNDLE", default="")
LIVENESS_REGION = env.str("LIVENESS_REGION", default="ap-singapore")
LIVENESS_RATE_LIMIT = env.float("LIVENESS_RATE_LIMIT", default=20)
LIVENESS_TOKEN_TTL = env.int("LIVENESS_TOKEN_TTL", default=7200)
LIVENESS_MEDIA_ORIGINS = env.list(
    "LIVENESS_MEDIA_ORIGINS", default=["https://*.myqcloud.com", "https://*.tencentcos.cn"]
)
# Relative to the project and not to the current directory: cron, workers and the web start in different ones.
LIVENESS_MEDIA_ROOT_AS_SET = env.str("LIVENESS_MEDIA_ROOT", default="") or str(VAR_DIR / "evidence")
LIVENESS_MEDIA_ROOT = BASE_DIR / LIVENESS_MEDIA_ROOT_AS_SET
LIVENESS_RATE_LIMIT_SHARE = env.float("LIVENESS_RATE_LIMIT_SHARE", default=0.94)
LIVENESS_RATE_LIMIT_FILE = env.str("LIVENESS_RATE_LIMIT_FILE", default="") and str(
    BASE_DIR / env.str("LIVENESS_RATE_LIMIT_FILE")
)
LIVENESS_REDIS_URL = env.str("LIVENESS_REDIS_URL", default="")
LIVENESS_MEDIA_WORKERS = env.int("LIVENESS_MEDIA_WORKERS", default=4)
LIVENESS_MEDIA_TEMPORARY_BYTES = env.int("LIVENESS_MEDIA_TEMPORARY_BYTES", default=500_000_000)
LIVENESS_ACCEL_PREFIX = env.str("LIVENESS_ACCEL_PREFIX", default="")
LIVENESS_AUDIT_KEY = env.str("LIVENESS_AUDIT_KEY", default="")
LIVENESS_AUDIT_KEY_PREVIOUS = env.str("LIVENESS_AUDIT_KEY_PREVIOUS", default="")

LIVENESS_METRICS_TOKEN = env.str("LIVENESS_METRICS_TOKEN", default="")
LIVENESS_PORTAL_NAME = env.str("LIVENESS_PORTAL_NAME", default="")
LIVENESS_ALERT_MINUTES = env.float("LIVENESS_ALERT_MINUTES", default=15)
LIVENESS_ALERT_EMAILS = env.list("LIVENESS_ALERT_EMAILS", default=[])
LIVENESS_ALERT_COMMAND = env.str("LIVENESS_ALERT_COMMAND", default="")

LIVENESS_REVIEW_SLA = env.int("LIVENESS_REVIEW_SLA", default=4 * 3600)
LIVENESS_REVIEW_LEASE = env.int("LIVENESS_REVIEW_LEASE", default=300)
LIVENESS_REVIEW_UNDO = env.int("LIVENESS_REVIEW_UNDO", default=30)
LIVENESS_REVIEW_SAMPLE = env.float("LIVENESS_REVIEW_SAMPLE", default=0.05)
LIVENESS_REVIEW_MIN_PLAYED = env.float("LIVENESS_REVIEW_MIN_PLAYED", default=0.0)
LIVENESS_REVIEW_REQUIRE_OPENED = env.bool("LIVENESS_REVIEW_REQUIRE_OPENED", default=True)
LIVENESS_REVIEW_SECOND_ON_OVERRIDE = env.bool("LIVENESS_REVIEW_SECOND_ON_OVERRIDE", default=True)
LIVENESS_REVIEW_SECOND_ON_REASONS = env.list(
    "LIVENESS_REVIEW_SECOND_ON_REASONS", default=["attack.injection", "attack.deepfake", "policy.exception"]
)

# JSON only, and nothing in a message but ids: the tables hold the truth, a message only wakes a worker, and one that is
# lost or comes twice does no harm.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or "memory://")
LIVENESS_WAKE = "" if CELERY_BROKER_URL.startswith("memory") else "liveness.tasks.wake"
if CELERY_BROKER_URL.startswith("redis"):
    # What a worker has not acknowledged is delivered again, which must not be before the time limit.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "socket_connect_timeout": 3, "socket_timeout": 30}
CELERY_TIMEZONE = TIME_ZONE
# For the checks of `kyc_portal.checks`.
ENVIRONMENT = env
