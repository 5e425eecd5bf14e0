import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.exceptions import MediaError
from liveness.media.fetching import presigned_urls, url_allow_list
from liveness.media.fetching.presigned_urls import SKEW

BASE = "https://bucket.cos.ap-singapore.myqcloud.com/file.mp4"
SECONDS = st.integers(min_value=0, max_value=10**12 - 1)
# What a real link has around it.
OTHERS = st.lists(
    st.sampled_from(["q-sign-algorithm=sha1", "q-ak=x", "q-key-time=5;9", "xq-sign-time=1;2"]), unique=True
)


@given(SECONDS, SECONDS, st.sampled_from([";", "%3B", "%3b"]), OTHERS, OTHERS)
def test_it_reads_the_end_of_the_signature_s_life(start, end, between, before, after):
    query = "&".join([*before, f"q-sign-time={start}{between}{end}", *after])
    assert presigned_urls.expires_at(f"{BASE}?{query}") == (end if start < end else None)


@given(st.text())
def test_no_link_is_so_odd_that_it_fails(text):
    for url in (text, f"{BASE}?q-sign-time={text}", f"{BASE}?q-sign-time=1;{text}&x"):
        assert not presigned_urls.has_run_out(url, 0.0)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?q-sign-time=",
        "?q-sign-time=5",
        "?q-sign-time=1;2;3",
        "?q-sign-time=1;-2",
        "?q-sign-time=1;٢",
        "?q-sign-time=1;2x",
        "?q-sign-time=1;2\n",
        "?q-sign-time=1;2000000000000",
        "?q-sign-time=2;1",
        "?q-sign-time=1;2&q-sign-time=1;2",
        "?q-sign-time=1;2&q-sign-time=none",
        "?q-key-time=1;2",
    ],
)
def test_a_link_that_does_not_say_or_contradicts_itself_lives(query):
    assert presigned_urls.expires_at(BASE + query) is None
    assert not presigned_urls.has_run_out(BASE + query, 10.0**13)


def test_a_link_that_may_still_live_by_the_vendor_s_clock_has_not_run_out():
    url = f"{BASE}?q-sign-time=1000;2000"
    assert [presigned_urls.has_run_out(url, now) for now in (0, 1999, 2000 + SKEW - 1, 2000 + SKEW)] == [False] * 3 + [
        True
    ]


@pytest.mark.parametrize(
    ("link", "asked_for"),
    [
        ("http://127.0.0.1:9/m/base.jpg?a[0]=1", "http://127.0.0.1:9/m/base.jpg?a%5B0%5D=1"),
        ("http://127.0.0.1:9/m/base.jpg?a=1#t=1", "http://127.0.0.1:9/m/base.jpg?a=1"),
        (
            "http://127.0.0.1:9/m?x=attachment; filename=best frame.jpg",
            "http://127.0.0.1:9/m?x=attachment;%20filename=best%20frame.jpg",
        ),
        (" \t\ufeffhttp://127.0.0.1:9/m/base.jpg?a=1\r\n", "http://127.0.0.1:9/m/base.jpg?a=1"),
        ('"http://127.0.0.1:9/a?b=1"', "http://127.0.0.1:9/a?b=1"),
        (" <http://127.0.0.1:9/a?b=1>\n", "http://127.0.0.1:9/a?b=1"),
        ("\u201c http://127.0.0.1:9/a \u201d", "http://127.0.0.1:9/a"),
        ("http://127.0.0.1:9/最佳/é.jpg", "http://127.0.0.1:9/%E6%9C%80%E4%BD%B3/%C3%A9.jpg"),
        ('http://127.0.0.1:9/{a}|^`"<b>', "http://127.0.0.1:9/%7Ba%7D%7C%5E%60%22%3Cb%3E"),
        ("http://127.0.0.1:9?a=1", "http://127.0.0.1:9/?a=1"),
        ("http://127.0.0.1:9/a b#c d#e", "http://127.0.0.1:9/a%20b"),
    ],
)
def test_a_link_is_made_fit_to_ask_for(link, asked_for):
    assert presigned_urls.tidied(link) == asked_for
    assert url_allow_list.allow(asked_for, ["http://127.0.0.1:9"])


def test_an_empty_port_is_none():
    assert presigned_urls.tidied("https://bucket.myqcloud.com:/a?b=1") == "https://bucket.myqcloud.com/a?b=1"


@given(st.text(st.sampled_from("abcXYZ019-._~!$&'()*+,;=:@%/?"), max_size=60))
def test_a_link_that_is_fit_stays_byte_for_byte(rest):
    assert presigned_urls.tidied(f"{BASE}/{rest}") == f"{BASE}/{rest}"


@given(st.text(max_size=60))
def test_what_is_made_fit_once_stays_as_it_is(rest):
    link = presigned_urls.tidied(f"https://bucket.myqcloud.com/{rest}")
    assert presigned_urls.tidied(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        " ",
        "//bucket.myqcloud.com/a",
        "https://evil.example/https://bucket.myqcloud.com/a",
        "https://evil.example#@bucket.myqcloud.com/a",
        "https://bucket.myqcloud.com#@evil.example/a",
        "https://evil.example/ @bucket.myqcloud.com/a",
        "https://bucket.myqcloud.com @evil.example/a",
        "https://bucket.myqcloud.com[.evil.example/a",
        "https://bücket.myqcloud.com/a",
        "https://bucket.myqcloud.com\\@evil.example/a",
        "https://bucket.myqcloud.com/a\\b",
        "https://bucket.myqcloud.com/a\r\nHost: evil",
        "https://bucket.myqcloud.com/a\tb",
        "https://bucket.myqcloud.com/a\x00b",
        "https://bucket.myqcloud.com/\ud800",
        "javascript:alert(1)//https://bucket.myqcloud.com/",
    ],
)
def test_no_tidying_leads_past_the_list(link):
    with pytest.raises(MediaError):
        url_allow_list.allow(presigned_urls.tidied(link), ["https://*.myqcloud.com"])
