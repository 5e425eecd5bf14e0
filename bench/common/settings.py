"""The portal's settings as deployed, but without TLS: every side would pay for it, and hide what is compared."""

import os

from kyc_portal.settings import *  # noqa: F403

SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"
STATIC_ROOT = os.environ["BENCH_STATIC_ROOT"]
# On a clock that runs faster, a silent media host is given up sooner, but no sooner than a busy machine may answer.
LIVENESS_MEDIA_TIMEOUTS = tuple(max(0.5, seconds / float(os.environ.get("BENCH_SPEED", "1"))) for seconds in (3, 10))
ROOT_URLCONF = "bench.common.urls"
