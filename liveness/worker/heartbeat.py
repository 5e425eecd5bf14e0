"""The signs of life of a run: a row that is renewed by a thread that does nothing else."""

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db import Error, connection
from django.db.models.functions import Now

from liveness.database.retry import retried
from liveness.models import WorkerRun
from liveness.models import run as runs

SIGN_OF_LIFE_SECONDS = 5.0
# Seconds that the end of a run waits for a sign of life that is under way.
LAST_SIGN_SECONDS = 1.0
# The row of a killed run stays for a day, so that an operator can see which it was.
FORGOTTEN_AFTER = timedelta(days=1)
logger = logging.getLogger(__name__)


class Heartbeat:
    """The row of one run, from `start` to `stop`.

    `on_death` is called when a sign of life came too late: the run was paused, or the database was away, for longer
    than a lease lasts. Then the run holds nothing any more, for good.
    """

    def __init__(self, on_death: Callable[[], None]) -> None:
        self.run = uuid.uuid4().hex
        self._on_death = on_death
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="signs of life", daemon=True)

    def start(self) -> None:
        """Raises DatabaseError when the row cannot be written."""
        retried(lambda: WorkerRun.objects.create(id=self.run, host=socket.gethostname()[:64]))
        self._thread.start()

    def stop(self) -> None:
        """Remove the row, and with it every lease that is still held. Never raises: a row that stays falls silent."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(LAST_SIGN_SECONDS)
        with suppress(Error):
            WorkerRun.objects.filter(id=self.run).delete()
            WorkerRun.objects.exclude(id__in=WorkerRun.objects.alive(FORGOTTEN_AFTER)).delete()

    def _renew(self) -> None:
        heard_at = time.monotonic()
        try:
            while not self._is_over.wait(SIGN_OF_LIFE_SECONDS):
                begun_at, is_heard = time.monotonic(), self._beat()
                if is_heard:
                    heard_at = begun_at
                # One that failed may be followed by one that gets through.
                elif is_heard is False or begun_at - heard_at >= runs.SILENT_AFTER.total_seconds():
                    return
        finally:
            # Whatever ended this thread: a run without signs of life must not go on.
            if not self._is_over.is_set():
                self._on_death()
            connection.close()

    def _beat(self) -> bool | None:
        """Was the sign of life in time? None when it could not be given."""
        try:
            return bool(WorkerRun.objects.alive().filter(id=self.run).update(alive_at=Now()))
        except Exception as failure:
            if not isinstance(failure, Error):
                logger.error("No sign of life of a run: %s", type(failure).__name__)
            with suppress(Error):
                connection.close()
            return None
