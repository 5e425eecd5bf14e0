"""Celery workers that share the limit by its own means: `rate_limit` counts per worker, so each gets its part."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from celery import Celery

from bench.common.clients import HOST

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR")
# In a session of its own, for Ctrl-C is its parent's; what it greets with and warns of is no news.
SILENT = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
START = 15.0

app = Celery("bench", broker=os.environ.get("BENCH_BROKER"))
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 1


@app.task(rate_limit=os.environ.get("BENCH_RATE"))
def call() -> None:
    """One call to the counting server."""
    connection = HTTPConnection(HOST, int(os.environ["BENCH_PORT"]))
    connection.request("GET", f"/{os.environ['BENCH_NUMBER']}")
    connection.getresponse().read()
    connection.close()


def call_together(broker: str, *, limit: int, callers: int, port: int, seconds: float) -> None:
    """Let so many workers call for so long."""
    environment = os.environ | {
        "BENCH_BROKER": broker,
        "BENCH_RATE": f"{limit * 60 / callers:.0f}/m",
        "BENCH_PORT": str(port),
    }
    with ExitStack() as stack:
        for number in range(callers):
            command = [sys.executable, "-m", "celery", "-A", __name__, "worker", "-n", f"{number}@bench", *OPTIONS]
            worker = subprocess.Popen(command, env=environment | {"BENCH_NUMBER": str(number)}, **SILENT)
            stack.callback(worker.wait)
            stack.callback(worker.kill)
        time.sleep(START + callers)
        # Not from the app's pool, which keeps the first broker for ever.
        with app.connection_for_write(broker) as connection:
            for _ in range(int(limit * seconds * 1.5)):
                call.apply_async(connection=connection)
        time.sleep(seconds)
