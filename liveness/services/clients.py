"""From settings to a FaceIdClient: the only bridge between the two."""

import threading

from liveness.app_settings import app_settings
from liveness.client.faceid import FaceIdClient
from liveness.client.signing import Credentials

_local = threading.local()


def client_for(region: str) -> FaceIdClient:
    """This thread's client for a region; connections are kept between calls.

    Raises ConfigurationError when the settings cannot make a client.
    """
    key = (app_settings.SECRET_ID, app_settings.SECRET_KEY, app_settings.ENDPOINT, region)
    clients = _local.__dict__.setdefault("clients", {})
    if key not in clients:
        clients[key] = _build(region)
    client: FaceIdClient = clients[key]
    return client


def _build(region: str) -> FaceIdClient:
    credentials = Credentials(app_settings.SECRET_ID, app_settings.SECRET_KEY, app_settings.SESSION_TOKEN or None)
    return FaceIdClient(
        credentials,
        region,
        endpoint=app_settings.ENDPOINT,
        timeouts=app_settings.CALL_TIMEOUTS,
        deadline=app_settings.CALL_DEADLINE,
    )
