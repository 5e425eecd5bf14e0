"""What a signed link asks for is what the vendor signed: its target arrives byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.client.session import build_session, read_body

from .server import Server, http, serve

SIGNED = "/strict/a%2fb%7Ec%c3%a9.jpg?q-sign-algorithm=sha1&q-key-time=1%3b2&sig=%7e%41%2f%3D==&empty&k=a+b%20c'(x)*!"


def asked(server: Server, url: str) -> str:
    session = build_session()
    response = session.get(url, headers={"Range": "bytes=5-"})
    assert b"".join(read_body(response)) == b"file"
    session.close()
    line = server.requests[-1].split(b"\r\n")[0].decode("ascii")
    method, target, version = line.split(" ")
    assert (method, version) == ("GET", "HTTP/1.1")
    return target


@pytest.mark.parametrize(
    "target",
    [
        SIGNED,
        "/a/../b/./c//d",
        "/../../x",
        "/%2e%2e/x%2F",
        "/a?",
        "/?",
        "/a%zz?%",
        "/a;b=1,2:3@4?x=/../&y=?",
        '/a"<>\\^`{|}[]',
        "//double/slash",
    ],
)
def test_a_target_arrives_as_it_is(target: str) -> None:
    with serve(http(b"file")) as server:
        assert asked(server, server.url + target) == target


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=80))
def test_any_printable_target_arrives_as_it_is(rest: str) -> None:
    with serve(http(b"file")) as server:
        assert asked(server, f"{server.url}/{rest}") == f"/{rest}"


def test_the_target_of_one_request_is_not_that_of_the_next() -> None:
    session = build_session()
    with serve(http(b"file")) as server:
        for url in (server.url + SIGNED, server.url):
            session.get(url).close()
        session.close()
        assert server.requests[-1].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("rest", ["/a b", "/é", "/a\r\nX-Injected: 1", "/a#part", "/a\tb", "/\x7f"])
def test_no_character_of_a_link_can_end_the_request_line(rest: str) -> None:
    with serve(http(b"file")) as server:
        target = asked(server, server.url + rest)
        assert target.isascii()
        assert server.header("X-Injected") is None
