"""Each step against published numbers: vectors A to D of the vendor's documentation, and four for FaceID."""

import hashlib
from dataclasses import dataclass

import pytest

from liveness.client import signing
from liveness.client.signing import Credentials

PUBLISHED_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
PUBLISHED_KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
CVM_BODY = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
CVM_HASH = "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CVM_HEADERS = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
FACEID_KEYS = (
    "600ae7da29be2fc707ca7c8659752b184a5f9d751115f34eec53007e295a6dee",
    "3775700b348757e952f3ef67f41f090a4f8d6b2a028d0a93ac6f96ccb50e674f",
    "9806578f41d18b5449717a06479b174b7aad56fbea44c646b8612da88b3c3472",
)
SPACED = b'{"SdkToken": "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"}'
COMPACT = b'{"SdkToken":"D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"}'
SPACED_HASH = "3286b95797a59837e37e60594626e4ce533182098c0a4bd45d12ca6028488fd7"
COMPACT_HASH = "6028febf3cdc5739a2fdb740af76167491c6a2d907ad1cbaac1f33f5d51f332b"


@dataclass(frozen=True)
class Vector:
    headers: dict[str, str]
    names: str
    body: bytes
    payload_hash: str
    canonical_hash: str
    scope: str
    keys: tuple[str, str, str]
    signature: str
    timestamp: int = 1551113065
    service: str = "cvm"
    method: str = "POST"
    query: str = ""
    secret_id: str = PUBLISHED_ID
    secret_key: str = PUBLISHED_KEY

    def canonical(self) -> str:
        return signing.canonical_request(self.method, self.query, self.headers, self.payload_hash)


def faceid(host: str, content_type: str, body: bytes, hashes: tuple[str, str, str], **more: str) -> Vector:
    headers = {"Content-Type": content_type, "Host": host} | more
    return Vector(
        headers=headers,
        names="content-type;host;x-tc-action" if more else "content-type;host",
        body=body,
        payload_hash=hashes[0],
        canonical_hash=hashes[1],
        signature=hashes[2],
        scope="2024-04-03/faceid/tc3_request",
        keys=FACEID_KEYS,
        timestamp=1712115933,
        service="faceid",
    )


VECTORS = {
    "A": Vector(
        headers=CVM_HEADERS,
        names="content-type;host",
        body=CVM_BODY,
        payload_hash=CVM_HASH,
        canonical_hash="5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031",
        scope="2019-02-25/cvm/tc3_request",
        keys=(
            "d1308c81fe71cfd4e06437bbc067b2b8a3d2d8c0e375d547f15c41d5214b395a",
            "3c7cb7c7795393edc14fd2e0e6434a518564b4504b88e94f5d11bf59ba3e7050",
            "ac658d5dde49e9bfdd14e04e062f66b05d9f637d44b8a8d845327d4a77f666b1",
        ),
        signature="72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
    ),
    "B": Vector(
        headers=CVM_HEADERS,
        names="content-type;host",
        body=CVM_BODY,
        payload_hash=CVM_HASH,
        canonical_hash="5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031",
        scope="2019-02-25/cvm/tc3_request",
        keys=(
            "f1cb4d518a0eda9d5cbbfdb7850983f1e603eeae484edea76e4dd8d8deb5556e",
            "e7c609ce81bea53546bed2cc904778bef9ca14082e48e67883443ed64e227cd7",
            "8aa8ab5755582f576e94bcfe383b8e29325b0ca90c3590d569221c6a63a091ed",
        ),
        signature="2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
        secret_key="Gu5t9xGARNpq86cd98joQYCN3" + "*" * 7,
    ),
    "C": Vector(
        headers=CVM_HEADERS | {"x-tc-action": "describeinstances"},
        names="content-type;host;x-tc-action",
        body=CVM_BODY,
        payload_hash=CVM_HASH,
        canonical_hash="7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84",
        scope="2019-02-25/cvm/tc3_request",
        keys=(
            "da98fb70dcf6b112dc21038d1eeeb3a95c74b4dcb12c1131f864f6066bd02be0",
            "8d70cbefb03939f929db64d32dc2ba89b1095620119fe3e050e2b18c5bd2752f",
            "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af",
        ),
        signature="10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
        secret_id="AKID" + "*" * 32,
        secret_key="*" * 32,
    ),
    "D": Vector(
        headers={"content-type": "application/x-www-form-urlencoded", "host": "cvm.tencentcloudapi.com"},
        names="content-type;host",
        body=b"",
        payload_hash=EMPTY_HASH,
        canonical_hash="91c9c192c14460df6c1ffc69e34e6c5e90708de2a6d282cccf957dbf1aa7f3a7",
        scope="2018-10-09/cvm/tc3_request",
        keys=(
            "e476728ff6d7bacfa7847b3d3d6d3a9e6f536992367701d4533354ca7b5d0fa5",
            "6e3d6d4854b8adc273db620fefefebecb11004f335f9991439eba3c231030714",
            "39c4cf287fdff993dc407e649450ae4a0f1e1fd75aedb08d8160e47372e9b62d",
        ),
        signature="5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474",
        timestamp=1539084154,
        method="GET",
        query="Limit=10&Offset=0",
    ),
    "FaceID 1": faceid(
        "faceid.intl.tencentcloudapi.com",
        "application/json",
        SPACED,
        (
            SPACED_HASH,
            "b3d5368b4bdcf706eb6988a4d1cc89c9e6d5fc878bc026706dc3ff4ac432ed03",
            "ad4b5bc89ae9e247e371fa307d7781eabf78c7b04688ea8c7b968bc0940b7ae2",
        ),
    ),
    "FaceID 2": faceid(
        "faceid.tencentcloudapi.com",
        "application/json",
        SPACED,
        (
            SPACED_HASH,
            "575db77bca3a94523e102fa0801cd9a41662a4105104206dd0bba30a24a5b64a",
            "3754dd749fc557834dcab15744ff47b886bc44497821a09361f3fa1ecfd806a9",
        ),
    ),
    "FaceID 3": faceid(
        "faceid.intl.tencentcloudapi.com",
        "application/json",
        COMPACT,
        (
            COMPACT_HASH,
            "f864ac5f0b634d4b8f07724228843499ef1109aeefb55470f5beace386161824",
            "b90a298400217ecd6028266fbbfa4195a7efb60ceef6354ef8d039d34b5490e8",
        ),
    ),
    "FaceID 4": faceid(
        "faceid.intl.tencentcloudapi.com",
        "application/json; charset=utf-8",
        COMPACT,
        (
            COMPACT_HASH,
            "dd9fbbd4aab46868c9e0247fdd949fb1bf5c44d2ad18dc9b98f4190e36630622",
            "33040004f1f39b2d9657c0efd3976010d602ab7a6f4aded5e530c9a5d9bd694c",
        ),
        **{"X-TC-Action": "GetLivenessResult"},
    ),
}
each_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)


@each_vector
def test_it_hashes_the_body(vector: Vector) -> None:
    assert signing.payload_hash(vector.body) == vector.payload_hash


@each_vector
def test_it_names_the_signed_headers(vector: Vector) -> None:
    assert signing.signed_header_names(vector.headers) == vector.names


@each_vector
def test_it_builds_the_canonical_request(vector: Vector) -> None:
    assert hashlib.sha256(vector.canonical().encode()).hexdigest() == vector.canonical_hash


@each_vector
def test_it_scopes_the_credential_by_utc_date_and_service(vector: Vector) -> None:
    assert signing.credential_scope(vector.timestamp, vector.service) == vector.scope


@each_vector
def test_it_builds_the_string_to_sign(vector: Vector) -> None:
    expected = ["TC3-HMAC-SHA256", str(vector.timestamp), vector.scope, vector.canonical_hash]
    assert signing.string_to_sign(vector.timestamp, vector.scope, vector.canonical()).split("\n") == expected


@each_vector
def test_it_derives_the_three_keys(vector: Vector) -> None:
    first = signing.date_key(vector.secret_key, vector.scope[:10])
    second = signing.service_key(first, vector.service)
    assert (first.hex(), second.hex(), signing.signing_key(second).hex()) == vector.keys


@each_vector
def test_it_signs_with_the_derived_key(vector: Vector) -> None:
    to_sign = f"TC3-HMAC-SHA256\n{vector.timestamp}\n{vector.scope}\n{vector.canonical_hash}"
    assert signing.signature(bytes.fromhex(vector.keys[2]), to_sign) == vector.signature


@each_vector
def test_it_writes_the_whole_authorization_header(vector: Vector) -> None:
    header = signing.sign(
        Credentials(vector.secret_id, vector.secret_key),
        method=vector.method,
        query=vector.query,
        headers=vector.headers,
        body=vector.body,
        timestamp=vector.timestamp,
        service=vector.service,
    )
    assert header == (
        f"TC3-HMAC-SHA256 Credential={vector.secret_id}/{vector.scope}, "
        f"SignedHeaders={vector.names}, Signature={vector.signature}"
    )


def test_it_lowers_and_trims_header_values_and_ends_the_block_with_a_newline() -> None:
    block = signing.canonical_headers({"Host": " Example.COM ", "Content-Type": "Application/JSON"})
    assert block == "content-type:application/json\nhost:example.com\n"


@pytest.mark.parametrize(
    ("timestamp", "date"),
    [(1712102399, "2024-04-02"), (1712102400, "2024-04-03"), (1709164800, "2024-02-29")],
)
def test_it_takes_the_utc_date_at_the_edge_of_a_day(timestamp: int, date: str) -> None:
    assert signing.utc_date(timestamp) == date


def test_it_shows_nothing_secret_in_the_repr_of_credentials() -> None:
    keys = Credentials("id-canary", "key-canary", "sts-canary")
    assert "canary" not in f"{keys!r} {keys}"
