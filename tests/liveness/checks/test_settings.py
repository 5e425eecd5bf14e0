"""Every system check, by its id: silent when all is well, and with a hint when not."""

import os
from pathlib import Path

import certifi
import pytest
from django.core.checks import run_checks
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections

from liveness.media import media_root
from liveness.models import MediaKind
from liveness.storage.marker import MARKER
from tests.builders import make_attempt, make_media
from tests.liveness.media.disks import as_nobody, open_directory, root, unmount

GOOD = {
    "SECRET_KEY": "k" * 60,
    "LIVENESS_AUDIT_KEY": "a" * 50,
    "LIVENESS_ENDPOINT": "https://faceid.intl.tencentcloudapi.com",
    "LIVENESS_MEDIA_ORIGINS": ["https://*.myqcloud.com"],
}


@pytest.fixture(autouse=True)
def _good(settings):
    for name, value in GOOD.items():
        setattr(settings, name, value)


def found(*, deploy=False):
    """The ids of what the checks say; each message has a hint."""
    messages = run_checks(tags=["liveness"], include_deployment_checks=deploy)
    assert all(message.hint for message in messages)
    return [message.id.removeprefix("liveness.") for message in messages]


def test_it_finds_nothing_wrong_with_good_settings():
    assert found(deploy=True) == []


def test_an_old_name_of_a_setting_is_an_error_that_gives_the_new_name(settings, monkeypatch):
    settings.LIVENESS_ALARM_EMAILS = ["operator@example.com"]
    monkeypatch.setenv("LIVENESS_PACE_SHARE", "0.9")
    assert [message.msg for message in run_checks(tags=["liveness"])] == [
        "LIVENESS_PACE_SHARE has no effect: it is called LIVENESS_RATE_LIMIT_SHARE now.",
        "LIVENESS_ALARM_EMAILS has no effect: it is called LIVENESS_ALERT_EMAILS now.",
    ]
    assert found() == ["E040", "E040"]


@pytest.mark.parametrize("name", ["LIVENESS_SECRET_ID", "LIVENESS_SECRET_KEY"])
def test_missing_credentials_are_a_warning_and_in_production_an_error(settings, name):
    setattr(settings, name, "")
    assert found() == ["W001"]
    assert set(found(deploy=True)) == {"W001", "E001"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LIVENESS_REGION", "eu-frankfurt", "E002"),
        ("LIVENESS_ENDPOINT", "http://faceid.tencentcloudapi.com", "E003"),
        ("LIVENESS_ENDPOINT", "faceid.tencentcloudapi.com", "E003"),
        ("LIVENESS_MEDIA_ORIGINS", ["https://*.myqcloud.com", "*"], "E005"),
        ("LIVENESS_MEDIA_ORIGINS", ["http://*.myqcloud.com"], "E005"),
        ("LIVENESS_ACCESS_POLICY", "nowhere.Policy", "E006"),
        ("LIVENESS_ACCESS_POLICY", "liveness.access.Nothing", "E006"),
        ("SECRET_KEY", "change-me", "E007"),
        ("LIVENESS_SECRET_KEY", "change-me", "E007"),
        ("LIVENESS_AUDIT_KEY", "change-me", "E007"),
        ("LIVENESS_RATE_LIMIT", 0, "E008"),
        ("LIVENESS_RATE_LIMIT", 21, "W002"),
        ("LIVENESS_PROXY", "proxy.example:3128", "E020"),
        ("LIVENESS_PROXY", "https://name:canary@proxy.example:3128", "E020"),
        ("LIVENESS_CA_BUNDLE", "/nowhere/ca.pem", "E021"),
        ("LIVENESS_CA_BUNDLE", "/dev/null", "E021"),
        ("LIVENESS_CA_BUNDLE", "ca.pem", "E022"),
        ("LIVENESS_RATE_LIMIT_SHARE", 0, "E014"),
        ("LIVENESS_RATE_LIMIT_SHARE", 1.1, "E014"),
        ("LIVENESS_REDIS_URL", "127.0.0.1:6379", "E015"),
        ("LIVENESS_METRICS_TOKEN", "x" * 15, "E016"),
        ("LIVENESS_METRICS_TOKEN", "change-me-and-long-enough", "E007"),
        ("LIVENESS_ALERT_MINUTES", 0, "E017"),
        ("LIVENESS_ALERT_COMMAND", "notify 'operator", "E018"),
        ("LIVENESS_ALERT_EMAILS", ["operator@example.com", "operator"], "E019"),
        ("LIVENESS_PORTAL_NAME", "KYC\nBcc: thief@example.com", "E039"),
        ("LIVENESS_PORTAL_NAME", "x" * 65, "E039"),
        ("LIVENESS_TOKEN_TTL", 0, "E009"),
        ("LIVENESS_TOKEN_TTL", 7201, "W003"),
        ("LIVENESS_MEDIA_ROOT", "var/evidence", "E012"),
        ("USE_TZ", False, "E013"),
    ],
)
def test_it_names_the_setting_that_is_wrong(settings, name, value, expected):
    setattr(settings, name, value)
    assert found() == [expected]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LIVENESS_MEDIA_ORIGINS", ["http://media.example.com"], "E010"),
        ("LIVENESS_MEDIA_ORIGINS", ["https://127.0.0.1:9000"], "E010"),
        ("LIVENESS_MEDIA_ORIGINS", ["https://10.0.0.7"], "E010"),
        ("LIVENESS_MEDIA_ORIGINS", ["https://[::1]:9000"], "E010"),
        ("LIVENESS_MEDIA_ORIGINS", ["https://localhost:9000"], "E010"),
        ("LIVENESS_ENDPOINT", "http://127.0.0.1:9000", "E011"),
        ("LIVENESS_AUDIT_KEY", "", "W007"),
    ],
)
def test_what_suits_development_is_refused_in_production(settings, name, value, expected):
    setattr(settings, name, value)
    assert found() == []
    assert found(deploy=True) == [expected]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("STATIC_ROOT", lambda path: path),
        ("MEDIA_ROOT", lambda path: path),
        ("WHITENOISE_ROOT", str),
        ("STATICFILES_DIRS", lambda path: [path]),
        ("STATICFILES_DIRS", lambda path: [("prefix", str(path))]),
    ],
)
def test_evidence_may_not_lie_where_files_are_handed_out(settings, tmp_path, name, make):
    setattr(settings, name, make(tmp_path))
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "inside" / "evidence"
    assert found() == ["E004"]


def test_a_symbolic_link_does_not_hide_where_the_evidence_lies(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    (tmp_path / "evidence").symlink_to(settings.STATIC_ROOT)
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "evidence"
    assert found() == ["E004"]


def test_it_warns_of_evidence_that_everybody_may_read(settings, tmp_path):
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "evidence"
    settings.LIVENESS_MEDIA_ROOT.mkdir(mode=0o700)
    assert found() == []
    settings.LIVENESS_MEDIA_ROOT.chmod(0o755)
    assert found() == ["W005"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"transaction_mode": "IMMEDIATE"},
        {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
        {"transaction_mode": "DEFERRED", "init_command": "PRAGMA journal_mode=WAL; PRAGMA recursive_triggers=ON"},
    ],
)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="concerns SQLite")
def test_it_warns_of_an_sqlite_that_is_set_up_carelessly(monkeypatch, options):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert found() == ["W004"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="concerns SQLite")
def test_it_accepts_the_spelling_of_its_own_hint(monkeypatch):
    command = "PRAGMA journal_mode = WAL; PRAGMA recursive_triggers = ON"
    options = {"transaction_mode": "IMMEDIATE", "init_command": command}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert found() == []


@pytest.mark.parametrize("options", [{}, {"server_side_binding": False}])
def test_it_warns_of_a_postgresql_whose_statements_hold_their_values(monkeypatch, options):
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "vendor", "postgresql")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert found() == ["W020"]
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"server_side_binding": True})
    assert found() == []


def test_it_warns_of_a_database_without_append_only_triggers(monkeypatch):
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "vendor", "mysql")
    assert found() == ["W006"]


@pytest.mark.parametrize("url", ["/accounts/nowhere/", "nowhere", "admin:nowhere"])
def test_a_log_in_page_that_is_not_there_is_a_warning(settings, url):
    settings.LOGIN_URL = url
    assert found() == ["W008"]


@pytest.mark.parametrize("url", ["admin:login", "/accounts/login/", "https://sso.example.org/in?to=kyc"])
def test_a_log_in_page_may_be_anywhere(settings, url):
    settings.LOGIN_URL = url
    assert found() == []


def test_without_our_pages_nobody_has_to_log_in(settings):
    settings.ROOT_URLCONF, settings.LOGIN_URL = "django.contrib.auth.urls", "/nowhere/"
    assert found() == []


def messages(number):
    [message] = [message for message in run_checks(tags=["liveness"]) if message.id == f"liveness.{number}"]
    return message


@pytest.mark.django_db
def test_it_names_a_media_root_that_the_database_does_not_know():
    make_media(make_attempt(), MediaKind.VIDEO, b"x")
    assert found(deploy=True) == []
    unmount()
    assert found() == ["W015"]
    assert set(found(deploy=True)) == {"W015", "E025"}
    assert "is its volume mounted?" in messages("W015").msg
    assert str(root()) in messages("W015").hint


def test_without_a_database_it_does_not_ask_for_the_marker(monkeypatch):
    def fail():
        raise OperationalError("no such table")

    monkeypatch.setattr(media_root, "fault", fail)
    monkeypatch.setattr(media_root, "owner_problem", fail)
    assert found(deploy=True) == []


@pytest.mark.django_db
def test_it_says_which_user_to_give_the_evidence_to(settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "our evidence"
        video = make_media(make_attempt(), MediaKind.VIDEO, b"x")
        os.chown(root(), 65534, -1)
        os.chown(root() / video.path, 65534, -1)
        as_root = messages("W016")
        os.chown(root() / MARKER, 65534, -1)
        assert found() == []
        os.chown(root(), 1, -1)
        with as_nobody():
            as_another = messages("W016")
    assert "belongs to nobody, but files in it to root" in as_root.msg
    assert f"sudo chown -R nobody '{directory}/our evidence'" in as_root.hint
    assert "belongs to daemon, this process runs as nobody" in as_another.msg
    assert "sudo chown -R nobody" in as_another.hint


def test_a_relative_media_root_is_named_as_every_process_takes_it(settings):
    settings.LIVENESS_MEDIA_ROOT_AS_SET = "evidence"
    assert found() == ["W017"]
    assert f"LIVENESS_MEDIA_ROOT=evidence is a relative path; every process of this project takes it for {root()}" in (
        messages("W017").msg
    )
    settings.LIVENESS_MEDIA_ROOT = root().parent / "it's here"
    assert f"""Write LIVENESS_MEDIA_ROOT='{root().parent}/it'"'"'s here',""" in messages("W017").hint
    settings.LIVENESS_MEDIA_ROOT_AS_SET = settings.LIVENESS_MEDIA_ROOT = Path("evidence")
    assert found() == ["E012"]
    assert str(Path("evidence").absolute()) in messages("E012").msg


def test_a_bundle_that_others_can_change_is_a_warning(settings, tmp_path):
    bundle = tmp_path / "our ca.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    settings.LIVENESS_CA_BUNDLE = str(bundle)
    settings.LIVENESS_PROXY = "http://name:password@proxy.example:3128"
    for mode, expected in ((0o640, []), (0o644, []), (0o664, ["W010"]), (0o646, ["W010"])):
        bundle.chmod(mode)
        assert found(deploy=True) == expected
    assert messages("W010").hint == f"Run: chmod go-w '{bundle}'"
