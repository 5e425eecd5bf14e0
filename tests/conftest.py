"""What every test may rely on: no network but loopback, storage of its own, and tables that can be emptied."""

import ipaddress
import os
import socket

import hypothesis
import pytest
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

from liveness.audit import registry
from liveness.audit.registry import AuditAction
from liveness.models import append_only
from liveness.sandbox.server import Sandbox
from liveness.worker import engine

# The machine may be busy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile(
    "busy", deadline=None, max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


def missing(what: str) -> None:
    """Skip a test that this machine cannot run; where everything must run, fail instead."""
    if REQUIRE_ALL:
        pytest.fail(f"REQUIRE_ALL=1, but {what}")
    pytest.skip(what)


@pytest.fixture(autouse=True, scope="session")
def _host_actions():
    """The audit actions of a host project, which adds its own."""
    registry.register(
        AuditAction("liveness.test.happened", "", "history", "Something happened"),
        AuditAction("merchant.export.made", "", "share", "Export made by the merchant"),
    )


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    """Refuse every connection that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """At the end nobody is left on the test database, such as a thread that is about to close its connection."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "evidence"
    settings.LIVENESS_RATE_LIMIT_FILE = tmp_path / "pace.sqlite3"


def forget_other_runs(monkeypatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(engine, "_memory", engine.Memory())


@pytest.fixture(autouse=True)
def _no_memory_of_other_runs(monkeypatch):
    """What a run of another test met must not make those of this one wary."""
    forget_other_runs(monkeypatch)


@pytest.fixture(autouse=True, scope="session")
def _flush_may_empty_protected_tables():
    """Transactional tests empty all tables at their end, which the append-only triggers rightly refuse."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def unprotected(self, sql_list):
        with self.connection.schema_editor() as editor:
            for table in append_only.UNIQUE_KEYS:
                append_only.remove(editor, table)
        flush(self, sql_list)
        with self.connection.schema_editor() as editor:
            for table in append_only.UNIQUE_KEYS:
                append_only.install(editor, table)

    BaseDatabaseOperations.execute_sql_flush = unprotected
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


@pytest.fixture
def sandbox(settings):
    """A local FaceID without a rate limit, to which the settings point."""
    with Sandbox(rate_limit=None) as sandbox:
        settings.LIVENESS_ENDPOINT = sandbox.url
        settings.LIVENESS_SECRET_ID = sandbox.secret_id
        settings.LIVENESS_SECRET_KEY = sandbox.secret_key
        settings.LIVENESS_MEDIA_ORIGINS = [sandbox.url]
        settings.LIVENESS_RATE_LIMIT = 1000
        settings.LIVENESS_CALL_TIMEOUTS = settings.LIVENESS_MEDIA_TIMEOUTS = (0.5, 0.5)
        settings.LIVENESS_CALL_DEADLINE = 1.0
        settings.LIVENESS_MEDIA_DEADLINES = {"best_frame": 2.0, "video": 2.0}
        yield sandbox
