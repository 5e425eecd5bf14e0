"""The audit chain. Entries are written by `liveness.audit` alone and refused any change by the database."""

import json
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """Who did what to which record, when. `hash` covers all of it and the entry before (see the service)."""

    sequence = models.BigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("time"))
    action = models.CharField(_("action"), max_length=64)
    actor = models.CharField(_("actor"), max_length=80)
    object_type = models.CharField(_("object type"), max_length=64, blank=True)
    object_id = models.CharField(_("object id"), max_length=64, blank=True)
    details = models.TextField(_("details"), default="{}", help_text=_("canonical JSON, exactly as hashed"))
    previous_hash = models.CharField(_("previous hash"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-sequence"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["object_id", "action", "actor", "-sequence"], name="liveness_audit_object"),
            models.Index(fields=["actor", "-sequence"], name="liveness_audit_actor"),
            models.Index(fields=["action", "-sequence"], name="liveness_audit_action"),
            models.Index(fields=["actor", "action", "-sequence"], name="liveness_audit_acts"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"

    @property
    def data(self) -> dict[str, Any]:
        """The details; empty where somebody made them unreadable, which the verifier reports."""
        try:
            details = json.loads(self.details)
        except (RecursionError, TypeError, ValueError):
            return {}
        return details if isinstance(details, dict) else {}


class AuditHead(models.Model):
    """The one row that every new event locks, so that the chain has no forks. By itself it proves nothing."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="liveness_audit_one_head")]

    def __str__(self) -> str:
        return str(self.sequence)


class AuditCheck(models.Model):
    """A walk over the whole chain and what it found: `broken_at` is the first bad number, None for a sound chain."""

    checked_at = models.DateTimeField(_("checked"))
    sequence = models.BigIntegerField(_("verified up to"))
    hash = models.CharField(_("hash there"), max_length=64)
    broken_at = models.BigIntegerField(_("broken at"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("audit check")
        verbose_name_plural = _("audit checks")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.checked_at} {self.sequence}"
