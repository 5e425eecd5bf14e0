"""Wake a worker for what cannot wait: where there are workers, and without making anybody else wait for them.

Nothing depends on it. What is due stands in the database, and workers look there every few seconds by themselves, so a
message that does not come through costs no more than that.
"""

import logging
import threading
import time

from django.db import transaction
from django.utils.module_loading import import_string

from liveness.app_settings import app_settings

# Seconds that a caller waits for the broker to take the message.
PATIENCE = 0.3
# One message wakes for all that is written around it; a broker that is away is left alone for a while.
REST, REST_AFTER_FAILURE = 1.0, 30.0

logger = logging.getLogger(__name__)


class Bell:
    """One message at a time, sent by a thread of its own: how long a client takes to give up is not ours to say."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rests_until = 0.0
        self._sending: threading.Thread | None = None
        self._is_failing = False

    def ring(self) -> None:
        """Call what `LIVENESS_WAKE` names. Its failure is logged, once until it succeeds again."""
        with self._lock:
            if time.monotonic() < self._rests_until or (self._sending and self._sending.is_alive()):
                return
            self._rests_until = time.monotonic() + REST
            self._sending = sending = threading.Thread(target=self._send, name="wake", daemon=True)
            sending.start()
        sending.join(PATIENCE)

    def _send(self) -> None:
        try:
            import_string(app_settings.WAKE)()
        except Exception as failure:
            self._rests_until = time.monotonic() + REST_AFTER_FAILURE
            if not self._is_failing:
                # Not the exception's text, which may name the broker's address.
                logger.warning("No worker could be woken (%s); they look by themselves.", type(failure).__name__)
            self._is_failing = True
        else:
            self._is_failing = False


_bell = Bell()


def wake() -> None:
    """Have a worker look for what is due as soon as the transaction is committed. Never raises; at once without one."""
    if app_settings.WAKE:
        transaction.on_commit(_bell.ring, robust=True)
