"""Why something that the vendor had was lost, as a value: a column, a metric's label, and a line of an alert."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LossCause(models.TextChoices):
    """The values are stored, and they are the labels of `liveness_lost_total`."""

    UNREAD = "unread", _("results never read before their token ran out")
    LINK = "link", _("files whose link had run out")
    DOWNLOAD = "download", _("files whose download kept failing")
    MISMATCH = "mismatch", _("files that were not what the vendor declared")
    UNDECLARED = "undeclared", _("files that the vendor named without saying where they are")
    REFUSED = "refused", _("files that the settings refuse")
    STORAGE = "storage", _("files that the storage did not take")
    DAMAGED = "damaged", _("stored files that were found damaged and given up")
    WINDOW = "window", _("files that were not fetched before their token ran out")
    OTHER = "other", _("files given up for another reason")

    @classmethod
    def of(cls, value: object) -> "LossCause":
        """The cause that a recorded event names; OTHER for one that this version does not know."""
        return cls(value) if value in cls.values else cls.OTHER
