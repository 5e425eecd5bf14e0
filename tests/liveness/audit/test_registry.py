"""The registry of audit actions."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from liveness import audit
from liveness.audit import Actor, registry
from liveness.audit.registry import AuditAction, UnknownActionError
from liveness.models import AuditEvent


def test_a_name_is_registered_once():
    with pytest.raises(ImproperlyConfigured, match=r"liveness\.media\.viewed is registered twice"):
        registry.register(AuditAction(audit.MEDIA_VIEWED, "looks", "eye", "Seen"))


@pytest.mark.django_db
def test_an_action_that_nobody_registered_is_not_recorded():
    with pytest.raises(UnknownActionError, match=r"host\.thing\.done"), transaction.atomic():
        audit.record("host.thing.done", actor=Actor.system("tests"))
    assert not AuditEvent.objects.exists()
