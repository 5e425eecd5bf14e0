"""Files are served as object storage serves them."""

import hashlib
import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from liveness.sandbox import Sandbox
from liveness.sandbox.subjects import asset
from tests.liveness.sandbox.calling import download, read, session


def refusal(reply) -> tuple[int, str, str]:
    error = ET.fromstring(reply.text)  # noqa: S314 - our own sandbox wrote it
    return reply.status_code, error.findtext("Code"), error.findtext("Message")


@pytest.mark.parametrize(("field", "content_type"), [("BestFrame", "image/jpeg"), ("Video", "video/mp4")])
def test_it_serves_exactly_the_file_that_the_result_describes(
    sandbox: Sandbox, token: str, field: str, content_type: str
):
    info = read(sandbox, token)[field]
    reply = download(info["Url"])
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == content_type
    assert int(reply.headers["Content-Length"]) == len(reply.content) == info["Size"]
    assert hashlib.md5(reply.content, usedforsecurity=False).hexdigest() == info["MD5"]


def test_a_link_expires(sandbox: Sandbox, token: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.clock.advance(590)
    assert download(url).status_code == 200
    sandbox.clock.advance(11)
    assert refusal(download(url)) == (403, "AccessDenied", "Request has expired")


def test_another_read_mints_a_fresh_link(sandbox: Sandbox, token: str):
    old = read(sandbox, token)["Video"]["Url"]
    sandbox.clock.advance(601)
    new = read(sandbox, token)["Video"]["Url"]
    assert new != old
    assert new.partition("?")[0] == old.partition("?")[0]
    assert download(new).status_code == 200


def test_links_live_as_long_as_they_were_told_to():
    with Sandbox(url_ttl=5) as sandbox:
        url = read(sandbox, sandbox.issue(finishes_after=0))["Video"]["Url"]
        sandbox.clock.advance(6)
        assert download(url).status_code == 403


def test_a_link_that_was_changed_opens_nothing(sandbox: Sandbox, token: str):
    result = read(sandbox, token)
    url, other = result["Video"]["Url"], result["BestFrame"]["Url"]
    start, _, end = url.partition("q-sign-time=")[2].partition("&")[0].partition(";")
    longer = url.replace(f"{start};{end}", f"{start};{int(end) + 9999}")
    swapped = f"{other.partition('?')[0]}?{url.partition('?')[2]}"
    for changed in (longer, swapped, url[:-1] + ("0" if url[-1] != "0" else "1")):
        assert refusal(download(changed))[:2] == (403, "SignatureDoesNotMatch")
    assert refusal(download(url.partition("?")[0]))[:2] == (403, "AccessDenied")


def test_a_deleted_file_is_not_found_until_the_result_is_read_again(sandbox: Sandbox, token: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.forget_media(token)
    assert refusal(download(url))[:2] == (404, "NoSuchKey")
    assert download(read(sandbox, token)["Video"]["Url"]).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199), ("bytes=100-", 100, None), ("bytes=-100", -100, None)],
)
def test_it_serves_ranges(sandbox: Sandbox, token: str, wanted: str, first: int, last: int | None):
    url = read(sandbox, token)["Video"]["Url"]
    whole = download(url).content
    reply = download(url, Range=wanted)
    expected = whole[first:] if last is None else whole[first : last + 1]
    start = len(whole) + first if first < 0 else first
    assert reply.status_code == 206
    assert reply.content == expected
    assert reply.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_cannot_be_served(sandbox: Sandbox, token: str, wanted: str):
    info = read(sandbox, token)["Video"]
    reply = download(info["Url"], Range=wanted)
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, f"bytes */{info['Size']}")


def test_a_range_it_does_not_understand_is_ignored(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["Video"]
    assert len(download(info["Url"], Range="bytes=0-1,5-6").content) == info["Size"]


def test_a_range_is_of_the_version_that_was_named_or_the_whole(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["Video"]
    tag = f'"{info["MD5"]}"'
    for condition, status in ((tag, 206), ('"another"', 200)):
        reply = download(info["Url"], **{"Range": "bytes=10-", "If-Range": condition})
        assert (reply.status_code, reply.headers["ETag"]) == (status, tag)


def test_a_connection_can_be_used_again(sandbox: Sandbox, token: str):
    result = read(sandbox, token)
    with session() as one:
        for field in ("BestFrame", "Video", "BestFrame"):
            reply = one.get(result[field]["Url"], timeout=5)
            assert (reply.status_code, reply.headers["Connection"]) == (200, "keep-alive")


def test_it_logs_downloads(sandbox: Sandbox, token: str):
    result = read(sandbox, token)
    download(result["Video"]["Url"])
    download(result["BestFrame"]["Url"].partition("?")[0])
    assert [(call.action, call.code) for call in sandbox.downloads] == [("video", "200"), ("unknown", "403")]
    assert len(sandbox.downloads.of(token)) == 1


def test_no_two_checks_record_the_same_file_unless_their_scenario_says_so(sandbox: Sandbox):
    def digests(scenario: str) -> set[str]:
        tokens = [sandbox.issue(scenario, finishes_after=0) for _ in range(2)]
        return {read(sandbox, token)[field]["MD5"] for token in tokens for field in ("BestFrame", "Video")}

    assert len(digests("pass_mei")) == 4
    assert len(digests("injected_copy")) == 2


def test_what_makes_a_file_its_own_shows_nothing(sandbox: Sandbox, token: str):
    answer = read(sandbox, token)
    picture = Image.open(io.BytesIO(download(answer["BestFrame"]["Url"]).content), formats=["JPEG"])
    drawn = Image.open(io.BytesIO(asset("amara.jpg").data))
    assert picture.tobytes() == drawn.tobytes()
    assert download(answer["Video"]["Url"]).content.startswith(asset("amara.mp4").data)
