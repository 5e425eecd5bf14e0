"""A connection that the other side closed while it was idle costs one more connection, and no call."""

import socket
import threading

import pytest

from liveness.client.errors import NetworkError
from liveness.client.session import answered_afresh, build_session, read_body

from .conftest import TOKEN, Certificate, client_for
from .server import Handler, Server, fixture, hang_up, http, reset, serve

PASSED = http(fixture("get_liveness_result.passed"))
ISSUED = http(fixture("apply_liveness_token.issued"))


def whole_then(end: Handler, answer: bytes = PASSED) -> Handler:
    """Answer the first question of each connection, and end the connection at the second."""
    asked: dict[int, int] = {}
    lock = threading.Lock()

    def handler(connection: socket.socket, server: Server) -> None:
        with lock:
            key = connection.fileno()
            asked[key] = asked.get(key, 0) + 1
            is_first = asked[key] == 1
        if is_first:
            connection.sendall(answer)
        else:
            asked.pop(key)
            end(connection, server)

    return handler


@pytest.mark.parametrize("end", [hang_up(), reset()], ids=["closed", "reset"])
def test_a_result_is_asked_for_again_at_once(end: Handler) -> None:
    with serve(whole_then(end)) as server, client_for(server) as client:
        results = [client.get_liveness_result(TOKEN).result for _ in range(2)]
        assert results == ["0", "0"]
        assert (len(server.requests), server.connections) == (3, 2)
        assert server.body(1) == server.body(2)


def test_a_result_is_asked_for_again_over_tls(certificate: Certificate) -> None:
    session = build_session()
    session.verify = str(certificate.path)
    with (
        serve(whole_then(hang_up()), context=certificate.context) as server,
        client_for(server, session=session) as client,
    ):
        assert [client.get_liveness_result(TOKEN).result for _ in range(2)] == ["0", "0"]
        assert server.connections == 2


def test_it_is_asked_again_only_once() -> None:
    def answer(connection: socket.socket, server: Server) -> None:
        (hang_up() if len(server.requests) > 1 else hang_nothing)(connection, server)

    def hang_nothing(connection: socket.socket, server: Server) -> None:
        connection.sendall(PASSED)

    with serve(answer) as server, client_for(server) as client:
        client.get_liveness_result(TOKEN)
        with pytest.raises(NetworkError):
            client.get_liveness_result(TOKEN)
        assert len(server.requests) == 3


def test_a_new_connection_that_is_closed_is_not_tried_again() -> None:
    with serve(hang_up()) as server, client_for(server) as client:
        with pytest.raises(NetworkError):
            client.get_liveness_result(TOKEN)
        assert len(server.requests) == 1


@pytest.mark.parametrize("end", [hang_up(b"H"), hang_up(PASSED[:60]), reset(PASSED[:-1])])
def test_an_answer_that_had_begun_is_not_asked_for_again(end: Handler) -> None:
    with serve(whole_then(end)) as server, client_for(server) as client:
        client.get_liveness_result(TOKEN)
        with pytest.raises(NetworkError):
            client.get_liveness_result(TOKEN)
        assert len(server.requests) == 2


def test_a_call_that_changes_something_is_not_sent_twice() -> None:
    with serve(whole_then(hang_up(), ISSUED)) as server, client_for(server) as client:
        client.apply_liveness_token()
        with pytest.raises(NetworkError) as caught:
            client.apply_liveness_token()
        assert (len(server.requests), caught.value.retryable) == (2, True)


def test_all_idle_connections_are_given_up_together() -> None:
    session = build_session()
    with serve(whole_then(hang_up(), http(b"file"))) as server:
        both = [session.get(server.url) for _ in range(2)]
        for response in both:
            assert b"".join(read_body(response)) == b"file"
            response.close()
        response = answered_afresh(session, lambda: session.get(server.url))
        assert b"".join(read_body(response)) == b"file"
        session.close()
        assert server.connections == 3
