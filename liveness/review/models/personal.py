"""What belongs to one person's way of working: saved views and keys."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A named filter of the queue: the query string of its link."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filter"), max_length=400, blank=True)
    is_shared = models.BooleanField(_("shared"), default=False, db_index=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="liveness_view_once")]

    def __str__(self) -> str:
        return self.name


class KeyMap(models.Model):
    """The keys that a person chose, by command; what is not in it has its default key."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    is_on = models.BooleanField(_("single keys are on"), default=True)
    keys = models.JSONField(_("keys"), default=dict)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
