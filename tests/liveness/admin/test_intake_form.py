"""The form that registers a token in the admin."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from liveness import audit
from liveness.models import AuditEvent, VerificationAttempt
from tests.liveness.admin.pages import ATTEMPTS, LOOK, staff

pytestmark = pytest.mark.django_db


def test_the_intake_form_registers_a_token_and_never_shows_it(root, django_user_model):
    token = "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"
    values = {"sdk_token": token, "subject_reference": "S-1", "issued_at": "", "region": "ap-jakarta"}
    added = root.post(f"{ATTEMPTS}add/", values, follow=True)
    attempt = VerificationAttempt.objects.get(sdk_token=token)
    assert (attempt.subject_reference, attempt.region) == ("S-1", "ap-jakarta")
    assert "The token is registered" in added.text
    assert AuditEvent.objects.get().action == audit.ATTEMPT_REGISTERED

    again = root.post(f"{ATTEMPTS}add/", values, follow=True)
    assert again.redirect_chain == [(f"{ATTEMPTS}{attempt.pk}/change/", 302)]
    assert "registered before" in again.text

    other = root.post(f"{ATTEMPTS}add/", values | {"subject_reference": "S-2"})
    assert "registered for another subject" in other.text
    assert VerificationAttempt.objects.count() == 1
    assert not any(token in page.text for page in (added, again, other))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"sdk_token": "short"}, "The token must be"),
        ({"sdk_token": "with spaces in it"}, "The token must be"),
        ({"sdk_token": ""}, "This field is required"),
        ({"subject_reference": ""}, "This field is required"),
        ({"issued_at": "2999-01-01T00:00"}, "in the future"),
        ({"issued_at": "yesterday"}, "Enter a valid date/time"),
        ({"issued_at": "2026-01-31"}, "date without a time"),
        ({"issued_at": "2020-01-31T09:30"}, "window closed on 2020-01-31 at 11:30:00 UTC"),
        ({"subject_reference": "S\u202e1"}, "reverses"),
        ({"region": "ap-nowhere"}, "Select a valid choice"),
    ],
)
def test_the_intake_form_says_what_to_correct_and_forgets_the_token(root, values, problem):
    good = {"sdk_token": "A-TOKEN-THAT-IS-FINE", "subject_reference": "S-1", "region": "ap-singapore"}
    response = root.post(f"{ATTEMPTS}add/", good | values)
    assert (response.status_code, VerificationAttempt.objects.count()) == (200, 0)
    assert problem in response.text
    assert "A-TOKEN-THAT-IS-FINE" not in response.text


def test_the_intake_form_takes_its_own_permission():
    assert staff(*LOOK).get(f"{ATTEMPTS}add/").status_code == 403
    assert staff(*LOOK).post(f"{ATTEMPTS}add/", {"sdk_token": "A-TOKEN-THAT-IS-FINE"}).status_code == 403
    assert staff("add_verificationattempt").get(f"{ATTEMPTS}add/").status_code == 200


@pytest.mark.parametrize(("local", "words"), [("2026-03-29T02:30", "does not exist"), ("2026-10-25T02:30", "twice")])
def test_a_time_that_the_portals_clocks_show_twice_or_never_is_refused(root, settings, local, words):
    settings.TIME_ZONE = "Europe/Berlin"
    values = {"sdk_token": "A-TOKEN-THAT-IS-FINE", "subject_reference": "S-1", "region": "ap-singapore"}
    page = root.post(f"{ATTEMPTS}add/", values | {"issued_at": local})
    assert f"{words} in Europe/Berlin" in page.text
    assert not VerificationAttempt.objects.exists()


def test_the_page_names_the_zone_of_its_times(root, settings):
    settings.TIME_ZONE = "Asia/Hong_Kong"
    assert "(Asia/Hong_Kong)" in root.get(f"{ATTEMPTS}add/").text
    issued = datetime.now(ZoneInfo("Asia/Hong_Kong")).replace(tzinfo=None, second=0, microsecond=0)
    values = {"sdk_token": "A-TOKEN-THAT-IS-FINE", "subject_reference": "山田\u3000太郎", "region": "ap-singapore"}
    root.post(f"{ATTEMPTS}add/", values | {"issued_at": issued.isoformat()})
    attempt = VerificationAttempt.objects.get()
    assert attempt.issued_at == issued.replace(tzinfo=ZoneInfo("Asia/Hong_Kong"))
    assert attempt.subject_reference == "山田 太郎"
