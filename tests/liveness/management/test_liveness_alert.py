"""`liveness_alert` as cron runs it."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def endangered(portal):
    """A portal with an attempt that runs out in ten minutes and was never read."""
    token = portal.register()
    with closing(sqlite3.connect(portal.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        now = datetime.now(UTC).replace(tzinfo=None)
        database.execute(
            "UPDATE liveness_verificationattempt SET issued_at = ?, expires_at = ?, next_poll_at = ?",
            [str(now + timedelta(minutes=minutes)) for minutes in (-110, 10, 5)],
        )
        database.commit()
    return portal, token


def test_it_is_quiet_when_all_is_well(portal):
    done = portal.run("liveness_alert")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_without_hooks_cron_mails_the_alarm(endangered):
    portal, token = endangered
    done = portal.run("liveness_alert")
    assert (done.code, done.out) == (1, "")
    assert "run out within 15 minutes and are not safe: 1." in done.err
    assert token not in done.err
    again = portal.run("liveness_alert")
    assert (again.code, again.err) == (0, "")


def test_a_command_that_was_told_leaves_nothing_to_say(endangered, tmp_path):
    portal, _ = endangered
    out = tmp_path / "message.json"
    settings = {"LIVENESS_ALERT_COMMAND": f"tee {out}", "LIVENESS_ALERT_MINUTES": "11", "LIVENESS_PORTAL_NAME": "KYC"}
    done = portal.run("liveness_alert", **settings)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert json.loads(out.read_text())["subject"] == "[KYC] Liveness: 1 at risk (9 minutes left)"


def test_without_a_name_of_its_own_the_portal_is_called_by_its_first_public_host(endangered):
    portal, _ = endangered
    done = portal.run("liveness_alert", DJANGO_ALLOWED_HOSTS="localhost,.portal.example.com,other.example.com")
    assert "Portal: portal.example.com" in done.err


def test_an_all_clear_is_printed_for_cron_and_is_no_failure(endangered):
    portal, _ = endangered
    assert portal.run("liveness_alert").code == 1
    with closing(sqlite3.connect(portal.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE liveness_verificationattempt SET unfinished_at = expires_at")
        long_ago = (datetime.now(UTC) - timedelta(minutes=11)).timestamp()
        database.execute("UPDATE liveness_notifierstate SET told = json_set(told, '$.at_risk.stood_at', ?)", [long_ago])
        database.commit()
    done = portal.run("liveness_alert")
    assert (done.code, done.out) == (0, "")
    assert "No longer: 1 at risk." in done.err
    assert portal.run("liveness_alert").err == ""


def test_it_prints_what_it_found_as_json(endangered):
    portal, _ = endangered
    done = portal.run("liveness_alert", "--json", LIVENESS_ALERT_COMMAND="false")
    assert done.code == 1
    assert [danger["kind"] for danger in done.json["dangers"]] == ["at_risk"]
    assert done.json["failed"] == {"command": "LIVENESS_ALERT_COMMAND exited with 1"}
    assert "tried again" in done.err


def test_a_mail_server_that_is_away_is_told(endangered):
    portal, _ = endangered
    address = {"LIVENESS_ALERT_EMAILS": "a@example.com", "DJANGO_EMAIL_URL": "smtp://127.0.0.1:9"}
    done = portal.run("liveness_alert", **address)
    assert done.code == 1
    assert "the mail was not sent (ConnectionRefusedError)" in done.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVENESS_ALERT_COMMAND", "notify 'operator"),
        ("LIVENESS_ALERT_MINUTES", "0"),
        ("LIVENESS_ALERT_EMAILS", "nobody"),
        ("LIVENESS_PORTAL_NAME", "two\nlines"),
        ("LIVENESS_PORTAL_NAME", "x" * 65),
    ],
)
def test_bad_settings_are_named(portal, name, value):
    done = portal.run("liveness_alert", **{name: value})
    assert done.code == 2
    assert name in done.err


def test_tables_that_are_missing_are_one_line_that_says_what_to_type(portal, tmp_path):
    done = portal.run("liveness_alert", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
    assert done.err.endswith("Run: manage.py migrate\n")


def test_a_database_that_is_away_is_one_line(portal):
    done = portal.run("liveness_alert", DATABASE_URL="postgres://nobody@127.0.0.1:9/none")
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
    assert "gives no connection (OperationalError)" in done.err
