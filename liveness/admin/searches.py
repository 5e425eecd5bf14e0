"""What a person searched for in the admin: an address that names a search shows a key and no text."""

from collections.abc import Callable

from django.http import HttpRequest

from liveness.web.searches import keep, recall

__all__ = ["KEY", "keep", "wanted"]

# The parameter of the address that holds the key.
KEY = "s"


def wanted(request: HttpRequest, may_be_in_address: Callable[[str], bool]) -> str | None:
    """The text that the address asks for; empty for none, None for a key that the session does not know."""
    key = request.GET.get(KEY)
    if key:
        return recall(request, key)
    text = request.GET.get("q", "")
    return text if may_be_in_address(text) else ""
