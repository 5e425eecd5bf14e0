"""What happened, counted over all processes for `/metrics`.

Workers and cron serve no HTTP, so the counts go to the table `CounterValue`. `count` and `observe` touch memory alone
and may be called anywhere, also between a call slot and its call. The thread that started a run writes: `flush_if_due`
now and then, `flush` at the end of the run. What a process had not written when it was killed is not counted: these are
figures to watch, not the record; that is the audit chain.
"""

import math
import os
import threading
import time
from bisect import bisect_left
from collections import Counter as Tally
from dataclasses import dataclass

from django.db import Error, transaction
from django.db.models import F

from liveness.client.errors import Fault
from liveness.database.time_limits import limit_idle_time
from liveness.loss_causes import LossCause
from liveness.models import CounterValue

# Seconds between two writes of one process.
FLUSH_SECONDS = 5.0
OTHER = "other"
SUM = "sum"
Amounts = Tally[tuple[str, str]]
Values = dict[str, float]


@dataclass(frozen=True)
class Counter:
    """`label` is the name of its one label, `labels` the values that it takes; any other value counts as OTHER."""

    name: str
    help: str
    label: str = ""
    labels: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Histogram:
    """`buckets` are upper bounds in ascending order; a value above the last falls into "+Inf"."""

    name: str
    help: str
    buckets: tuple[float, ...]

    @property
    def bounds(self) -> list[str]:
        """The buckets as the table spells them."""
        return [*(f"{float(bound)}" for bound in self.buckets), "+Inf"]

    def bucket(self, value: float) -> str:
        return self.bounds[bisect_left(self.buckets, value)]


CALLS = Counter(
    "liveness_calls",
    "Calls to the vendor: a final answer (ok), an unfinished check (pending), or whose fault there was none.",
    label="result",
    labels=("ok", "pending", *(fault.value for fault in Fault)),
)
SLOTS = Counter(
    "liveness_slots",
    "Call slots that were reserved: used for a call, or past when the process woke.",
    label="outcome",
    labels=("used", "late"),
)
PERMIT_WAIT = Histogram(
    "liveness_permit_wait_seconds",
    "How long a call waited for its slot.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
MARGIN = Histogram(
    "liveness_capture_margin_seconds",
    "How long before its token ran out an attempt was complete, with its answer and all its files; 0 is too late.",
    (0, 60, 300, 600, 1200, 1800, 2700, 3600, 4500, 5400, 6000, 6300, 6600, 6780, 6900, 7020, 7080, 7140, 7200),
)
LOST = Counter(
    "liveness_lost",
    "Attempts that ran out unread, and files that were given up, by why.",
    label="reason",
    labels=tuple(LossCause.values),
)
DOWNLOADS = Counter(
    "liveness_downloads", "Downloads of evidence that ended.", label="result", labels=("stored", "failed")
)
DOWNLOAD_BYTES = Counter("liveness_download_bytes", "Bytes of evidence that were downloaded.")
DOWNLOAD_SECONDS = Histogram(
    "liveness_download_seconds",
    "How long a download took, to its last byte or its failure.",
    (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
COUNTERS = (CALLS, SLOTS, LOST, DOWNLOADS, DOWNLOAD_BYTES)
HISTOGRAMS = (PERMIT_WAIT, MARGIN, DOWNLOAD_SECONDS)


class Buffer:
    """Amounts that this process has not written yet. It cannot outgrow the labels and buckets that there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._amounts: Amounts = Tally()
        self._due_at = 0.0

    def add(self, amounts: Amounts) -> None:
        with self._lock:
            self._amounts.update(amounts)

    def take(self) -> Amounts:
        with self._lock:
            taken, self._amounts = self._amounts, Tally()
            self._due_at = time.monotonic() + FLUSH_SECONDS
        return taken

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._due_at


_buffer = Buffer()


def count(counter: Counter, amount: float = 1, label: str = "") -> None:
    """Add `amount` to the counter's sum under `label`."""
    known = label if label in counter.labels else OTHER
    _buffer.add(Tally({(counter.name, known): amount}))


def observe(histogram: Histogram, value: float) -> None:
    """Add one value to the distribution; below 0 it counts as 0, and what is no number is left out."""
    if math.isnan(value) or math.isinf(value):
        return
    value = max(value, 0.0)
    _buffer.add(Tally({(histogram.name, histogram.bucket(value)): 1, (histogram.name, SUM): value}))


def read() -> dict[str, Values]:
    """What all processes wrote: by name, then by label or bucket (and SUM)."""
    found: dict[str, Values] = {metric.name: {} for metric in (*COUNTERS, *HISTOGRAMS)}
    for name, label, value in CounterValue.objects.filter(name__in=found).values_list("name", "label", "value"):
        found[name][label] = value
    return found


def flush_if_due() -> bool:
    """`flush`, unless this process wrote within the last seconds."""
    return not _buffer.is_due or flush()


def flush() -> bool:
    """Write what this process counted; False when the database refused, and it is kept for the next time."""
    amounts = _buffer.take()
    try:
        if amounts:
            _write(amounts)
    except Error:
        _buffer.add(amounts)
        return False
    return True


@transaction.atomic
def _write(amounts: Amounts) -> None:
    limit_idle_time()
    # All processes lock the rows in this one order, so that no two wait for each other.
    for (name, label), amount in sorted(amounts.items()):
        row = CounterValue.objects.filter(name=name, label=label)
        if not row.update(value=F("value") + amount):
            CounterValue.objects.bulk_create([CounterValue(name=name, label=label)], ignore_conflicts=True)
            row.update(value=F("value") + amount)


def _forget() -> None:
    """A forked child counts from nothing: what its parent had not written is the parent's, and so is its lock."""
    global _buffer
    _buffer = Buffer()


os.register_at_fork(after_in_child=_forget)
