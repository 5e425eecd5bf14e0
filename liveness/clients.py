"""From settings to a FaceIdClient: the only bridge between the two."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from liveness.app_settings import app_settings
from liveness.client.faceid import REGIONS, FaceIdClient
from liveness.client.pool import Pool
from liveness.client.session import Route
from liveness.client.signing import Credentials
from liveness.clock import CheckedClock


@dataclass(frozen=True)
class _Account:
    """What makes one client differ from another."""

    credentials: Credentials
    endpoint: str
    region: str
    timeouts: tuple[float, float]
    deadline: float
    clock: CheckedClock
    route: Route


def route() -> Route:
    """How this installation leaves its network: LIVENESS_PROXY and LIVENESS_CA_BUNDLE."""
    return Route(app_settings.PROXY, app_settings.CA_BUNDLE)


def client_for(region: str, clock: CheckedClock) -> AbstractContextManager[FaceIdClient]:
    """A client for a region, for the length of a `with` block; its connection is kept for the next.

    It signs with the time of `clock`, which learns the time of every answer. Raises ConfigurationError when the
    settings cannot make a client.
    """
    return _pool.borrow(_account(region, clock))


def check_configuration() -> None:
    """Raises ConfigurationError when no client can be made for any region: for a missing or malformed key, say."""
    _build(_account(REGIONS[0], CheckedClock())).close()


def _account(region: str, clock: CheckedClock) -> _Account:
    credentials = Credentials(app_settings.SECRET_ID, app_settings.SECRET_KEY, app_settings.SESSION_TOKEN or None)
    timeouts, deadline = app_settings.CALL_TIMEOUTS, app_settings.CALL_DEADLINE
    return _Account(credentials, app_settings.ENDPOINT, region, timeouts, deadline, clock, route())


def _build(account: _Account) -> FaceIdClient:
    return FaceIdClient(
        account.credentials,
        account.region,
        endpoint=account.endpoint,
        timeouts=account.timeouts,
        deadline=account.deadline,
        clock=account.clock.unix,
        on_date=lambda unix, is_believed: account.clock.observe(unix, is_believed=is_believed),
        route=account.route,
    )


_pool = Pool(_build)
