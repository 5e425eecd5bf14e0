"""When is an attempt next worth a call? Pure functions of times: no clock, no I/O, no Django.

The vendor gives 20 calls a second for the whole account and an answer can be read for two hours from issue. A check
takes a minute or so and must be started within ten minutes (ApplyLivenessToken), so the interval between polls grows
with the age of the token: short while the person is probably holding the phone, long once the run window is over.
One last look before the window closes makes sure that a late answer is not lost.
"""

from datetime import datetime, timedelta

FIRST_LOOK = timedelta(seconds=15)
SHORTEST = timedelta(seconds=5)
LONGEST = timedelta(minutes=10)
GROWTH = 0.25
RUN_WINDOW = timedelta(minutes=11)
LAST_LOOK = timedelta(minutes=5)
GRACE = timedelta(minutes=5)
ERROR_BASE = timedelta(seconds=5)
ERROR_CEILING = timedelta(minutes=2)


def first_poll(issued_at: datetime, now: datetime) -> datetime:
    """Time of the first poll of a newly registered attempt: nobody finishes a check within seconds."""
    return max(issued_at + FIRST_LOOK, now)


def next_poll(issued_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """Time of the next poll after one that found the check unfinished.

    The interval is a quarter of the token's age. It is cut so that the end of the run window and the last minutes of
    the readable window are each looked at.
    """
    age = now - issued_at
    planned = now + min(max(age * GROWTH, SHORTEST), LONGEST)
    for moment in (issued_at + RUN_WINDOW, expires_at - LAST_LOOK, expires_at):
        if now < moment < planned:
            return moment
    return planned


def next_try(now: datetime, expires_at: datetime, failures: int) -> datetime:
    """Time of the next call after `failures` failed ones in a row (a call or a download that went wrong)."""
    delay = min(ERROR_BASE * 2 ** min(failures - 1, 10), ERROR_CEILING)
    last_chance = expires_at - ERROR_BASE
    return last_chance if now < last_chance < now + delay else now + delay


def next_look(now: datetime, expires_at: datetime) -> datetime:
    """Time of the next call after one whose failure will not pass by itself: rarely, and once before the end."""
    last_chance = expires_at - LAST_LOOK
    return last_chance if now < last_chance < now + LONGEST else now + LONGEST


def is_readable(expires_at: datetime, now: datetime) -> bool:
    """Is asking the vendor still worth a call? A grace after the window allows for an inexact time of issue."""
    return now < expires_at + GRACE
