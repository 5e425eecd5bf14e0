"""Every fault can be seen by a client, over a real connection."""

import gzip
import json
import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from liveness.sandbox import FAULTS, Sandbox, SandboxError
from tests.liveness.sandbox.calling import answer, code, download, post, raw_call, raw_request, read, received


def head_and_body(raw: bytes) -> tuple[bytes, bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return head, body


def declared_length(head: bytes) -> int:
    lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(lines[0].partition(b":")[2])


# The queue


def test_a_fault_strikes_as_often_as_it_was_told_to(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=2, skip=1)
    codes = [code(sandbox, {"SdkToken": token}) for _ in range(4)]
    assert codes == ["OK", "InternalError", "InternalError", "OK"]


def test_a_fault_can_last_until_it_is_cleared(sandbox: Sandbox, token: str):
    fault = sandbox.inject("error", code="InternalError", times=None)
    assert [code(sandbox, {"SdkToken": token}) for _ in range(3)] == ["InternalError"] * 3
    sandbox.clear_faults()
    assert code(sandbox, {"SdkToken": token}) == "OK"
    assert fault.taken == 3


def test_a_fault_can_strike_one_token_alone(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="OperationDenied", token=token, times=None)
    assert code(sandbox, {"SdkToken": sandbox.issue()}) == "OK"
    assert code(sandbox, {"SdkToken": token}) == "OperationDenied"


def test_a_fault_can_strike_now_and_then(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=None, probability=0.5)
    codes = {code(sandbox, {"SdkToken": token}) for _ in range(40)}
    assert codes == {"OK", "InternalError"}


def test_a_call_that_is_refused_uses_up_no_error(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError")
    assert code(sandbox, {"SdkToken": token}, headers={"Authorization": ""}) == "AuthFailure.InvalidAuthorization"
    assert code(sandbox, {"SdkToken": token}) == "InternalError"


def test_the_log_names_the_faults(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError")
    sandbox.inject("html")
    post(sandbox, {"SdkToken": token})
    assert [(call.code, call.faults) for call in sandbox.calls] == [("InternalError", ("error", "html"))]


@pytest.mark.parametrize("given", [{"fault": "gremlins"}, {"fault": "delay", "hours": 1}, {"fault": "error"}])
def test_a_fault_that_cannot_be_is_refused_at_once(sandbox: Sandbox, given: dict[str, object]):
    with pytest.raises(SandboxError):
        sandbox.inject(**given)


def test_no_two_faults_share_a_name():
    assert len(FAULTS) == len(set(FAULTS))


# What the API says


@pytest.mark.parametrize(
    "wanted",
    ["InternalError", "AuthFailure.UnauthorizedOperation", "UnauthorizedOperation.Arrears", "InvalidParameterValue.X"],
)
def test_it_answers_with_any_error(sandbox: Sandbox, token: str, wanted: str):
    sandbox.inject("error", code=wanted)
    refused = read(sandbox, token)
    assert refused["Error"]["Code"] == wanted
    assert set(refused) == {"Error", "RequestId"}


@pytest.mark.parametrize(
    ("fault", "options", "wanted"),
    [
        ("request_limit", {}, "RequestLimitExceeded"),
        ("request_limit", {"kind": "IPLimitExceeded"}, "RequestLimitExceeded.IPLimitExceeded"),
        ("token_expired", {}, "InvalidParameterValue.BizTokenExpired"),
        ("token_illegal", {}, "InvalidParameterValue.BizTokenIllegal"),
    ],
)
def test_it_answers_with_the_errors_that_have_names(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, str], wanted: str
):
    sandbox.inject(fault, **options)
    assert code(sandbox, {"SdkToken": token}) == wanted


@pytest.mark.parametrize("minutes", [-10, 10])
def test_its_clock_can_be_wrong_and_its_date_shows_it(sandbox: Sandbox, token: str, minutes: int):
    sandbox.inject("clock_skew", seconds=minutes * 60)
    reply = post(sandbox, {"SdkToken": token})
    claimed = parsedate_to_datetime(reply.headers["Date"]).timestamp()
    assert reply.json()["Response"]["Error"]["Code"] == "AuthFailure.SignatureExpire"
    assert abs(claimed - time.time() - minutes * 60) < 30


def test_a_caller_that_follows_the_wrong_clock_is_let_in(sandbox: Sandbox, token: str):
    sandbox.inject("clock_skew", seconds=1200)
    assert code(sandbox, {"SdkToken": token}, at=int(time.time()) + 1200) == "OK"


def test_credentials_can_be_revoked_in_the_middle_of_a_run(sandbox: Sandbox, token: str):
    sandbox.inject("revoked", times=None, skip=2)
    codes = [code(sandbox, {"SdkToken": token}) for _ in range(4)]
    assert codes == ["OK", "OK", "AuthFailure.SecretIdNotFound", "AuthFailure.SecretIdNotFound"]


@pytest.mark.parametrize("value", ["1002", 0, None, ["0"], {"code": "0"}, "", "999999", True])
def test_a_result_can_be_anything(sandbox: Sandbox, token: str, value: object):
    sandbox.inject("result", value=value, description="Changed")
    changed = read(sandbox, token)
    assert (changed["Result"], changed["Description"]) == (value, "Changed")


def test_a_result_can_be_an_integer(sandbox: Sandbox, token: str):
    sandbox.inject("integer_result")
    assert read(sandbox, token)["Result"] == 0
    assert '"Result": "0"' in post(sandbox, {"SdkToken": token}).text


def test_an_integer_result_leaves_a_call_without_a_result_alone(sandbox: Sandbox):
    sandbox.inject("integer_result")
    assert set(answer(sandbox, {}, action="ApplyLivenessToken")) == {"SdkToken", "RequestId"}


@pytest.mark.parametrize(("fault", "field"), [("missing_result", "Result"), ("no_request_id", "RequestId")])
def test_a_field_can_be_missing(sandbox: Sandbox, token: str, fault: str, field: str):
    sandbox.inject(fault)
    assert field not in read(sandbox, token)


def test_media_can_be_null_or_missing(sandbox: Sandbox, token: str):
    sandbox.inject("null_media")
    both = read(sandbox, token)
    sandbox.inject("null_media", kind="video")
    one = read(sandbox, token)
    sandbox.inject("missing_media", kind="best_frame")
    missing = read(sandbox, token)
    assert (both["BestFrame"], both["Video"]) == (None, None)
    assert (bool(one["BestFrame"]), one["Video"]) == (True, None)
    assert "BestFrame" not in missing and missing["Video"]


def test_fields_can_be_added(sandbox: Sandbox, token: str):
    sandbox.inject("extra_fields", fields={"Similarity": 98.2})
    assert read(sandbox, token)["Similarity"] == 98.2


@pytest.mark.parametrize(
    ("fault", "options", "field", "value"),
    [
        ("wrong_size", {"size": -1}, "Size", -1),
        ("wrong_size", {"size": 2**63}, "Size", 2**63),
        ("wrong_md5", {}, "MD5", "0" * 32),
        ("wrong_md5", {"md5": ""}, "MD5", ""),
        ("media_url", {"url": "http://169.254.169.254/"}, "Url", "http://169.254.169.254/"),
    ],
)
def test_the_description_of_a_file_can_be_wrong(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, object], field: str, value: object
):
    sandbox.inject(fault, kind="video", **options)
    result = read(sandbox, token)
    assert result["Video"][field] == value
    assert result["BestFrame"][field] != value


def test_a_size_can_be_text(sandbox: Sandbox, token: str):
    size = read(sandbox, token)["Video"]["Size"]
    sandbox.inject("text_size")
    assert read(sandbox, token)["Video"]["Size"] == str(size)


def test_a_key_can_come_twice(sandbox: Sandbox):
    sandbox.inject("duplicate_keys")
    token = sandbox.issue("mask", finishes_after=0)
    text = post(sandbox, {"SdkToken": token}).text
    pairs = json.loads(text, object_pairs_hook=list)[0][1]
    assert [value for key, value in pairs if key == "Result"] == ["1005", "0"]


# How HTTP says it


def test_json_can_wear_another_content_type(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=None)
    sandbox.inject("content_type")
    sandbox.inject("content_type", value="text/html")
    for wanted in ("application/json; charset=utf-8", "text/html", "application/json"):
        reply = post(sandbox, {"SdkToken": token})
        assert reply.headers["Content-Type"] == wanted
        assert reply.json()["Response"]["Error"]["Code"] == "InternalError"


@pytest.mark.parametrize("status", [200, 429, 500, 502])
def test_a_page_can_stand_in_for_the_answer(sandbox: Sandbox, token: str, status: int):
    sandbox.inject("html", status=status)
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, reply.text[:15]) == (status, "<!DOCTYPE html>")


def test_the_answer_can_be_empty(sandbox: Sandbox, token: str):
    sandbox.inject("empty")
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, reply.content) == (200, b"")


def test_the_body_can_be_anything(sandbox: Sandbox, token: str):
    sandbox.inject("body", text='{"Response": null}')
    sandbox.inject("body", as_base64="//4=")
    assert post(sandbox, {"SdkToken": token}).json() == {"Response": None}
    assert post(sandbox, {"SdkToken": token}).content == b"\xff\xfe"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_noticed_when_it_is_followed(sandbox: Sandbox, token: str, status: int):
    sandbox.inject("redirect", status=status)
    reply = post(sandbox, {"SdkToken": token})
    assert (reply.status_code, sandbox.redirects_followed) == (status, 0)
    assert download(reply.headers["Location"]).json()["Response"]["Result"] == "0"
    assert sandbox.redirects_followed == 1


def test_a_small_answer_can_unpack_to_a_big_one(sandbox: Sandbox, token: str):
    sandbox.inject("gzip_bomb", megabytes=3)
    raw = received_once(sandbox, token)
    head, body = head_and_body(raw)
    assert b"Content-Encoding: gzip" in head
    assert len(body) < 20_000
    unpacked = gzip.decompress(body)
    assert len(unpacked) > 3 * 1024 * 1024
    assert json.loads(unpacked)["Response"]["Result"] == "0"


def test_an_answer_can_be_compressed_unasked(sandbox: Sandbox, token: str):
    sandbox.inject("gzip", scope="best_frame")
    info = read(sandbox, token)["BestFrame"]
    reply = download(info["Url"], **{"Accept-Encoding": "identity"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.content) == info["Size"]


def received_once(sandbox: Sandbox, token: str) -> bytes:
    """One raw answer, read as far as its own length says."""
    with raw_call(sandbox, token) as connection:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = head_and_body(data)
        while len(body) < declared_length(head):
            body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


# How the bytes travel


def test_an_answer_can_be_late(sandbox: Sandbox, token: str):
    sandbox.inject("delay", seconds=0.3)
    started = time.monotonic()
    assert read(sandbox, token)["Result"] == "0"
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_an_answer_can_stall_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("stall", at=at)
    arrived = {
        "start": lambda data: True,
        "mid_headers": lambda data: len(data) > 0,
        "headers": lambda data: data.endswith(b"\r\n\r\n"),
        "middle": lambda data: len(head_and_body(data)[1]) > 0,
    }
    with raw_call(sandbox, token) as connection:
        data = b""
        while not arrived[at](data):
            data += connection.recv(65536)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
    assert_cut(at, data)


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_a_connection_can_close_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("close", at=at)
    assert_cut(at, received(raw_call(sandbox, token)))


@pytest.mark.parametrize("at", ["start", "mid_headers", "headers", "middle"])
def test_a_connection_can_be_reset_anywhere(sandbox: Sandbox, token: str, at: str):
    sandbox.inject("reset", at=at)
    with pytest.raises(ConnectionResetError):
        received(raw_call(sandbox, token))


def assert_cut(at: str, data: bytes) -> None:
    head, body = head_and_body(data)
    if at == "start":
        assert data == b""
    elif at == "mid_headers":
        assert data and b"\r\n\r\n" not in data
    elif at == "headers":
        assert data.endswith(b"\r\n\r\n") and declared_length(head) > 0
    else:
        assert 0 < len(body) < declared_length(head)


@pytest.mark.parametrize("scope", ["api", "video"])
def test_an_answer_can_be_truncated(sandbox: Sandbox, token: str, scope: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject("truncate", scope=scope)
    with pytest.raises(requests.exceptions.RequestException):
        post(sandbox, {"SdkToken": token}) if scope == "api" else download(url)


@pytest.mark.parametrize("fault", ["drip_headers", "drip_body"])
def test_an_answer_can_drip(sandbox: Sandbox, token: str, fault: str):
    sandbox.inject(fault, pause=0.001)
    started = time.monotonic()
    assert read(sandbox, token)["Result"] == "0"
    assert time.monotonic() - started > 0.1


def test_a_body_can_drip_in_larger_pieces(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["BestFrame"]
    sandbox.inject("drip_body", scope="best_frame", pause=0.01, piece=4096)
    started = time.monotonic()
    assert len(download(info["Url"]).content) == info["Size"]
    assert time.monotonic() - started > info["Size"] // 4096 * 0.01


def test_more_bytes_can_follow_than_were_declared(sandbox: Sandbox, token: str):
    sandbox.inject("longer_than_declared", extra=100)
    head, body = head_and_body(received(raw_call(sandbox, token)))
    assert len(body) == declared_length(head) + 100


def test_the_chunks_can_be_broken(sandbox: Sandbox, token: str):
    sandbox.inject("broken_chunks")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(sandbox, {"SdkToken": token})


def test_two_lengths_can_contradict_each_other(sandbox: Sandbox, token: str):
    sandbox.inject("both_lengths")
    head, body = head_and_body(received(raw_call(sandbox, token)))
    assert b"Transfer-Encoding: chunked" in head
    assert len(body) != declared_length(head)


# What object storage does


@pytest.mark.parametrize(("fault", "status"), [("forbidden", 403), ("not_found", 404)])
def test_storage_can_refuse(sandbox: Sandbox, token: str, fault: str, status: int):
    sandbox.inject(fault)
    result = read(sandbox, token)
    assert download(result["Video"]["Url"]).status_code == status
    assert download(result["BestFrame"]["Url"]).status_code == 200


@pytest.mark.parametrize("kind", ["best_frame", "video"])
def test_a_fault_can_strike_one_kind_of_file(sandbox: Sandbox, token: str, kind: str):
    sandbox.inject("not_found", scope=kind, times=None)
    result = read(sandbox, token)
    statuses = {name: download(result[field]["Url"]).status_code for name, field in FIELDS.items()}
    assert statuses == {name: 404 if name == kind else 200 for name in FIELDS}


FIELDS = {"best_frame": "BestFrame", "video": "Video"}


def test_one_bit_can_be_wrong(sandbox: Sandbox, token: str):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject("bit_flip", scope="video")
    spoilt, whole = download(url).content, download(url).content
    different = [one ^ other for one, other in zip(spoilt, whole, strict=True) if one != other]
    assert different == [1]


def test_a_file_can_be_longer_than_the_result_said(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["Video"]
    sandbox.inject("oversized", extra=10)
    assert len(download(info["Url"]).content) == info["Size"] + 10


def test_a_file_can_be_endless(sandbox: Sandbox, token: str):
    info = read(sandbox, token)["BestFrame"]
    sandbox.inject("endless", scope="best_frame")
    path = info["Url"].removeprefix(sandbox.url)
    with raw_request(sandbox, f"GET {path} HTTP/1.1", {}) as connection:
        size = 0
        while size < 8 * info["Size"]:
            size += len(connection.recv(65536))


@pytest.mark.parametrize(
    ("fault", "options", "status", "content_type"),
    [
        ("redirect", {}, 302, "text/html"),
        ("html", {"status": 200}, 200, "text/html; charset=utf-8"),
        ("content_type", {"value": "text/html"}, 200, "text/html"),
        ("empty", {}, 200, "video/mp4"),
    ],
)
def test_the_faults_of_http_strike_files_too(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, object], status: int, content_type: str
):
    url = read(sandbox, token)["Video"]["Url"]
    sandbox.inject(fault, scope="media", **options)
    reply = download(url)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, content_type)
