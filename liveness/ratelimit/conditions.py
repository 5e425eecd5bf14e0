"""Can the store of the call slots be used? Nothing is made or kept by looking."""

from pathlib import Path

from liveness.app_settings import app_settings
from liveness.conditions import Condition, ConditionKind, Part, Probe, watch
from liveness.conditions.database import file_of_sqlite, sqlite_problem

# Seconds for a Redis to answer.
REDIS_TIMEOUT = 2.0


def look_at_store() -> Condition | None:
    """The store of the call slots, where it is not PostgreSQL."""
    if app_settings.REDIS_URL:
        return _redis_problem(app_settings.REDIS_URL)
    path = rate_limit_file()
    return sqlite_problem(path, "the call limit's file", ConditionKind.SLOTS) if path else None


def rate_limit_file() -> Path | None:
    """The file that keeps the call slots; None where they are kept elsewhere, or beside a database in memory."""
    database = file_of_sqlite()
    return app_settings.RATE_LIMIT_FILE or (database and Path(f"{database}-pace"))


def _redis_problem(url: str) -> Condition | None:
    # Imported here: where the slots are kept elsewhere, nothing needs Redis.
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        client = Redis.from_url(url, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT)
        with client:
            client.ping()
    except (RedisError, ValueError) as failure:
        # Not the failure's own text: it may hold an address with its password.
        what = f"The Redis of LIVENESS_REDIS_URL gives no call slots ({type(failure).__name__})."
        remedy = "Start it, or correct the address; until then no call is made."
        return Condition.of(ConditionKind.SLOTS, f"{what} {remedy}")
    return None


def install() -> None:
    """Have the store looked at with the other conditions."""
    watch(Probe(Part.SLOTS, look_at_store, uses_database=False))
