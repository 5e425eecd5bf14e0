"""The media pipeline: a few threads of its own fetch files, so that nobody waits for bytes with a call slot in hand.

A poll thread asks for room first, then takes its slot, polls, and hands the files of the answer over as a download:

    if pipeline.wait_for_room(1.0):
        ...acquire a slot, poll, record...
        pipeline.submit(download)

When disk or storage is slow the room runs out, and polling slows down instead of memory filling up. What a poll thread
brings is always taken, so whoever does not wait for room looks whether the pipeline is overfull first.
"""

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections

from liveness.app_settings import app_settings

# Jobs that may wait for each thread: a link lives for minutes, so what waits longer would only have to be polled again.
QUEUED_PER_THREAD = 2

Download = Callable[[], object]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stats:
    """The downloads of a pool, and the seconds that its threads worked; the bytes are in `counters.DOWNLOAD_BYTES`."""

    waiting: int
    running: int
    done: int
    seconds: float


class DownloadPool:
    """Jobs, each a callable that tells its own failures, on at most `workers` daemon threads.

    An idle thread holds no database connection.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or app_settings.MEDIA_WORKERS
        self._change = threading.Condition()
        self._waiting: deque[Download] = deque()
        self._threads: list[threading.Thread] = []
        self._is_open = True
        self._running, self._done, self._seconds = 0, 0, 0.0

    def has_room(self) -> bool:
        """Would a download that is brought now be begun before long?"""
        return self._is_open and len(self._waiting) < QUEUED_PER_THREAD * self._workers

    def is_overfull(self) -> bool:
        """Does so much wait that a link would run out before its turn?"""
        return len(self._waiting) >= 2 * QUEUED_PER_THREAD * self._workers

    def wait_for_room(self, timeout: float) -> bool:
        """The same, once there is room or `timeout` seconds are over; at once when the pipeline is drained."""
        with self._change:
            self._change.wait_for(lambda: self.has_room() or not self._is_open, timeout)
            return self.has_room()

    def submit(self, download: Download) -> bool:
        """Take a download, without waiting; False when the pipeline is drained, and then nobody will call it."""
        with self._change:
            if not self._is_open:
                return False
            self._waiting.append(download)
            self._man()
            self._change.notify_all()
        return True

    def wait_until_idle(self, timeout: float) -> bool:
        """True once nothing waits or runs, False when `timeout` seconds are over before."""
        with self._change:
            return self._change.wait_for(lambda: not self._waiting and not self._running, timeout)

    def drain(self, timeout: float) -> int:
        """Take nothing new and finish the rest within `timeout` seconds; the number of downloads that were given up.

        Those that wait are dropped. One that runs cannot be stopped: it ends by its deadline, or with the process.
        """
        end = time.monotonic() + timeout
        with self._change:
            self._is_open = False
            self._change.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        with self._change:
            given_up = len(self._waiting) + self._running
            self._waiting.clear()
        return given_up

    def stats(self) -> Stats:
        with self._change:
            return Stats(len(self._waiting), self._running, self._done, self._seconds)

    def _man(self) -> None:
        """One more thread if those there are have enough to do."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < min(self._workers, self._running + len(self._waiting)):
            self._threads.append(threading.Thread(target=self._work, name="media", daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while download := self._next():
            self._run(download)

    def _next(self) -> Download | None:
        with self._change:
            if self._waiting:
                return self._take()
        connections.close_all()
        with self._change:
            self._change.wait_for(lambda: self._waiting or not self._is_open)
            return self._take() if self._waiting else None

    def _take(self) -> Download:
        self._running += 1
        # Whoever waits for room has some now.
        self._change.notify_all()
        return self._waiting.popleft()

    def _run(self, download: Download) -> None:
        begun = time.monotonic()
        try:
            download()
        except Exception as failure:
            # Not its text or traceback: a database's message may quote the token.
            where = traceback.extract_tb(failure.__traceback__)[-1]
            logger.error("%s in %s, line %s", type(failure).__name__, where.filename, where.lineno)
        finally:
            with self._change:
                self._running -= 1
                self._done += 1
                self._seconds += time.monotonic() - begun
                self._change.notify_all()
