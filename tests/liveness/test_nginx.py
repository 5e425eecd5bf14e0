"""The shipped nginx file before a real gunicorn: what the last hop sends, by X-Accel and by streaming."""

import re
import select
import shutil
import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.conftest import missing
from tests.served import ROOT, Portal, free_port, stop, wait_for

NGINX = "/usr/sbin/nginx"
SEALS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}
EMBEDDED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "video"}
MAIN = "daemon off; user root; pid {0}/pid; error_log {0}/error.log; events {{}}\nhttp {{\n{1}\n}}\n"


class Front:
    """nginx before the portal, and a session of one person."""

    def __init__(self, portal: Portal, url: str, certificate: Path) -> None:
        self.portal, self.url = portal, url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(certificate)
        self.session.cookies.set("__Host-sessionid", portal.seeded["sessions"]["administrator"])
        self.video = f"/liveness/media/{portal.seeded['media']['video']}/"
        name = portal.seeded["media"]["video"].replace("-", "")
        self.content = (portal.evidence / name[:2] / name).read_bytes()

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.url + path, headers=EMBEDDED | headers, allow_redirects=False, timeout=10)


def certificate_in(directory: Path) -> Path:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    paths = ["-keyout", str(directory / "privkey.pem"), "-out", str(directory / "fullchain.pem")]
    subprocess.run([*command, "-addext", "subjectAltName=DNS:localhost", *paths], check=True, capture_output=True)
    return directory / "fullchain.pem"


def shipped(directory: Path, portal: Portal, plain: int, secure: int) -> str:
    """The shipped file with nothing changed but its name, ports and paths."""
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{portal.port}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443": f"listen 127.0.0.1:{secure}",
        "portal.example.com": "localhost",
        "/etc/ssl/kyc": str(directory),
        "/var/log/nginx": str(directory),
        "/var/lib/kyc-portal/evidence/": f"{portal.evidence}/",
        "/srv/kyc-portal/staticfiles/": f"{ROOT}/liveness/static/",
    }
    text = (ROOT / "docs/nginx.conf").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module", params=["", "/_evidence/"], ids=["streamed", "accel"])
def front(request, tmp_path_factory):
    if not Path(NGINX).exists() or not shutil.which("openssl"):
        missing("nginx or openssl is not installed")
    directory = tmp_path_factory.mktemp("nginx")
    certificate = certificate_in(directory)
    plain, secure = free_port(), free_port()
    settings = {"DJANGO_BEHIND_PROXY": "1", "LIVENESS_ACCEL_PREFIX": request.param}
    with Portal(directory, **settings) as portal:
        config = directory / "nginx.conf"
        config.write_text(MAIN.format(directory, shipped(directory, portal, plain, secure)))
        nginx = subprocess.Popen([NGINX, "-c", str(config), "-e", str(directory / "error.log")])
        try:
            wait_for(secure, nginx)
            front = Front(portal, f"https://localhost:{secure}", certificate)
            front.plain, front.secure = f"http://127.0.0.1:{plain}", secure
            yield front
        finally:
            stop(nginx)


def seals(response) -> dict[str, str | None]:
    # nginx repeats its own lines on a 416, which harms nothing as long as they agree.
    return {name: ", ".join(dict.fromkeys(response.raw.headers.getlist(name))) for name in SEALS}


def test_the_whole_file_arrives_sealed(front):
    response = front.get(front.video)
    assert (response.status_code, response.content) == (200, front.content)
    assert seals(response) == SEALS
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert re.fullmatch(r'"[0-9a-f]{64}"', response.headers["ETag"])
    assert re.fullmatch(r'attachment; filename="video-[0-9a-f]{8}\.mp4"', response.headers["Content-Disposition"])
    for name in ("X-Accel-Redirect", "Last-Modified"):
        assert name not in response.headers


def test_no_header_arrives_twice(front):
    response = front.get(front.video)
    names = [name.lower() for name, _value in response.raw.headers.iteritems()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=1000-1999", slice(1000, 2000)),
        ("bytes=-100", slice(-100, None)),
        ("bytes=50000-", slice(50000, None)),
    ],
)
def test_ranges_are_right_and_sealed(front, asked, part):
    response = front.get(front.video, Range=asked)
    assert (response.status_code, response.content) == (206, front.content[part])
    start = part.indices(len(front.content))[0]
    expected = f"bytes {start}-{start + len(response.content) - 1}/{len(front.content)}"
    assert response.headers["Content-Range"] == expected
    assert seals(response) == SEALS


def test_a_range_past_the_end_and_several_ranges(front):
    beyond = front.get(front.video, Range=f"bytes={len(front.content)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(front.content)}")
    assert seals(beyond) == SEALS
    several = front.get(front.video, Range="bytes=0-0,5-6,9-9")
    assert (several.status_code, several.content) == (200, front.content)


def test_if_range_goes_by_the_portals_tag(front):
    tag = front.get(front.video).headers["ETag"]
    assert front.get(front.video, **{"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert front.get(front.video, **{"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200


def test_head_tells_the_size_without_a_body(front):
    response = front.session.head(front.url + front.video, headers=EMBEDDED, timeout=10)
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(front.content)))
    assert seals(response) == SEALS


def test_a_thumbnail_is_sealed_and_has_no_tag_of_nginx(front):
    response = front.get(f"/liveness/media/{front.portal.seeded['media']['best_frame']}/thumbnail/")
    assert (response.status_code, response.content[:3]) == (200, b"\xff\xd8\xff")
    assert "ETag" not in response.headers
    assert seals(response) == SEALS


def test_the_inner_place_cannot_be_asked_for(front):
    name = front.portal.seeded["media"]["video"].replace("-", "")
    paths = [
        f"/_evidence/{name[:2]}/{name}",
        "/_evidence/",
        "/_evidence../portal.sqlite3",
        "/_evidence/..%2fportal.sqlite3",
    ]
    for path in [*paths, f"//_evidence/{name[:2]}/{name}", f"/_evidence/%2e%2e/evidence/{name[:2]}/{name}"]:
        response = front.get(path, **{"X-Accel-Redirect": path})
        assert response.status_code in (302, 400, 404)
        assert front.content[:64] not in response.content


def test_a_refusal_is_sealed_too(front):
    refused = front.get(front.video, **{"Sec-Fetch-Dest": "document"})
    assert (refused.status_code, seals(refused)) == (403, SEALS)
    stranger = requests.get(front.url + front.video, headers=EMBEDDED, verify=front.session.verify, timeout=10)
    assert (stranger.status_code, seals(stranger)) == (404, SEALS)


def test_a_download_is_posted_through(front):
    token = "t" * 32
    response = requests.post(
        f"{front.url}{front.video}download/",
        data={"csrfmiddlewaretoken": token},
        cookies={"__Host-csrftoken": token, "__Host-sessionid": front.portal.seeded["sessions"]["administrator"]},
        headers={"Referer": "https://localhost/"},
        verify=front.session.verify,
        timeout=10,
    )
    assert (response.status_code, response.content) == (200, front.content)
    assert seals(response) == SEALS


def test_plain_http_leads_to_https_whatever_host_is_claimed(front):
    response = requests.get(
        f"{front.plain}/liveness/?q=1", headers={"Host": "localhost"}, allow_redirects=False, timeout=10
    )
    assert (response.status_code, response.headers["Location"]) == (308, "https://localhost/liveness/?q=1")


def test_a_claimed_protocol_or_host_changes_nothing(front):
    spoofed = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4"}
    response = front.session.get(front.url + "/", headers=spoofed, allow_redirects=False, timeout=10)
    assert (response.status_code, response.headers["Location"]) == (302, "/review/")


def test_the_log_keeps_no_query(front):
    front.get("/liveness/?q=a-personal-reference")
    log = (front.portal.directory / "kyc.log").read_text()
    assert "/liveness/" in log
    assert "a-personal-reference" not in log


def encrypted(front, name: str | None) -> ssl.SSLSocket:
    """A connection that asks for the certificate of this name, or of none."""
    context = ssl.create_default_context(cafile=front.session.verify)
    context.check_hostname = False
    plain = socket.create_connection(("127.0.0.1", front.secure), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", None])
def test_an_unknown_name_gets_no_certificate(front, name):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        encrypted(front, name)


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1", "localhost.other.example"])
def test_a_request_for_an_unknown_host_gets_no_answer(front, host):
    with encrypted(front, "localhost") as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(100) == b""


def test_log_in_limits_count_forms_that_are_sent_and_no_page_loads(front):
    page = front.url + "/accounts/login/"

    def load() -> int:
        return front.session.get(page, timeout=10).status_code

    assert {load() for _ in range(100)} == {200}
    # Each lacks the token of the page, so no password is tried.
    sent = [front.session.post(page, timeout=10).status_code for _ in range(90)]
    assert set(sent) == {403, 429}
    assert sent[:60] == [403] * 60
    assert load() == 200


def test_many_people_behind_one_address_are_all_served(front):
    """Each has a request under way: its headers are here, and nginx waits for its body."""
    unfinished = b"POST /accounts/logout/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    with ExitStack() as people:
        office = [people.enter_context(encrypted(front, "localhost")) for _ in range(200)]
        for person in office:
            person.sendall(unfinished)
        assert front.session.get(front.url + "/accounts/login/", timeout=10).status_code == 200
        refused, _, _ = select.select(office, [], [], 0)
        assert refused == []
        for person in office:
            person.sendall(b"x" * 9)
        assert {person.recv(12) for person in office} == {b"HTTP/1.1 403"}
