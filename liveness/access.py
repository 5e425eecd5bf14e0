"""Who may see which evidence. Everything is denied unless a method here allows it.

A host replaces the rules by naming its own subclass in `LIVENESS_ACCESS_POLICY`. Narrowing `visible_attempts` alone
(say, to one merchant) narrows lists, pages, the admin and every file, because all other rules build on it.
"""

from typing import Protocol

from django.db import models
from django.utils.module_loading import import_string

from liveness.app_settings import app_settings
from liveness.models import AttemptQuerySet, StoredMedia, VerificationAttempt


class Person(Protocol):
    """What the rules need of a user; anonymous and inactive users have no permission at all."""

    def has_perm(self, perm: str) -> bool: ...


class AccessPolicy:
    """The default rules: Django's model permissions."""

    def visible_attempts(self, user: Person) -> AttemptQuerySet:
        """The attempts that may appear before this person."""
        attempts = VerificationAttempt.objects.all()
        return attempts if user.has_perm("liveness.view_verificationattempt") else attempts.none()

    def visible_media(self, user: Person) -> models.QuerySet[StoredMedia]:
        """The media rows (facts, not bytes) that may appear before this person."""
        # EXISTS is answered by the attempt's key for each row of a page; IN would first gather a million keys.
        attempts = self.visible_attempts(user).filter(pk=models.OuterRef("attempt"))
        media = StoredMedia.objects.filter(models.Exists(attempts))
        return media if user.has_perm("liveness.view_storedmedia") else media.none()

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


def access_policy() -> AccessPolicy:
    """The policy that the settings name."""
    policy: AccessPolicy = import_string(app_settings.ACCESS_POLICY)()
    return policy
