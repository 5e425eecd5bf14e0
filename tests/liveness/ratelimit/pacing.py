"""The body of a process that reserves slots. It imports no models: a spawned process has no Django."""

from liveness.ratelimit.stores import RedisStore, SQLiteStore

STORES = {"sqlite": SQLiteStore, "redis": RedisStore}


def reserve_slots(kind, address, gap, count):
    store = STORES[kind](address)
    for _ in range(count):
        store.reserve(gap)
