"""A bound on the wake-ups that wait for a worker, which needs no clock.

An expiry is a time by the sender's clock, which the worker compares with its own: a worker whose clock is ahead drops
every message without a word. Nothing has to expire here, because a late wake-up does what a new one does. Only their
number must stay small while no worker runs, so the sender looks how many wait and keeps its message back.
"""

from typing import Any

from celery import Celery

# Wake-ups that may wait in one queue: beat sends as many for the refresh within a minute, and a worker that comes back
# is busy with them for half a minute.
FULL = 12


def is_full(app: Celery, producer: Any, task: str) -> bool:
    """Do enough messages wait where this task's would go? Raises what the broker's client raises."""
    queue = app.amqp.router.route({}, task)["queue"]
    return waiting(producer, queue) >= FULL


def waiting(producer: Any, queue: Any) -> int:
    """How many messages no worker has taken yet. A connection that the broker dropped is made again, once."""
    connection = producer.connection

    def count() -> int:
        # Without this, the connection would wait for as long as its broker is away.
        connection.ensure_connection(max_retries=1, interval_start=0)
        # A declaration creates the queue or changes nothing, and both brokers answer it with the number of messages.
        return int(queue(connection.default_channel).queue_declare().message_count)

    return int(connection.ensure(producer, count, max_retries=1, interval_start=0)())
