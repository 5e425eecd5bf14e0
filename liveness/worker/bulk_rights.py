"""The rights of the person who asked for a bulk action, as they are while its records are worked on.

Hours may pass between the click and the last record. Without the permission, or without the account, no further record
is worked on; nor is a record that the access policy hides from the person meanwhile.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from liveness.access import access_policy, media_of
from liveness.audit import Actor
from liveness.models import BulkAction, BulkKind, VerificationAttempt

# What it takes to start a bulk action, to end it, and to have it worked on.
PERMISSIONS = {
    BulkKind.REFRESH: "liveness.refresh_verificationattempt",
    BulkKind.VERIFY: "liveness.verify_storedmedia",
}
USER = "user:"


def targets(action: BulkAction) -> QuerySet[Any]:
    """The records that this action may work on now; an empty query where the person may do nothing any more."""
    attempts = VerificationAttempt.objects.all()
    if action.actor.startswith(USER):
        person = _person(action.actor)
        may_act = person is not None and person.has_perm(PERMISSIONS[BulkKind(action.kind)])
        attempts = access_policy().visible_attempts(person) if person and may_act else attempts.none()
    if action.kind == BulkKind.REFRESH or attempts.query.is_empty():
        return attempts
    return media_of(attempts)


def _person(actor: str) -> AbstractUser | None:
    """The account behind an actor. The actor of a long key holds a digest, which only a comparison leads back."""
    people: Any = get_user_model()._default_manager.filter(is_active=True)
    try:
        key = get_user_model()._meta.pk.to_python(actor.removeprefix(USER))
    except ValidationError:
        key = None
    found = people.filter(pk=key).first() if key is not None else None
    return found or next((each for each in people.iterator() if Actor.user(each).name == actor), None)
