"""A fresh database for a bench, and a process of its own that works on it, for Django is set up once and for all."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.common.endings import deaf_children
from tests.with_postgres import binaries, postgres

KINDS = ("sqlite", "postgres")


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The DATABASE_URL of an empty database that is gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bench-sqlite-") as directory:
            yield f"sqlite:///{Path(directory) / 'portal.sqlite3'}"
        return
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed (Debian: apt-get install postgresql).")
    with postgres(programs) as url:
        yield url


def with_portal(url: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function(*arguments)` returns in a process where the portal is set up and migrated on this database.

    The function is one of a module's own, for it is sent by name. SystemExit when it fails, after its traceback.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="bench-portal-") as directory:
        process = context.Process(target=_work, args=(sender, url, directory, function, arguments))
        with deaf_children():
            process.start()
        sender.close()
        try:
            return receiver.recv()
        except EOFError:
            raise SystemExit(1) from None
        finally:
            process.terminate()
            process.join()


def _work(sender: Connection, url: str, directory: str, function: Callable[..., Any], arguments: tuple) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.common.settings",
        "DJANGO_ENV_FILE": os.devnull,
        "DJANGO_SECRET_KEY": "bench-only-" + "x" * 50,
        "DJANGO_ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": url,
        "LIVENESS_MEDIA_ROOT": f"{directory}/evidence",
        "BENCH_STATIC_ROOT": f"{directory}/static",
        "TENCENTCLOUD_SECRET_ID": "bench",
        "TENCENTCLOUD_SECRET_KEY": "bench",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    sender.send(function(*arguments))
