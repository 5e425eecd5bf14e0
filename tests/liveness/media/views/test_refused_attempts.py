"""A stranger who asks for an attempt gets the same answer whether it exists or not, and the try is on record."""

import re
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import AuditEvent, VerificationAttempt
from tests.builders import make_attempt
from tests.liveness.review.working import in_step
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
PAGES = ("/liveness/attempts/{}/", "/review/{}/", "/review/{}/subject/")


class Nothing(AccessPolicy):
    def visible_attempts(self, user):
        return super().visible_attempts(user).exclude(region="ap-singapore")


@pytest.fixture
def stranger(settings):
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.Nothing"
    return signed_in(make_user("view_verificationattempt", "view_review"))


def ask(client, page, public_id):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(page.format(public_id))
    shapes = [re.sub(r"'[^']*'|\b\d+\b|s\d+_x\d+", "?", query["sql"]) for query in queries]
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.text)
    return response.status_code, page, shapes


@pytest.mark.parametrize("page", PAGES)
def test_a_hidden_attempt_and_an_unknown_id_run_the_same_statements_and_leave_the_same_event(stranger, page):
    hidden = make_attempt()
    in_step(hidden)
    with transaction.atomic():
        audit.record(audit.CHECK_REQUESTED, actor=Actor.system("tests"))
    before, asked, found = AuditEvent.objects.count(), (hidden.public_id, uuid4()), []
    for hour, public_id in enumerate(asked):
        with time_machine.travel(f"2026-11-22T1{hour}:00:00Z", tick=False):
            found.append([ask(stranger, page, public_id), ask(stranger, page, public_id)])
    assert found[0] == found[1]
    assert found[0][0][0] == 404
    events = list(AuditEvent.objects.order_by("sequence")[before:])
    assert [(event.action, event.object_id) for event in events] == [
        (audit.ATTEMPT_ACCESS_REFUSED, str(public_id)) for public_id in asked
    ]
    assert {event.object_type for event in events} == {VerificationAttempt._meta.label_lower}
