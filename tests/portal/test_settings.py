"""The settings as a deployment meets them: from the environment alone, in a process of their own."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.deployment import CHANGES, NEEDED

ROOT = Path(__file__).parent.parent.parent
READ = "import json; from kyc_portal import settings; print(json.dumps({n: getattr(settings, n) for n in %r}))"
KEY = secrets.token_urlsafe(50)
SECRETS = ("DJANGO_SECRET_KEY", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "LIVENESS_AUDIT_KEY")


def python(*arguments: str, directory: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in this directory, in this environment and no other."""
    variables = {"DJANGO_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "kyc_portal.settings"} | environment
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=directory, env=variables, capture_output=True, text=True, timeout=60)


def read(*names: str, directory: Path = ROOT, **environment: str) -> dict:
    return json.loads(python("-c", READ % (names,), directory=directory, **environment).stdout)


@pytest.fixture(scope="module")
def findings() -> dict[str, list[str]]:
    keys = dict.fromkeys(SECRETS, KEY) | {"DATABASE_URL": f"postgres://portal:{KEY}@127.0.0.1:5432/portal"}
    process = python("-m", "tests.portal.deployment", DJANGO_ENV_FILE=".env.example", **keys)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_the_example_environment_with_real_keys_is_fit_for_production(findings):
    assert findings["nothing"] == []


@pytest.mark.parametrize("change", [*list(CHANGES)[1:], *(f"without {name}" for name in NEEDED)])
def test_a_deployment_check_notices_every_single_weakening(findings, change):
    assert findings[change]


def test_the_example_environment_is_refused_until_its_placeholders_are_replaced():
    process = python("manage.py", "check", DJANGO_ENV_FILE=".env.example")
    assert process.returncode == 1
    assert "liveness.E007" in process.stderr


def test_it_does_not_start_without_a_secret_key():
    process = python("-c", "import kyc_portal.settings")
    assert process.returncode != 0
    assert "DJANGO_SECRET_KEY is not set" in process.stderr


def test_a_demo_does_not_start_without_debug():
    process = python("-c", "import kyc_portal.settings", DJANGO_SECRET_KEY=KEY, DJANGO_DEMO="1")
    assert process.returncode != 0
    assert "DJANGO_DEMO needs DJANGO_DEBUG" in process.stderr


def test_a_demo_shows_the_portals_own_pages_over_plain_http():
    names = ("DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "WHITENOISE_USE_FINDERS")
    found = read(*names, DJANGO_SECRET_KEY=KEY, DJANGO_DEMO="1", DJANGO_DEBUG="1")
    assert list(found.values()) == [False, False, False, True]


def test_what_is_not_said_is_safe():
    found = read(
        "DEBUG", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "CELERY_ACCEPT_CONTENT", "LIVENESS_MEDIA_ORIGINS",
        DJANGO_SECRET_KEY=KEY,
    )  # fmt: skip
    assert found == {
        "DEBUG": False,
        "ALLOWED_HOSTS": [],
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "CELERY_ACCEPT_CONTENT": ["json"],
        "LIVENESS_MEDIA_ORIGINS": ["https://*.myqcloud.com", "https://*.tencentcos.cn"],
    }


def test_the_content_security_policy_allows_nothing_inline_and_no_other_host():
    policy = read("CSP_DIRECTIVES", DJANGO_SECRET_KEY=KEY)["CSP_DIRECTIVES"]
    assert policy["default-src"] == ["'none'"]
    assert {source for sources in policy.values() for source in sources} <= {"'none'", "'self'", "data:"}
    assert [name for name, sources in policy.items() if "data:" in sources] == ["img-src"]


def test_a_secret_can_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text(KEY)
    found = read("SECRET_KEY", DJANGO_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert found == {"SECRET_KEY": KEY}


def test_postgresql_is_used_as_a_pooler_allows_and_at_a_level_of_our_own():
    found = read("DATABASES", DJANGO_SECRET_KEY=KEY, DATABASE_URL="postgres://portal:x@127.0.0.1:1/portal")
    database = found["DATABASES"]["default"]
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert database["OPTIONS"] == {"connect_timeout": 5, "isolation_level": 2, "server_side_binding": True}


def test_sqlite_runs_with_immediate_transactions_wal_and_recursive_triggers(tmp_path):
    found = read("DATABASES", DJANGO_SECRET_KEY=KEY, DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3")
    options = found["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] >= 5
    for pragma in ("journal_mode=WAL", "recursive_triggers=ON", "synchronous=FULL"):
        assert pragma in options["init_command"]
