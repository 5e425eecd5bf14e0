"""Which directory is the media root: the id that its marker file carries (see `liveness.storage.marker`)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MediaRoot(models.Model):
    """One row at most: all processes and hosts of an installation share one media root."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    marker = models.CharField(_("marker"), max_length=32)
    marked_at = models.DateTimeField(_("marked"), auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="liveness_mediaroot_once")]

    def __str__(self) -> str:
        return self.marker
