"""`liveness_register` on a PostgreSQL that is busy, restarted or refuses, and what the server's log then holds."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import missing
from tests.liveness.attempts.bulk_import.saving import csv, many
from tests.liveness.management.conftest import ROOT, Portal
from tests.own_postgres import own_postgres
from tests.with_postgres import binaries

pytestmark = pytest.mark.postgres

CANARY = "canary-token-"
ROWS = 800
DEADLINE = 120.0
ATTEMPTS = "liveness_verificationattempt"
COUNT = "SELECT count(*) FROM liveness_verificationattempt"
RACE = """
import sys, threading, django
django.setup()
from django.utils import timezone
from liveness.attempts import life_cycle as attempts
from liveness.audit import Actor

def register(token):
    barrier.wait()
    attempts.register(token, subject_reference="S", now=timezone.now(), actor=Actor.system("tests"))

for token in sys.argv[1:]:
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=register, args=[token]) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


@pytest.fixture(scope="module")
def server():
    if binaries() is None:
        missing("PostgreSQL is not installed")
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def portal(server, tmp_path_factory):
    environment = {
        "DJANGO_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "kyc_portal.settings",
        "DJANGO_SECRET_KEY": "tests-only-" + "x" * 50,
        "DATABASE_URL": server.url,
        "LIVENESS_MEDIA_ROOT": str(tmp_path_factory.mktemp("evidence")),
    }
    portal = Portal(environment, None)
    assert portal.run("migrate", "-v0").code == 0
    return portal


@pytest.fixture
def empty(server):
    """Count from here on: rows of other tests stay, as they must."""
    before = server.ask(COUNT)
    return lambda: server.ask(COUNT) - before


def wait_until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_the_chain_and_the_reviews_are_whole(portal, server) -> None:
    attempts = server.ask(COUNT)
    events = server.ask("SELECT count(*) FROM liveness_auditevent WHERE action = 'liveness.attempt.registered'")
    assert attempts == events == server.ask("SELECT count(*) FROM liveness_review_review")
    assert portal.run("liveness_verify_audit").code == 0


def test_threads_that_register_one_token_leave_it_out_of_the_servers_log(portal, server):
    tokens = [f"{CANARY}race-{number}" for number in range(10)]
    environment = os.environ | portal.environment
    subprocess.run([sys.executable, "-c", RACE, *tokens], cwd=ROOT, env=environment, check=True)
    assert CANARY not in server.log()
    assert "already exists" not in server.log()
    assert_the_chain_and_the_reviews_are_whole(portal, server)


def test_a_row_that_a_constraint_refuses_shows_its_token_to_no_log(portal, server, tmp_path):
    path = tmp_path / "tokens.csv"
    path.write_text(csv(f"{CANARY}a,S-1,,", f"{CANARY}b,refused,,", f"{CANARY}c,S-3,,"))
    server.ask(f"ALTER TABLE {ATTEMPTS} ADD CONSTRAINT refuses CHECK (subject_reference <> 'refused')")
    try:
        file = portal.run("liveness_register", "--file", str(path), "--json")
        one = portal.run("liveness_register", f"{CANARY}d", "--subject", "refused")
    finally:
        server.ask(f"ALTER TABLE {ATTEMPTS} DROP CONSTRAINT refuses")
    assert (file.code, file.json["registered"], file.json["problems"][0]["line"]) == (1, 2, 3)
    assert (one.code, one.err.count("\n")) == (2, 1)
    assert "constraint refuses" in one.err
    assert "violates check constraint" in server.log()
    assert CANARY not in file.out + file.err + one.out + one.err + server.log()


def test_a_trigger_that_quotes_the_row_shows_its_token_to_no_log_of_ours(portal, server):
    server.ask(
        "CREATE FUNCTION quotes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'not %', NEW.sdk_token; END $$;"
        f" CREATE TRIGGER quotes BEFORE INSERT ON {ATTEMPTS} FOR EACH ROW EXECUTE FUNCTION quotes()"
    )
    try:
        done = portal.run("liveness_register", "quoted-token-1", "--subject", "S")
    finally:
        server.ask(f"DROP TRIGGER quotes ON {ATTEMPTS}; DROP FUNCTION quotes")
    assert done.code == 2
    assert "quoted-token" not in done.out + done.err


def test_a_statement_that_is_cancelled_shows_its_token_to_no_log(portal, server):
    with server.session() as session, session.transaction():
        session.execute(f"LOCK TABLE {ATTEMPTS}")
        done = portal.run("liveness_register", f"{CANARY}slow", "--subject", "S", PGOPTIONS="-c statement_timeout=100")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "canceling statement" in server.log()
    assert "STATEMENT:" in server.log()
    assert CANARY not in done.out + done.err + server.log()


def test_a_server_whose_log_quotes_rows_is_found_by_a_check(portal, server):
    assert "W020" not in portal.run("check", "--database", "default").err
    server.ask("ALTER ROLE postgres SET log_error_verbosity = 'default'")
    try:
        warned = portal.run("check", "--database", "default").err
    finally:
        server.ask("ALTER ROLE postgres RESET log_error_verbosity")
    assert "W020" in warned and "ALTER SYSTEM SET log_error_verbosity = 'terse';" in warned


def test_an_import_that_is_killed_and_started_again_registers_each_token_once(portal, server, empty):
    content = many(ROWS)
    process = portal.start("liveness_register", "--file", "-", "--json")
    process.stdin.write(content)
    process.stdin.close()
    wait_until(lambda: empty() > 50)
    process.send_signal(signal.SIGKILL)
    process.wait()
    registered = empty()
    assert registered < ROWS
    again = portal.run("liveness_register", "--file", "-", "--json", stdin=content)
    assert (again.code, again.json["registered"] + again.json["duplicates"]) == (0, ROWS)
    # What the killed process had sent may have been committed after it was counted.
    assert again.json["registered"] <= ROWS - registered
    assert empty() == ROWS
    assert_the_chain_and_the_reviews_are_whole(portal, server)


def test_an_import_goes_on_when_the_server_is_restarted_in_the_middle(portal, server, empty):
    process = portal.start("liveness_register", "--file", "-", "--json")
    process.stdin.write(many(ROWS))
    process.stdin.close()
    process.stdin = None
    wait_until(lambda: empty() > 50)
    server.stop()
    server.start()
    out, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (0, "")
    assert f'"registered": {ROWS}' in out
    assert empty() == ROWS
    assert_the_chain_and_the_reviews_are_whole(portal, server)
