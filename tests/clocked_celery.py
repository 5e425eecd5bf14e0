"""Celery with a clock that a test may set: `python -m tests.clocked_celery FILE celery-arguments`.

FILE holds by how many seconds the process's wall clock is ahead; the test may change it at any time. The machine's own
clock is left alone, and so is the steady one.
"""

import sys
import threading
import time
from pathlib import Path

import time_machine
from celery.bin.celery import main


def follow(file: Path) -> None:
    """Set the clock as the file says, now and whenever that changes."""
    ahead = float(file.read_text())
    clock = time_machine.travel(time.time() + ahead).start()
    threading.Thread(target=watch, args=(file, clock, ahead), daemon=True).start()


def watch(file: Path, clock, ahead: float) -> None:
    while True:
        # It is empty while the test writes.
        wanted = float(file.read_text() or ahead)
        clock.shift(wanted - ahead)
        ahead = wanted
        time.sleep(0.05)


if __name__ == "__main__":
    follow(Path(sys.argv.pop(1)))
    main()
