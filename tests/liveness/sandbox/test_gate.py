"""Who may call: every refusal is the vendor's, in the body of an HTTP 200 answer."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from liveness.client.signing import Credentials
from liveness.sandbox import Sandbox
from liveness.sandbox.errors import ApiError
from liveness.sandbox.gate import MAX_BODY, ApiRequest, authenticate
from tests.liveness.sandbox.calling import answer, code, post, read, signed_headers

# Worked examples of the signature for this product; the first was cross-checked with the vendor's SDK.
ACCOUNT = Credentials("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
AT = 1712115933
SPACED = b'{"SdkToken": "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"}'
TIGHT = b'{"SdkToken":"D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"}'
INTL, OLD = "faceid.intl.tencentcloudapi.com", "faceid.tencentcloudapi.com"
JSON, UTF8 = "application/json", "application/json; charset=utf-8"
VECTORS = [
    (INTL, JSON, "content-type;host", SPACED, "ad4b5bc89ae9e247e371fa307d7781eabf78c7b04688ea8c7b968bc0940b7ae2"),
    (OLD, JSON, "content-type;host", SPACED, "3754dd749fc557834dcab15744ff47b886bc44497821a09361f3fa1ecfd806a9"),
    (INTL, JSON, "content-type;host", TIGHT, "b90a298400217ecd6028266fbbfa4195a7efb60ceef6354ef8d039d34b5490e8"),
    (
        INTL,
        UTF8,
        "content-type;host;x-tc-action",
        TIGHT,
        "33040004f1f39b2d9657c0efd3976010d602ab7a6f4aded5e530c9a5d9bd694c",
    ),
]


def vector(host: str, content_type: str, names: str, body: bytes, signature: str) -> ApiRequest:
    scope = f"{ACCOUNT.secret_id}/2024-04-03/faceid/tc3_request"
    headers = {
        "host": host,
        "content-type": content_type,
        "x-tc-action": "GetLivenessResult",
        "x-tc-timestamp": str(AT),
        "authorization": f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}",
    }
    return ApiRequest("POST", headers, body)


@pytest.mark.parametrize(("host", "content_type", "names", "body", "signature"), VECTORS)
def test_it_accepts_the_published_signatures(host: str, content_type: str, names: str, body: bytes, signature: str):
    authenticate(vector(host, content_type, names, body, signature), ACCOUNT, AT + 299)


@pytest.mark.parametrize(("host", "content_type", "names", "body", "signature"), VECTORS)
def test_it_refuses_a_published_signature_of_another_body(
    host: str, content_type: str, names: str, body: bytes, signature: str
):
    with pytest.raises(ApiError) as refusal:
        authenticate(vector(host, content_type, names, body + b" ", signature), ACCOUNT, AT)
    assert refusal.value.code == "AuthFailure.SignatureFailure"


def test_it_answers_a_signed_call_in_the_vendors_envelope(sandbox: Sandbox, token: str):
    reply = post(sandbox, {"SdkToken": token})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json"
    response = reply.json()["Response"]
    assert set(reply.json()) == {"Response"}
    assert set(response) == {"Result", "Description", "BestFrame", "Video", "RequestId"}
    assert uuid.UUID(response["RequestId"]).version == 4


def test_it_accepts_more_signed_headers(sandbox: Sandbox, token: str):
    names = ("content-type", "host", "x-tc-action")
    assert code(sandbox, {"SdkToken": token}, sign=names) == "OK"


def test_it_refuses_an_unknown_key(sandbox: Sandbox, token: str):
    stranger = Credentials("AKIDNOBODY", sandbox.secret_key)
    assert code(sandbox, {"SdkToken": token}, credentials=stranger) == "AuthFailure.SecretIdNotFound"


def test_it_refuses_a_wrong_secret(sandbox: Sandbox, token: str):
    wrong = Credentials(sandbox.secret_id, "wrong")
    assert code(sandbox, {"SdkToken": token}, credentials=wrong) == "AuthFailure.SignatureFailure"


def test_it_refuses_a_content_type_that_was_not_signed(sandbox: Sandbox, token: str):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert code(sandbox, {"SdkToken": token}, headers=headers) == "AuthFailure.SignatureFailure"


def test_it_refuses_the_signature_of_another_service(sandbox: Sandbox, token: str):
    assert code(sandbox, {"SdkToken": token}, service="cvm") == "AuthFailure.SignatureFailure"


def test_it_refuses_a_scope_of_another_day(sandbox: Sandbox, token: str):
    body = json.dumps({"SdkToken": token}).encode()
    signed = signed_headers(sandbox, body)["Authorization"]
    today = datetime.now(UTC)
    other = signed.replace(f"{today:%Y-%m-%d}", f"{today - timedelta(days=1):%Y-%m-%d}")
    assert other != signed
    assert code(sandbox, body, headers={"Authorization": other}) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_it_refuses_a_clock_that_is_far_off(sandbox: Sandbox, token: str, minutes: int):
    at = int(time.time()) + minutes * 60
    assert code(sandbox, {"SdkToken": token}, at=at) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("minutes", [-4, 4])
def test_it_bears_a_clock_that_is_a_little_off(sandbox: Sandbox, token: str, minutes: int):
    assert code(sandbox, {"SdkToken": token}, at=int(time.time()) + minutes * 60) == "OK"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer x",
        "TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=content-type;host",
        f"TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=content-type, Signature={'0' * 64}",
        f"TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-tc-action, Signature={'0' * 64}",
    ],
)
def test_it_refuses_a_malformed_authorization(sandbox: Sandbox, token: str, authorization: str | None):
    given = {"Authorization": authorization}
    assert code(sandbox, {"SdkToken": token}, headers=given) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-TC-Action", None, "MissingParameter"),
        ("X-TC-Action", "DeleteEverything", "InvalidAction"),
        ("X-TC-Version", None, "MissingParameter"),
        ("X-TC-Version", "2017-01-01", "NoSuchVersion"),
        ("X-TC-Region", None, "MissingParameter"),
        ("X-TC-Region", "ap-guangzhou", "UnsupportedRegion"),
        ("X-TC-Timestamp", None, "MissingParameter"),
        ("X-TC-Timestamp", "yesterday", "InvalidParameter"),
        ("X-TC-Timestamp", "9" * 30, "InvalidParameter"),
        ("X-TC-Token", "not-wanted", "AuthFailure.TokenFailure"),
    ],
)
def test_it_checks_the_common_parameters(sandbox: Sandbox, token: str, header: str, value: str | None, expected: str):
    assert code(sandbox, {"SdkToken": token}, headers={header: value}) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "MissingParameter"),
        ({"SdkToken": "x", "Other": 1}, "UnknownParameter"),
        ({"SdkToken": "x", "\ud800": 1}, "UnknownParameter"),
        ({"SdkToken": 7}, "InvalidParameter"),
        ({"SdkToken": None}, "InvalidParameter"),
        ({"SdkToken": ""}, "InvalidParameterValue.BizTokenIllegal"),
        (["SdkToken"], "InvalidParameter"),
        (b"", "InvalidParameter"),
        (b"{", "InvalidParameter"),
        (b"\xff\xfe", "InvalidParameter"),
        (b"[" * 200_000, "InvalidParameter"),
        (b" " * (MAX_BODY + 1), "RequestSizeLimitExceeded"),
    ],
)
def test_it_checks_the_body(sandbox: Sandbox, given: object, expected: str):
    assert code(sandbox, given) == expected


def test_it_refuses_a_body_that_is_not_json_by_its_type(sandbox: Sandbox, token: str):
    form = "application/x-www-form-urlencoded"
    assert code(sandbox, {"SdkToken": token}, content_type=form) == "InvalidParameter"


def test_it_wants_the_temporary_token_of_a_temporary_key():
    with Sandbox(token="temporary") as sandbox:
        asked = {"SdkToken": sandbox.issue(finishes_after=0)}
        assert code(sandbox, asked) == "AuthFailure.TokenFailure"
        assert code(sandbox, asked, headers={"X-TC-Token": "other"}) == "AuthFailure.TokenFailure"
        assert code(sandbox, asked, headers={"X-TC-Token": "temporary"}) == "OK"


def test_it_accepts_an_unsigned_payload_that_says_so(sandbox: Sandbox, token: str):
    headers = signed_headers(sandbox, b"UNSIGNED-PAYLOAD")
    headers["X-TC-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    assert code(sandbox, {"SdkToken": token}, headers=headers) == "OK"


@pytest.mark.parametrize("level", ["1", "2", "3", "4", None])
def test_it_issues_tokens_of_every_level(sandbox: Sandbox, level: str | None):
    given = {} if level is None else {"SecureLevel": level}
    issued = answer(sandbox, given, action="ApplyLivenessToken")["SdkToken"]
    assert issued == str(uuid.UUID(issued)).upper()
    assert read(sandbox, issued)["Result"] == "-999"


def test_it_refuses_a_level_that_does_not_exist(sandbox: Sandbox):
    assert code(sandbox, {"SecureLevel": "5"}, action="ApplyLivenessToken") == "InvalidParameterValue"
