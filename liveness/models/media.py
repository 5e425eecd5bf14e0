"""A picture or video of an attempt: what the vendor declared, what was measured, and where it stands."""

import uuid

from django.core.files.storage import Storage
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from liveness.codecs import codec_name
from liveness.loss_causes import LossCause
from liveness.models.attempt import VerificationAttempt
from liveness.storage.private import private_storage


class MediaKind(models.TextChoices):
    BEST_FRAME = "best_frame", _("Best frame")
    VIDEO = "video", _("Video")


class MediaState(models.TextChoices):
    WANTED = "wanted", _("Wanted")
    STORED = "stored", _("Stored")
    UNVERIFIED = "unverified", _("Stored, unverified")
    ABSENT = "absent", _("Absent")
    LOST = "lost", _("Lost")
    PURGED = "purged", _("Purged")


# The states of a row that owns a file. Only STORED is evidence: its bytes have the MD5 that the vendor declared.
HELD = (MediaState.STORED, MediaState.UNVERIFIED)


class MediaCondition(models.TextChoices):
    """What an inspection made of the bytes. A type that is unknown here says nothing against them."""

    SOUND = "sound", _("Sound")
    INCOMPLETE = "incomplete", _("The end of the file is missing")
    UNKNOWN_TYPE = "unknown_type", _("Type unknown here")
    TOO_LARGE = "too_large", _("Too large to decode")
    UNDECODABLE = "undecodable", _("Does not decode")
    NOT_INSPECTED = "not_inspected", _("Not inspected")


def _storage() -> Storage:
    return private_storage()


class StoredMedia(models.Model):
    """One file of evidence. A later answer that declares another MD5 gets a row of its own."""

    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(VerificationAttempt, models.PROTECT, related_name="media")
    kind = models.CharField(_("kind"), max_length=16, choices=MediaKind)
    state = models.CharField(_("state"), max_length=16, choices=MediaState, default=MediaState.WANTED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    loss_cause = models.CharField(
        _("cause of loss"),
        max_length=16,
        choices=LossCause,
        blank=True,
        help_text=_("What the file is lost to, or would be."),
    )
    flaw = models.CharField(
        _("flaw"), max_length=200, blank=True, help_text=_("Why a faithfully stored file cannot be shown.")
    )

    condition = models.CharField(
        _("condition"), max_length=16, choices=MediaCondition, blank=True, help_text=_("What an inspection found.")
    )

    declared_size = models.BigIntegerField(_("declared size"), null=True, blank=True)
    declared_md5 = models.CharField(_("declared MD5"), max_length=32, blank=True)
    size = models.BigIntegerField(_("size"), null=True, blank=True, help_text=_("bytes"))
    md5 = models.CharField(_("MD5"), max_length=32, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, db_index=True)
    content_type = models.CharField(_("content type"), max_length=64, blank=True)
    codec = models.CharField(_("codec"), max_length=32, blank=True, help_text=_("As the container names it."))
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    file = models.FileField(_("file"), storage=_storage, max_length=100, blank=True)
    thumbnail = models.FileField(_("thumbnail"), storage=_storage, max_length=100, blank=True)

    fetch_count = models.PositiveIntegerField(_("fetches"), default=0)
    created_at = models.DateTimeField(_("wanted since"), auto_now_add=True)
    stored_at = models.DateTimeField(_("stored"), null=True, blank=True)
    verified_at = models.DateTimeField(_("last verified"), null=True, blank=True)
    damaged_at = models.DateTimeField(_("found damaged"), null=True, blank=True)
    closed_at = models.DateTimeField(_("given up or purged"), null=True, blank=True)

    class Meta:
        verbose_name = _("stored media")
        verbose_name_plural = _("stored media")
        ordering = ["-id"]
        permissions = [
            ("download_storedmedia", "Can download stored media"),
            ("verify_storedmedia", "Can verify stored media"),
        ]
        indexes = [
            models.Index(fields=["kind", "-id"], name="liveness_media_kind"),
            models.Index(fields=["state", "-id"], name="liveness_media_state"),
            models.Index(fields=["declared_md5"], name="liveness_media_declared", condition=~Q(declared_md5="")),
            # With `stored_at`, so that the young are found among what was checked lately without reading the table.
            models.Index(fields=["state", "verified_at", "stored_at", "id"], name="liveness_media_check"),
            models.Index(fields=["damaged_at"], name="liveness_media_damaged", condition=Q(damaged_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "kind", "declared_md5"], name="liveness_media_once"),
            models.CheckConstraint(
                condition=Q(kind__in=MediaKind.values, state__in=MediaState.values),
                name="liveness_media_words",
            ),
            models.CheckConstraint(
                condition=~Q(state=MediaState.STORED)
                | (
                    Q(md5=F("declared_md5"), stored_at__isnull=False)
                    & (Q(size=F("declared_size")) | Q(size__isnull=False, declared_size__isnull=True))
                    & ~Q(md5="")
                    & ~Q(sha256="")
                    & ~Q(file="")
                ),
                name="liveness_media_stored_is_verified",
            ),
            models.CheckConstraint(
                condition=~Q(state=MediaState.UNVERIFIED)
                | (
                    Q(declared_md5="", size__isnull=False, stored_at__isnull=False)
                    & ~Q(md5="")
                    & ~Q(sha256="")
                    & ~Q(file="")
                ),
                name="liveness_media_unverified_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=HELD) | Q(file="", thumbnail=""),
                name="liveness_media_file_is_stored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def is_viewable(self) -> bool:
        """May be embedded in a page: its bytes are here, of a type browsers show, and without a flaw."""
        return self.state in HELD and not self.flaw

    @property
    def is_unverified(self) -> bool:
        """Its bytes are here, but the vendor declared no MD5 for them: nobody can prove that they are the vendor's."""
        return self.state == MediaState.UNVERIFIED

    @property
    def is_incomplete(self) -> bool:
        """It can be shown, though the last bytes of the file are missing."""
        return self.condition == MediaCondition.INCOMPLETE

    @property
    def is_damaged(self) -> bool:
        """The stored file has changed, or was never a whole one. A row without a condition is from an older version."""
        is_broken = bool(self.flaw) and self.condition in ("", MediaCondition.UNDECODABLE)
        return self.damaged_at is not None or is_broken

    @property
    def codec_name(self) -> str:
        """The codec as people know it, such as "H.265"."""
        return codec_name(self.codec)

    @property
    def path(self) -> str:
        """Where the bytes lie inside the private storage: from our own random id, nothing of the vendor's."""
        name = self.public_id.hex
        return f"{name[:2]}/{name}"
