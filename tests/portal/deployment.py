"""Run Django's deployment checks once with production settings, then with one setting changed at a time.

`python -m tests.portal.deployment` in the production environment prints {change: [ids of what is found]} as JSON.
"""

import json
import sys
from typing import Any

import django
from django.conf import settings
from django.core.checks import WARNING, run_checks
from django.test import override_settings

CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "debug": {"DEBUG": True},
    "no hosts": {"ALLOWED_HOSTS": []},
    "short secret key": {"SECRET_KEY": "short"},
    "weak fallback key": {"SECRET_KEY_FALLBACKS": ["short"]},
    "no HTTPS redirect": {"SECURE_SSL_REDIRECT": False},
    "no HSTS": {"SECURE_HSTS_SECONDS": 0},
    "HSTS without subdomains": {"SECURE_HSTS_INCLUDE_SUBDOMAINS": False},
    "HSTS without preload": {"SECURE_HSTS_PRELOAD": False},
    "content sniffing": {"SECURE_CONTENT_TYPE_NOSNIFF": False},
    "no referrer policy": {"SECURE_REFERRER_POLICY": None},
    "unknown opener policy": {"SECURE_CROSS_ORIGIN_OPENER_POLICY": "anything"},
    "session cookie over HTTP": {"SESSION_COOKIE_SECURE": False},
    "session cookie for scripts": {"SESSION_COOKIE_HTTPONLY": False},
    "CSRF cookie over HTTP": {"CSRF_COOKIE_SECURE": False},
    "frames": {"X_FRAME_OPTIONS": "SAMEORIGIN"},
    "no vendor key": {"LIVENESS_SECRET_ID": ""},
    "media over HTTP": {"LIVENESS_MEDIA_ORIGINS": ["http://127.0.0.1:9000"]},
    "sandbox as vendor": {"LIVENESS_ENDPOINT": "http://127.0.0.1:9000"},
    "no audit key": {"LIVENESS_AUDIT_KEY": ""},
}
# Leaving out a middleware is the same as leaving out what it does.
NEEDED = ("SecurityMiddleware", "CsrfViewMiddleware", "XFrameOptionsMiddleware")


def main() -> None:
    django.setup()
    changes = dict(CHANGES)
    for name in NEEDED:
        kept = [path for path in settings.MIDDLEWARE if not path.endswith(name)]
        assert len(kept) == len(settings.MIDDLEWARE) - 1
        changes[f"without {name}"] = {"MIDDLEWARE": kept}
    sys.stdout.write(json.dumps({name: _found(change) for name, change in changes.items()}))


def _found(change: dict[str, Any]) -> list[str]:
    with override_settings(**change):
        messages = run_checks(include_deployment_checks=True)
    return [str(message.id) for message in messages if message.level >= WARNING]


if __name__ == "__main__":
    main()
