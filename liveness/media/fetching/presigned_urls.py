"""The vendor's presigned links: made fit to ask for, and until when they open their file, read from the link itself.

Source: "Request Signature" of Tencent Cloud COS (https://www.tencentcloud.com/document/product/436/7778):
`q-sign-time` holds the first and the last Unix second of the signature's life, with a semicolon between them.
"""

import re
from urllib.parse import quote

# The API refuses our signatures when the clocks are further apart (AuthFailure.SignatureExpire); while they are not,
# a link may still live that is over by ours, and evidence that is never tried is lost. Then the host decides.
SKEW = 300.0

_BLANKS = " \t\r\n\v\f\x85\xa0\u200b\u2028\u2029\u3000\ufeff"
# What a link stands between in running text (RFC 3986, appendix C).
_QUOTES = {'"': '"', "'": "'", "`": "`", "<": ">", "\u201c": "\u201d", "\u2018": "\u2019"}
# Scheme and authority, which are never changed, and what follows them. A port that is empty is none (section 6.2.3).
_PARTS = re.compile(r"([a-z]+://[^/?#\\\s]+?):?([/?].*)", re.IGNORECASE | re.DOTALL)
# No URL has these in its path or query, and they have one meaning there (RFC 3986, appendix A). Control characters and
# the backslash are left as they are, and the link is then refused: what reads them differs.
_UNENCODED = re.compile(r"[ \"<>\[\]^`{|}]|[^\x00-\x7f\ud800-\udfff]+")

_LIFETIME = re.compile(r"[?&]q-sign-time=([0-9]{1,12})(?:;|%3[Bb])([0-9]{1,12})(?=&|\Z)")
_NAMED = re.compile(r"[?&]q-sign-time=")


def tidied(url: str) -> str:
    """The link as it can be asked for: without blanks or quotes around it, and without its fragment.

    A fragment is never sent. Characters that no URL may hold are percent-encoded (as UTF-8, RFC 3987 section 3.1).
    Everything else stays byte for byte as the vendor signed it. What is no link comes back as it is: `origins.allow`
    refuses it.
    """
    bare = _unquoted(url.strip(_BLANKS))
    parts = _PARTS.fullmatch(bare)
    if parts is None:
        return bare
    target = parts[2].partition("#")[0]
    rooted = target if target.startswith("/") else f"/{target}"
    return parts[1] + _UNENCODED.sub(lambda found: quote(found[0], safe=""), rooted)


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and _QUOTES.get(text[0]) == text[-1]
    return text[1:-1].strip(_BLANKS) if is_quoted else text


def expires_at(url: str) -> int | None:
    """The Unix second from which the link is refused; None when it does not say, or contradicts itself."""
    lifetimes = _LIFETIME.findall(url)
    if len(lifetimes) != 1 or len(_NAMED.findall(url)) != 1:
        return None
    start, end = map(int, lifetimes[0])
    return end if start < end else None


def has_run_out(url: str, now: float) -> bool:
    """Is the link over at `now` (Unix seconds), whatever our clock and the vendor's may differ by?"""
    end = expires_at(url)
    return end is not None and now >= end + SKEW
