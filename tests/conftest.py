"""What every test may rely on: no network but loopback, storage of its own, and tables that can be emptied."""

import ipaddress
import os
import socket

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from liveness.models import append_only

PROTECTED = (("liveness_auditevent", "sequence"), ("liveness_poll", "id"))
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


def missing(what: str) -> None:
    """Skip a test that this machine cannot run; where everything must run, fail instead."""
    if REQUIRE_ALL:
        pytest.fail(f"REQUIRE_ALL=1, but {what}")
    pytest.skip(what)


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


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "evidence"
    settings.LIVENESS_PACE_FILE = tmp_path / "pace.sqlite3"


@pytest.fixture(autouse=True, scope="session")
def _flush_may_empty_protected_tables():
    """Transactional tests empty all tables at their end, which the append-only triggers rightly refuse."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def unprotected(self, sql_list):
        with self.connection.schema_editor() as editor:
            for table, key in PROTECTED:
                append_only.remove(editor, table, key)
        flush(self, sql_list)
        with self.connection.schema_editor() as editor:
            for table, key in PROTECTED:
                append_only.install(editor, table, key)

    BaseDatabaseOperations.execute_sql_flush = unprotected
    yield
    BaseDatabaseOperations.execute_sql_flush = flush
