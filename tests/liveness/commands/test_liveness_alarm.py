"""`liveness_alarm` as cron runs it."""

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
    done = portal.run("liveness_alarm")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_without_hooks_cron_mails_the_alarm(endangered):
    portal, token = endangered
    done = portal.run("liveness_alarm")
    assert (done.code, done.out) == (1, "")
    assert "run out within 15 minutes and are not safe: 1." in done.err
    assert token not in done.err
    again = portal.run("liveness_alarm")
    assert (again.code, again.err) == (0, "")


def test_a_command_that_was_told_leaves_nothing_to_say(endangered, tmp_path):
    portal, _ = endangered
    out = tmp_path / "message.json"
    settings = {"LIVENESS_ALARM_COMMAND": f"tee {out}", "LIVENESS_ALARM_MINUTES": "11"}
    done = portal.run("liveness_alarm", **settings)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert json.loads(out.read_text())["subject"] == "Liveness: 1 at risk"


def test_it_prints_what_it_found_as_json(endangered):
    portal, _ = endangered
    done = portal.run("liveness_alarm", "--json", LIVENESS_ALARM_COMMAND="false")
    assert done.code == 1
    assert [danger["kind"] for danger in done.json["dangers"]] == ["at_risk"]
    assert done.json["failed"] == {"command": "LIVENESS_ALARM_COMMAND exited with 1"}
    assert "tried again" in done.err


def test_a_mail_server_that_is_away_is_told(endangered):
    portal, _ = endangered
    address = {"LIVENESS_ALARM_EMAILS": "a@example.com", "DJANGO_EMAIL_URL": "smtp://127.0.0.1:9"}
    done = portal.run("liveness_alarm", **address)
    assert done.code == 1
    assert "the mail was not sent (ConnectionRefusedError)" in done.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVENESS_ALARM_COMMAND", "notify 'operator"),
        ("LIVENESS_ALARM_MINUTES", "0"),
        ("LIVENESS_ALARM_EMAILS", "nobody"),
    ],
)
def test_bad_settings_are_named(portal, name, value):
    done = portal.run("liveness_alarm", **{name: value})
    assert done.code == 2
    assert name in done.err


def test_a_database_that_is_away_is_told(portal, tmp_path):
    done = portal.run("liveness_alarm", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert done.code == 1
    assert "The database does not answer" in done.err
