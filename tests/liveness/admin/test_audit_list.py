"""The audit list says who did what on what, in words and links."""

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import transaction

from liveness import audit
from liveness.access import AccessPolicy
from liveness.admin.words import words_of
from liveness.audit import Actor
from liveness.models import MediaKind
from tests.builders import make_attempt
from tests.liveness.admin.pages import ATTEMPTS, AUDIT, LOOK, MEDIA, staff
from tests.people import make_user

pytestmark = pytest.mark.django_db


def record(action, actor, target=None):
    with transaction.atomic():
        return audit.record(action, actor=actor, target=target)


def test_it_names_people_actions_and_records_and_links_to_them(root, attempt):
    person, video = make_user(), attempt.media.get(kind=MediaKind.VIDEO)
    record(audit.MEDIA_VIEWED, Actor.user(person), video)
    record(audit.ATTEMPT_REFRESHED, Actor.system("celery"), attempt)
    text = root.get(AUDIT).text
    for shown in (
        f'<a href="/admin/auth/user/{person.pk}/change/">{person.username}</a>',
        f'<a href="{MEDIA}{video.pk}/change/">File {video.public_id.hex[:8]}</a>',
        f'<a href="{ATTEMPTS}{attempt.pk}/change/">Attempt {attempt.public_id.hex[:8]}</a>',
        'celery <span class="quiet">system</span>',
        "File opened",
        "Refresh asked for",
    ):
        assert shown in text


def test_an_account_that_an_event_concerns_is_named_and_linked_for_those_who_may_see_it(root, attempt):
    person = make_user()
    record(audit.ACCOUNT_LOGGED_IN, Actor.user(person), person)
    assert f'Account <a href="/admin/auth/user/{person.pk}/change/">{person.username}</a>' in root.get(AUDIT).text
    text = staff(*LOOK).get(AUDIT).text
    assert f"Account {person.username}" in text and "/admin/auth/user/" not in text
    key = person.pk
    person.delete()
    assert f"auth.user {key}" in root.get(AUDIT).text


def test_a_person_without_an_account_is_the_key_and_accounts_are_linked_for_those_who_may_see_them(attempt):
    record(audit.MEDIA_VIEWED, Actor("user:999999"), attempt)
    person = make_user()
    record(audit.MEDIA_VIEWED, Actor.user(person), attempt)
    text = staff(*LOOK).get(AUDIT).text
    assert "user:999999" in text and person.username in text
    assert "/admin/auth/user/" not in text


class NoneOfThem(AccessPolicy):
    """A host's policy that hides every attempt."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).none()


def test_an_event_about_a_record_that_the_policy_hides_is_not_listed(attempt, settings):
    record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), attempt)
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.NoneOfThem"
    text = staff(*LOOK).get(AUDIT).text
    assert f"Attempt {attempt.public_id.hex[:8]}" not in text
    assert "subject-1" not in text and f"{ATTEMPTS}{attempt.pk}" not in text


def test_the_page_of_an_event_says_the_same_in_words(root, attempt):
    person = get_user_model().objects.create_superuser("ada")
    event = record(audit.MEDIA_DAMAGED, Actor.user(person), attempt.media.first())
    text = root.get(f"{AUDIT}{event.pk}/change/").text
    for shown in ("File found damaged", "ada", event.hash, event.actor, f"File {event.object_id[:8]}"):
        assert shown in text


def test_an_action_without_words_is_said_by_its_name():
    assert words_of("liveness.thing.done_well") == "Thing done well"
    assert words_of("odd") == "odd"


class JakartaOnly(AccessPolicy):
    """A host's policy that shows the attempts of one region."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(region="ap-jakarta")


def test_for_a_person_whom_the_policy_narrows_a_list_looks_through_a_part_of_the_chain(attempt, settings, monkeypatch):
    monkeypatch.setattr("liveness.admin.audit.SPAN", 10)
    seen = make_attempt(region="ap-jakarta")
    old = record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), seen)
    for _ in range(12):
        record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), attempt)
    new = record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), seen)
    person = staff(*LOOK)
    assert len(person.get(AUDIT).context["cl"].result_list) == 14
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.JakartaOnly"
    page = person.get(AUDIT)
    assert page.context["cl"].result_list == [new]
    assert "There are more; filter or search to reach them." in page.text
    # Whose events are found by an index needs no limit.
    for text in (str(seen.public_id), str(old.pk)):
        assert old in person.get(f"{AUDIT}?q={text}").context["cl"].result_list
    assert person.get(f"{AUDIT}?q=system:tests").context["cl"].result_list == [new]


def test_the_days_that_are_chosen_say_where_a_narrowed_list_begins(attempt, settings, monkeypatch):
    monkeypatch.setattr("liveness.admin.audit.SPAN", 3)
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.JakartaOnly"
    seen = make_attempt(region="ap-jakarta")
    with time_machine.travel("2026-11-21T12:00:00Z", tick=False) as clock:
        old = record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), seen)
        clock.shift(86_400)
        for _ in range(5):
            record(audit.ATTEMPT_REFRESHED, Actor.system("tests"), attempt)
        person = staff(*LOOK)
        assert person.get(AUDIT).context["cl"].result_list == []
        assert person.get(f"{AUDIT}?period=yesterday").context["cl"].result_list == [old]
