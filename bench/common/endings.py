"""However a bench ends, its servers and files go with it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def end_cleanly() -> None:
    """Let Ctrl-C and SIGTERM unwind the program without a traceback, so that every server is stopped."""
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda number, frame: sys.exit(128 + number))


@contextmanager
def deaf_children() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: their parent ends them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
