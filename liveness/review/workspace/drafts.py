"""What somebody typed when his session had ended, kept until he has logged in again.

Django's `login()` keeps the data of an anonymous session. Every form of ours names, signed, whom it was made for and on
which attempt: nothing else is kept, and nobody else is shown it.
"""

from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from liveness.review.access import Person
from liveness.review.workspace.forms import Typed

KEY = "liveness_review_draft"
SALT = "liveness.review.author"


def author(person: Person, public_id: UUID) -> str:
    """The value of a form's hidden field `author`: this person, on this attempt."""
    return Signer(salt=SALT).sign(f"{person.pk}@{public_id}")


def keep(request: HttpRequest) -> bool:
    """Keep what was posted in the session; False when it did not come from a form of ours or says nothing."""
    signed, typed = request.POST.get("author", ""), Typed.of(request.POST)
    try:
        Signer(salt=SALT).unsign(signed)
    except BadSignature:
        return False
    if typed.is_empty:
        return False
    request.session[KEY] = {"author": signed, "typed": typed.for_session()}
    return True


def kept(request: HttpRequest, person: Person, public_id: UUID) -> Typed | None:
    """What this person typed on this attempt. What somebody else typed is dropped unseen."""
    draft = request.session.get(KEY)
    if not draft:
        return None
    if constant_time_compare(draft["author"], author(person, public_id)):
        return Typed.from_session(draft["typed"])
    if not draft["author"].startswith(f"{person.pk}@"):
        forget(request)
    return None


def forget(request: HttpRequest) -> None:
    """Drop what was kept."""
    request.session.pop(KEY, None)
