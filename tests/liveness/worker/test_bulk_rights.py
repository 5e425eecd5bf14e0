"""The rights of the person who asked for a bulk action count until its last record."""

import pytest
from django.utils import timezone

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import AuditEvent, BulkAction, BulkKind, MediaKind, StoredMedia, VerificationAttempt
from liveness.worker import bulk_actions, bulk_rights
from tests.builders import make_attempt, make_media
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
RIGHTS = ("view_verificationattempt", "refresh_verificationattempt", "verify_storedmedia")


@pytest.fixture
def person():
    return make_user(*RIGHTS)


def refresh(person) -> BulkAction:
    rows = VerificationAttempt.objects.all()
    return bulk_actions.start(BulkKind.REFRESH, rows, actor=Actor.user(person), now=timezone.now())


def verify(person) -> BulkAction:
    return bulk_actions.start(BulkKind.VERIFY, StoredMedia.objects.all(), actor=Actor.user(person), now=timezone.now())


def take(count=100) -> list[int]:
    return bulk_actions.take(count, run="run", now=timezone.now())


def work_on_files() -> int:
    return bulk_actions.work_on_files(60.0, run="run", now=timezone.now())


def report(action: BulkAction) -> list[tuple[int, str, str]]:
    return list(action.items.order_by("target_id").values_list("target_id", "state", "problem"))


def leave(person):
    person.is_active = False
    person.save()


def take_rights(person):
    person.user_permissions.clear()


def be_deleted(person):
    person.delete()


@pytest.mark.parametrize("lose", [leave, take_rights, be_deleted])
def test_without_the_right_or_the_account_the_rest_is_skipped_and_the_audit_says_so(person, lose):
    first, second = make_attempt().pk, make_attempt().pk
    action = refresh(person)
    assert take(1) == [first]
    bulk_actions.finish(first, now=timezone.now())
    lose(person)
    assert take() == []
    assert report(action) == [(first, "done", ""), (second, "skipped", bulk_actions.NOT_ALLOWED)]
    action.refresh_from_db()
    assert (action.is_open, action.done, action.skipped, bool(action.cancelled_at)) == (False, 1, 1, True)
    event = AuditEvent.objects.get(action=audit.BULK_CANCELLED)
    assert (event.actor, event.object_id, event.data) == (
        "system:bulk_action",
        str(action.public_id),
        {"skipped": 1},
    )


@pytest.mark.parametrize("lose", [leave, take_rights, be_deleted])
def test_no_file_is_read_for_a_person_without_the_right(person, lose):
    make_media(make_attempt(), MediaKind.VIDEO, b"video")
    action = verify(person)
    lose(person)
    assert work_on_files() == 0
    assert [problem for _, _, problem in report(action)] == [bulk_actions.NOT_ALLOWED]
    assert not AuditEvent.objects.filter(action=audit.MEDIA_VERIFIED).exists()


class SingaporeOnly(AccessPolicy):
    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(region="ap-singapore")


def test_a_record_that_the_policy_hides_meanwhile_is_skipped_and_all_others_are_done(person, settings):
    hidden = [make_attempt(region="ap-jakarta").pk for _ in range(5)]
    shown = [make_attempt().pk for _ in range(2)]
    files = [make_media(VerificationAttempt.objects.get(pk=key), MediaKind.VIDEO, b"v") for key in (*hidden, *shown)]
    refreshing, verifying = refresh(person), verify(person)
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.SingaporeOnly"
    assert (take(2), take(2), take(2)) == ([], shown, [])
    assert [state for _, state, _ in report(refreshing)] == ["skipped"] * 5 + ["pending"] * 2
    while work_on_files():
        pass
    assert report(verifying) == [
        *((file.pk, "skipped", bulk_actions.OUT_OF_SIGHT) for file in files[:5]),
        *((file.pk, "done", "") for file in files[5:]),
    ]
    verifying.refresh_from_db()
    assert (verifying.is_open, verifying.done, verifying.skipped) == (False, 2, 5)


def test_a_record_that_is_gone_holds_no_other_up():
    first, second = make_attempt(), make_attempt()
    action = bulk_actions.start(
        BulkKind.REFRESH, VerificationAttempt.objects.all(), actor=Actor.system("tests"), now=timezone.now()
    )
    gone = first.pk
    first.delete()
    assert take() == [second.pk]
    assert report(action)[0] == (gone, "skipped", bulk_actions.OUT_OF_SIGHT)
    bulk_actions.finish(second.pk, now=timezone.now())
    action.refresh_from_db()
    assert not action.is_open


def test_an_operator_who_may_not_see_media_may_have_them_verified(person):
    file = make_media(make_attempt(), MediaKind.VIDEO, b"video")
    action = verify(person)
    assert work_on_files() == 1
    assert report(action) == [(file.pk, "done", "")]


def test_a_person_whose_key_is_kept_as_a_digest_is_found(person, monkeypatch):
    monkeypatch.setattr("liveness.audit.actors.LONGEST_KEY", 0)
    key = make_attempt().pk
    action = refresh(person)
    assert "sha256:" in action.actor
    assert take() == [key]
    leave(person)
    assert bulk_rights.targets(action).query.is_empty()
