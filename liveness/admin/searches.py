"""What a person searched for, kept in the session: an address that names a search shows a key and no text."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest

# The parameter of the address that holds the key.
KEY = "s"
STORE = "liveness_searches"
MAX_KEPT = 50


def keep(request: HttpRequest, text: str) -> str:
    """Keep the text; return its key. The same text has the same key, and the oldest texts are forgotten."""
    kept: dict[str, str] = request.session.get(STORE, {})
    key = next((key for key, value in kept.items() if value == text), secrets.token_urlsafe(9))
    kept.pop(key, None)
    newest = [*kept.items(), (key, text)][-MAX_KEPT:]
    request.session[STORE] = dict(newest)
    return key


def wanted(request: HttpRequest, may_be_in_address: Callable[[str], bool]) -> str | None:
    """The text that the address asks for; empty for none, None for a key that the session does not know."""
    key = request.GET.get(KEY)
    if key:
        text: str | None = request.session.get(STORE, {}).get(key)
        return text
    text = request.GET.get("q", "")
    return text if may_be_in_address(text) else ""
