"""The admin as tests visit it: its addresses, people with permissions, and what it says and keeps."""

from django.contrib.messages import get_messages
from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.models import AuditEvent, Poll, StoredMedia, VerificationAttempt
from tests.people import make_user, signed_in

ATTEMPTS = "/admin/liveness/verificationattempt/"
MEDIA = "/admin/liveness/storedmedia/"
AUDIT = "/admin/liveness/auditevent/"
LOOK = ("view_verificationattempt", "view_storedmedia", "view_poll", "view_auditevent")
ACT = ("refresh_verificationattempt", "verify_storedmedia")


def staff(*permissions):
    return signed_in(make_user(*permissions, is_staff=True))


def told(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def event():
    with transaction.atomic():
        return audit.record(audit.MEDIA_VIEWED, actor=Actor.system("tests"))


def everything() -> list[tuple]:
    models = (VerificationAttempt, StoredMedia, Poll, AuditEvent)
    return [row for model in models for row in model.objects.order_by("pk").values_list()]
