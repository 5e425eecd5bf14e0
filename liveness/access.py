"""Who may see which evidence. Everything is denied unless a method here allows it.

A host replaces the rules by naming its own subclass in `LIVENESS_ACCESS_POLICY`. Narrowing `visible_attempts` alone
(say, to one merchant) narrows lists, pages, counts, the audit trail, the admin and every file, because all other rules
build on it.
"""

from typing import Any, Protocol

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.utils.module_loading import import_string

from liveness import audit
from liveness.app_settings import app_settings
from liveness.models import AttemptQuerySet, AuditEvent, StoredMedia, VerificationAttempt

# What the chain says of accounts and of itself: it concerns no attempt, so a policy about attempts hides none of it.
ABOUT_NO_ATTEMPT = frozenset(
    {audit.CHECK_REQUESTED, audit.ACCOUNT_LOGGED_IN, audit.ACCOUNT_REFUSED, audit.ACCOUNT_PASSWORD_CHANGED}
)
UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Person(Protocol):
    """What the rules need of a user; anonymous and inactive users have no permission at all."""

    def has_perm(self, perm: str) -> bool: ...


class AccessPolicy:
    """The default rules: Django's model permissions."""

    def visible_attempts(self, user: Person) -> AttemptQuerySet:
        """The attempts that may appear before this person."""
        attempts = VerificationAttempt.objects.all()
        return attempts if user.has_perm("liveness.view_verificationattempt") else attempts.none()

    def visible_media(self, user: Person) -> QuerySet[StoredMedia]:
        """The media rows (facts, not bytes) that may appear before this person."""
        media = media_of(self.visible_attempts(user))
        return media if user.has_perm("liveness.view_storedmedia") else media.none()

    def visible_events(self, user: Person) -> QuerySet[AuditEvent]:
        """The events of the audit trail that may appear before this person.

        Where the policy hides attempts, these are the events of the others and of their files, and those of
        `ABOUT_NO_ATTEMPT`. All else is hidden, because an event without an attempt may count all of them.
        """
        events, attempts = AuditEvent.objects.all(), self.visible_attempts(user)
        if not user.has_perm("liveness.view_auditevent"):
            return events.none()
        if is_everything(attempts):
            return events
        known = Q(action__in=ABOUT_NO_ATTEMPT)
        for rows in (attempts, media_of(attempts)):
            known |= Q(_is_among(rows), object_type=rows.model._meta.label_lower)
        return events.filter(known)

    def may_see_totals(self, user: Person) -> bool:
        """May sums over all attempts be shown, which cannot be narrowed to those that this person may see.

        Without a policy of the host, the permission for the sums decides alone: Django's permissions hide no attempt
        from one person that they show another.
        """
        is_ours = type(self).visible_attempts is AccessPolicy.visible_attempts
        return is_ours or is_everything(self.visible_attempts(user))

    def may_read_answers(self, user: Person, attempt: VerificationAttempt) -> bool:
        """May the vendor's answers themselves be read, beyond what we made of them."""
        is_visible = self.visible_attempts(user).filter(pk=attempt.pk).exists()
        return user.has_perm("liveness.view_poll") and is_visible

    def may_view(self, user: Person, media: StoredMedia) -> bool:
        """May the picture be shown or the video be played inside our pages."""
        return self.visible_media(user).filter(pk=media.pk).exists()

    def may_preview(self, user: Person, media: StoredMedia) -> bool:
        """May the thumbnail be shown in a list."""
        return self.may_view(user, media)

    def may_download(self, user: Person, media: StoredMedia) -> bool:
        """May the file leave the portal."""
        return user.has_perm("liveness.download_storedmedia") and self.may_view(user, media)


class ObjectUuid(Func):
    """The object id of an audit event as the UUID column of a record holds it; NULL where it is no UUID."""

    output_field = models.UUIDField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="REPLACE(%(expressions)s, '-', '')", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        # CASE is evaluated in its order, so that no text that is no UUID is ever cast.
        template = f"CASE WHEN %(expressions)s ~ '{UUID_PATTERN}' THEN (%(expressions)s)::uuid END"
        return self.as_sql(compiler, connection, template=template, **context)


def is_everything(rows: QuerySet[Any]) -> bool:
    """Does the query take every row of its table?"""
    query = rows.query
    return not (query.is_empty() or query.where or query.combinator or query.is_sliced)


def media_of(attempts: AttemptQuerySet) -> QuerySet[StoredMedia]:
    """The media rows of these attempts."""
    media = StoredMedia.objects.all()
    # EXISTS is answered by the attempt's key for each row of a page; IN would first gather a million keys.
    return media if is_everything(attempts) else media.filter(Exists(attempts.filter(pk=OuterRef("attempt"))))


def _is_among(rows: QuerySet[Any]) -> IsNull:
    """A condition on audit events: the record is one of these rows.

    A single value, looked up by its index for each event. Of EXISTS the planner may make a hash of all rows first.
    """
    found = rows.filter(public_id=ObjectUuid(OuterRef("object_id"))).order_by().values("pk")[:1]
    return IsNull(Subquery(found), False)


def access_policy() -> AccessPolicy:
    """The policy that the settings name."""
    policy: AccessPolicy = import_string(app_settings.ACCESS_POLICY)()
    return policy
