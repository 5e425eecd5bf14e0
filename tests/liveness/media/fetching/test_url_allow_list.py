import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.exceptions import MediaError
from liveness.media.fetching import url_allow_list

COS = ["https://*.myqcloud.com", "https://*.tencentcos.cn"]
GOOD = "https://bucket-1.cos.ap-singapore.myqcloud.com/a%20b/c.mp4?q-sign-algorithm=sha1&q-sign-time=1;2"


def test_it_allows_the_vendors_buckets():
    assert url_allow_list.allow(GOOD, COS).is_wildcard


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket.cos.ap-singapore.myqcloud.com/a",
        "https://myqcloud.com/a",
        "https://bucket.myqcloud.com.evil.example/a",
        "https://evilmyqcloud.com/a",
        "https://bucket.myqcloud.com:8443/a",
        "https://user@bucket.myqcloud.com/a",
        "https://bucket.myqcloud.com@127.0.0.1/a",
        "https://127.0.0.1\\@bucket.myqcloud.com/a",
        "https://bucket.myqcloud.com\t.evil.example/a",
        "https://bucket.myqcloud.com/a#fragment",
        "https://bucket.myqcloud.com./a",
        "https://bücket.myqcloud.com/a",
        "https://bucket.myqcloud.com/a b",
        "https://bucket.myqcloud.com/a\r\nHost: evil",
        "https://0x7f.1/a",
        "https://2130706433/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "javascript:alert(1)",
        "//bucket.myqcloud.com/a",
        "",
    ],
)
def test_it_refuses_every_other_link(url):
    with pytest.raises(MediaError):
        url_allow_list.allow(url, COS)


def test_a_named_origin_is_exact():
    named = ["http://127.0.0.1:9000"]
    assert not url_allow_list.allow("http://127.0.0.1:9000/media/x?sign=1", named).is_wildcard
    for other in (
        "http://127.0.0.1:9001/x",
        "https://127.0.0.1:9000/x",
        "http://127.0.0.1/x",
        "http://localhost:9000/x",
    ):
        with pytest.raises(MediaError):
            url_allow_list.allow(other, named)


@pytest.mark.parametrize("text", ["", "*", "https://", "http://*.myqcloud.com", "ftp://a.b", "https://a.b/path", "a.b"])
def test_a_malformed_origin_is_refused(text):
    with pytest.raises(ValueError, match="origin"):
        url_allow_list.Origin.parse(text)


@given(st.text(max_size=60))
def test_no_text_gets_past_the_list(text):
    with pytest.raises(MediaError) as refusal:
        url_allow_list.allow(text, COS)
    assert len(str(refusal.value)) < 200


def test_a_refusal_never_shows_the_signature():
    with pytest.raises(MediaError) as refusal:
        url_allow_list.allow("https://other.example/secret-path?q-signature=canary", COS)
    assert "canary" not in str(refusal.value)
    assert "secret-path" not in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "2001:0:0:0:0:0:80ff:fffe",
        "fec0::1",
        "feff::1",
        "::10.0.0.1",
        "::8.8.8.8",
        "64:ff9b:1::808:808",
        "2002:c058:6301::",
        "192.88.99.1",
        "192.0.0.9",
        "192.0.0.170",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "100::1",
        "100:0:0:1::1",
        "2001:1::1",
        "2001:2::1",
        "2001:3::1",
        "2001:4:112::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2620:4f:8000::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "::ffff:192.88.99.1",
        "64:ff9b::c058:6301",
        "64:ff9b::a00:1",
    ],
)
def test_it_tells_addresses_that_are_not_public(address):
    assert not url_allow_list.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "43.132.0.1",
        "2606:4700::1111",
        "2001:4860::1",
        "2a00::1",
        "192.0.1.1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_it_tells_public_addresses(address):
    assert url_allow_list.is_public(ipaddress.ip_address(address))
