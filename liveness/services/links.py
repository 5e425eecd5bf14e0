"""Until when a presigned link opens its file, read from the link itself.

Source: "Request Signature" of Tencent Cloud COS (https://www.tencentcloud.com/document/product/436/7778):
`q-sign-time` holds the first and the last Unix second of the signature's life, with a semicolon between them.
"""

import re

# The API refuses our signatures when the clocks are further apart (AuthFailure.SignatureExpire); while they are not,
# a link may still live that is over by ours, and evidence that is never tried is lost. Then the host decides.
SKEW = 300.0

_LIFETIME = re.compile(r"[?&]q-sign-time=([0-9]{1,12})(?:;|%3[Bb])([0-9]{1,12})(?=&|\Z)")
_NAMED = re.compile(r"[?&]q-sign-time=")


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
