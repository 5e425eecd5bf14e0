"""The admin shows facts, and never writes, changes or deletes them."""

import pytest

from liveness.models import StoredMedia
from tests.liveness.admin.pages import ACT, ATTEMPTS, AUDIT, LOOK, MEDIA, event, everything
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_nobody_writes_facts_whatever_is_posted(root, attempt, path):
    event()
    before = everything()
    key = attempt.pk if path == ATTEMPTS else StoredMedia.objects.first().pk if path == MEDIA else 1
    forged = {"outcome": "failed", "state": "purged", "action": "x", "sdk_token": "STOLEN-TOKEN", "_save": "Save"}
    assert root.post(f"{path}{key}/change/", forged).status_code == 403
    assert root.post(f"{path}{key}/delete/", {"post": "yes"}).status_code == 403
    for selected in (
        {"action": "delete_selected", "_selected_action": key, "index": 0, "post": "yes"},
        {"action": "delete_selected", "_selected_action": key, "post": "yes"},
        {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": key, "form-0-outcome": "failed", "_save": "Save"},
    ):
        root.post(path, selected)
    if path != ATTEMPTS:
        assert root.post(f"{path}add/", forged).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_no_page_offers_to_change_or_delete(root, attempt, path):
    event()
    key = attempt.pk if path == ATTEMPTS else StoredMedia.objects.first().pk if path == MEDIA else 1
    for page in (path, f"{path}{key}/change/"):
        text = root.get(page).text
        assert 'name="_save"' not in text
        assert "delete_selected" not in text
        assert "/delete/" not in text


def test_a_person_who_left_the_staff_is_asked_to_log_in(attempt):
    client = signed_in(make_user(*LOOK, *ACT))
    for path in (ATTEMPTS, f"{ATTEMPTS}{attempt.pk}/change/"):
        assert client.get(path).status_code == 302
    assert client.post(f"{ATTEMPTS}{attempt.pk}/act/refresh_now/")["Location"].startswith("/admin/login/")


def test_an_unknown_row_leads_back_instead_of_failing(root):
    for path in (ATTEMPTS, MEDIA):
        assert root.get(f"{path}999999/change/").status_code == 302
        assert root.post(f"{path}999999/act/verify_media/").status_code == 302
