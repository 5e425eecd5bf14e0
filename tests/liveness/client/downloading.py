"""A download through the session on its own, as tests of the session make it."""

from liveness.client.deadline import total_deadline
from liveness.client.session import build_session, read_body

from .server import Server

BODY = bytes(range(256)) * 1_000


def download(server: Server, total: float = 5.0, timeout: tuple[float, float] = (2.0, 2.0), **verify: str) -> bytes:
    session = build_session()
    with total_deadline(total):
        response = session.get(f"{server.url}/x?sign=1", timeout=timeout, **verify)
        try:
            return b"".join(read_body(response, 1_000))
        finally:
            response.close()
            session.close()
