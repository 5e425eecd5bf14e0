"""The body of a process that reserves slots. It imports no models: a spawned process has no Django."""

from liveness.refresh.limiter import SQLiteStore


def reserve_slots(path, gap, count):
    store = SQLiteStore(path)
    for _ in range(count):
        store.reserve(gap)
