"""Behind a pooler that lends connections for one transaction: nothing relies on a session or is left on one."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from liveness import audit
from liveness.audit import rows
from liveness.models import MediaState, StoredMedia, VerificationAttempt
from liveness.ratelimit.stores import PostgresStore
from liveness.worker import engine
from tests.builders import make_attempt
from tests.conftest import missing
from tests.liveness.audit.chain import ACTOR, record
from tests.with_pgbouncer import pgbouncer, pgbouncer_program

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="concerns PostgreSQL; `make test` runs it there"),
]
ROOT = Path(__file__).parents[2]
# What pgbouncer itself keeps in step between a client and the connection that it lends.
IN_STEP = {"application_name", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings"}
LEFT_BEHIND = {
    "cursors": "SELECT name FROM pg_cursors WHERE name <> ''",
    "prepared statements": "SELECT name FROM pg_prepared_statements",
    "advisory locks": "SELECT 'one' FROM pg_locks WHERE locktype = 'advisory'",
    "channels": "SELECT pg_listening_channels()",
    "temporary tables": "SELECT relname FROM pg_class WHERE relpersistence = 't'",
    "settings": "SELECT name FROM pg_settings WHERE source = 'session'",
}


@pytest.fixture
def pooled(transactional_db):
    """Have every new connection of this process come from a pooler with `pool_size` connections to the server."""
    program = pgbouncer_program() or missing("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    settings = connections.settings["default"]
    host, port = settings["HOST"], settings["PORT"]

    @contextmanager
    def pooled(pool_size):
        connection.close()
        with pgbouncer(program, host=host, server_port=port, user=settings["USER"], pool_size=pool_size) as pooler:
            # As a host project has it that knows nothing of poolers.
            settings.update(PORT=pooler, DISABLE_SERVER_SIDE_CURSORS=False)
            try:
                yield
            finally:
                connection.close()
                settings.update(PORT=port, DISABLE_SERVER_SIDE_CURSORS=True)

    return pooled


def address() -> str:
    settings = connections.settings["default"]
    return f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


def client(function, *arguments):
    """What one client does on a connection of its own."""
    try:
        return function(*arguments)
    finally:
        connection.close()


def left_on_the_server() -> dict[str, set[str]]:
    with psycopg.connect(address(), autocommit=True) as stranger:
        found = {what: {row[0] for row in stranger.execute(sql)} for what, sql in LEFT_BEHIND.items()}
    found["settings"] -= IN_STEP
    return {what: names for what, names in found.items() if names}


@contextmanager
def others_append(count: int):
    """`count` other clients append to the chain all the time, until the block ends."""
    is_over, has_begun = threading.Event(), threading.Barrier(count + 1)

    def append():
        record(1)
        has_begun.wait()
        while not is_over.is_set():
            record(1)

    with ThreadPoolExecutor(count) as threads:
        writers = [threads.submit(client, append) for _ in range(count)]
        try:
            has_begun.wait()
            yield
        finally:
            is_over.set()
        for writer in writers:
            writer.result()


def test_a_verification_beside_other_clients_finds_a_sound_chain_sound(pooled, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK", 7)
    record(60)
    with pooled(2), others_append(2), ThreadPoolExecutor(2) as threads:
        verdicts = list(threads.map(lambda _: client(audit.verify), range(8)))
    assert [(verdict.broken_at, verdict.reason) for verdict in verdicts] == [(None, "")] * 8
    assert min(verdict.events for verdict in verdicts) >= 62
    assert audit.verify().broken_at is None


def test_the_command_verifies_beside_other_clients(pooled):
    record(40)
    with pooled(2), others_append(2):
        commands = [start("liveness_verify_audit", "--json") for _ in range(2)]
        found = [(*command.communicate(timeout=60), command.returncode) for command in commands]
    assert [code for *_, code in found] == [0, 0], found


def test_every_command_works_on_the_one_connection_of_a_pool(pooled, settings, tmp_path):
    settings.LIVENESS_RATE_LIMIT_FILE = None
    path = tmp_path / "tokens.csv"
    path.write_text("sdk_token,subject_reference\n" + "".join(f"pooled-token-{n},S-{n}\n" for n in range(30)))
    with pooled(1):
        call_command("liveness_register", file=str(path))
        call_command("liveness_register", "pooled-token-one", subject="S")
        for command in ("review_statistics", "review_sync", "alert", "verify_media", "reconcile", "verify_audit"):
            call_command(f"liveness_{command}")
        call_command("portal_roles")
        call_command("liveness_refresh", dry_run=True)
        call_command("check", databases=["default"])
        connections.close_all()
        assert left_on_the_server() == {}
    assert VerificationAttempt.objects.count() == 31
    assert audit.verify().broken_at is None


def start(*arguments: str) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = os.environ | {"DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, **pipes)


def test_the_call_slots_leave_no_time_limit_to_other_clients(pooled):
    with pooled(1):
        store = PostgresStore()
        store.reserve(0.1)
        store.refuse()
        with closing(psycopg.connect(address(), autocommit=True)) as stranger:
            assert stranger.execute("SHOW lock_timeout").fetchone() == ("0",)
        store.close()


def test_a_day_of_work_leaves_nothing_on_the_one_connection_of_the_pool(pooled, sandbox, client_of_all, settings):
    settings.LIVENESS_RATE_LIMIT_FILE = None
    attempts = [make_attempt(sdk_token=sandbox.issue("pass_amara", finishes_after=0)) for _ in range(6)]
    with pooled(1):
        summary = engine.run(engine.RunOptions(workers=4, force=True))
        for page in ("/review/", "/review/audit/", "/review/dashboard/", "/admin/liveness/auditevent/", "/readyz"):
            assert client_of_all.get(page, follow=True).status_code == 200, page
        audit.check(actor=ACTOR, now=timezone.now())
        connections.close_all()
        assert left_on_the_server() == {}
    assert (summary.failure, summary.counts.passed) == (None, len(attempts))
    assert set(StoredMedia.objects.values_list("state", flat=True)) == {MediaState.STORED}
    assert audit.verify().broken_at is None


@pytest.fixture
def client_of_all(client, transactional_db):
    """A browser in which somebody is signed in who may see everything."""
    client.force_login(get_user_model().objects.create_superuser("all", password="x"))
    return client
