"""Rounds of the alert as tests ask for them."""

from datetime import timedelta

from liveness.audit import Actor
from liveness.monitoring import alerts

ACTOR = Actor.system("tests")
MINUTE = timedelta(minutes=1)


def tell(now) -> alerts.AlertRound:
    return alerts.send(now=now, actor=ACTOR)


def begin(now) -> None:
    """The first round, after which losses are told."""
    assert tell(now).sent == {}
