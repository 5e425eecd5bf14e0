"""A row of the chain that somebody changed by hand spoils its own line, and no page."""

import pytest
from django.db import connection, transaction

from liveness import audit
from tests.builders import make_attempt
from tests.liveness.audit.chain import ACTOR
from tests.liveness.audit.test_faults import CHANGES, SET, tamper
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
BYTES = [("sqlite", f"{name} = x'ff'") for name in ("object_id", "object_type", "actor", "action")]
# The number itself cannot be missing.
SPOILT = [change for change in (*CHANGES, *BYTES) if not change[1].startswith("sequence")]


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda change: change[1])
def test_every_page_of_the_audit_shows_the_other_events(spoilt, settings):
    vendor, sql = spoilt
    if vendor not in ("", connection.vendor):
        pytest.skip(f"concerns {vendor}")
    settings.TIME_ZONE = "Asia/Hong_Kong"
    root, attempt = signed_in(make_user(is_staff=True, is_superuser=True)), make_attempt()
    for action in (audit.ATTEMPT_REFRESHED, audit.MEDIA_PREVIEWED, audit.ATTEMPT_REPORTED):
        with transaction.atomic():
            audit.record(action, actor=ACTOR, target=attempt)
    tamper(SET.format(sql))
    pages = ["/review/audit/", "/review/audit/?single=1", f"/review/audit/?attempt={attempt.public_id}"]
    pages += ["/admin/liveness/auditevent/", "/admin/liveness/auditevent/?period=today"]
    pages += [f"/admin/liveness/auditevent/{number}/change/" for number in (1, 2, 3)]
    pages += [f"/admin/liveness/verificationattempt/{attempt.pk}/change/", "/review/dashboard/"]
    assert {page: status for page in pages if (status := root.get(page).status_code) != 200} == {}
    assert "Refresh asked for" in root.get("/review/audit/").text
