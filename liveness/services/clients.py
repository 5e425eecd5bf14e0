"""From settings to a FaceIdClient: the only bridge between the two."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from liveness.app_settings import app_settings
from liveness.client.faceid import FaceIdClient
from liveness.client.signing import Credentials
from liveness.services.pool import Pool


@dataclass(frozen=True)
class _Account:
    """What makes one client differ from another."""

    credentials: Credentials
    endpoint: str
    region: str
    timeouts: tuple[float, float]
    deadline: float


def client_for(region: str) -> AbstractContextManager[FaceIdClient]:
    """A client for a region, for the length of a `with` block; its connection is kept for the next.

    Raises ConfigurationError when the settings cannot make a client.
    """
    credentials = Credentials(app_settings.SECRET_ID, app_settings.SECRET_KEY, app_settings.SESSION_TOKEN or None)
    timeouts, deadline = app_settings.CALL_TIMEOUTS, app_settings.CALL_DEADLINE
    return _pool.borrow(_Account(credentials, app_settings.ENDPOINT, region, timeouts, deadline))


def _build(account: _Account) -> FaceIdClient:
    return FaceIdClient(
        account.credentials,
        account.region,
        endpoint=account.endpoint,
        timeouts=account.timeouts,
        deadline=account.deadline,
    )


_pool = Pool(_build)
