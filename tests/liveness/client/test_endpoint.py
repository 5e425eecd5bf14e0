import pytest

from liveness.client.endpoint import parse_endpoint
from liveness.client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "url", "authority"),
    [
        ("https://faceid.tencentcloudapi.com", "https://faceid.tencentcloudapi.com/", "faceid.tencentcloudapi.com"),
        (
            "https://FaceID.intl.tencentcloudapi.com/",
            "https://faceid.intl.tencentcloudapi.com/",
            "faceid.intl.tencentcloudapi.com",
        ),
        ("https://faceid.tencentcloudapi.com:443", "https://faceid.tencentcloudapi.com/", "faceid.tencentcloudapi.com"),
        ("https://proxy.example:8443", "https://proxy.example:8443/", "proxy.example:8443"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/", "127.0.0.1:9000"),
        ("http://127.0.0.1", "http://127.0.0.1/", "127.0.0.1"),
        ("http://localhost:9000/", "http://localhost:9000/", "localhost:9000"),
        ("http://[::1]:9000", "http://[::1]:9000/", "[::1]:9000"),
    ],
)
def test_it_reads_an_endpoint_and_the_host_header_to_sign(text: str, url: str, authority: str) -> None:
    endpoint = parse_endpoint(text)
    assert (endpoint.url, endpoint.authority) == (url, authority)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "faceid.tencentcloudapi.com",
        "http://faceid.tencentcloudapi.com",
        "http://10.0.0.1:9000",
        "http://127.0.0.1.evil.example",
        "http://0.0.0.0:9000",
        "http://[::ffff:10.0.0.1]",
        "http://2130706433",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://user:canary@host.example",
        "https://host.example/path",
        "https://host.example?x=canary",
        "https://host.example#canary",
        "https://host.example:99999",
        "https://host.example:port",
        "https://host.example ",
        " https://host.example",
        "https://host.example\n",
        "https://host.example\\@evil.example",
        "https://hóst.example",
        "https://[::1",
        "https://[::zz]",
        "https://host..example",
    ],
)
def test_it_refuses_an_endpoint_that_is_not_a_safe_origin(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_endpoint(text)
    assert "canary" not in str(caught.value)
