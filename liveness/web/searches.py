"""Search terms, kept on the server: a term may name a person, so a URL holds a random id in its place.

A term stays in the session in which it was typed. Going back, reloading and bookmarks work there; in the hands of
somebody else the link leads to no search and says nothing.
"""

import secrets

from django.http import HttpRequest

KEY = "liveness_searches"
# The oldest make room.
MOST_KEPT = 50
ID_BYTES = 9


def keep(request: HttpRequest, text: str) -> str:
    """Keep the term in the session, and return the id that may go into a URL."""
    kept: dict[str, str] = request.session.get(KEY, {})
    search_id = next((known for known, term in kept.items() if term == text), "") or secrets.token_urlsafe(ID_BYTES)
    others = [(known, term) for known, term in kept.items() if known != search_id]
    request.session[KEY] = dict([*others, (search_id, text)][-MOST_KEPT:])
    return search_id


def recall(request: HttpRequest, search_id: str) -> str | None:
    """The term of this id; None when this session keeps none."""
    kept: dict[str, str] = request.session.get(KEY, {})
    return kept.get(search_id)
