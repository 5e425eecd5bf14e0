"""Saved views and notices: what belongs to one person, and what he shares."""

import pytest
from django.test import Client
from django.utils import timezone

from liveness.access import AccessPolicy
from liveness.review.models import Notice, SavedView
from tests.liveness.review.queueing import QUEUE, due
from tests.liveness.review.working import make_reviewer
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
VIEWS = f"{QUEUE}views/"


def notice_for(person) -> Notice:
    return Notice.objects.create(
        person=person, review=due(5), kind=Notice.Kind.DISAGREED, created_at=timezone.now(), text="see"
    )


def test_a_view_is_kept_as_the_filters_mean_it(client, me):
    posted = {"name": " Late ones ", "tab": "open", "due": "late", "outcome": "nonsense", "after": "1~1", "q": "token"}
    response = client.post(VIEWS, posted, follow=True)
    assert response.redirect_chain == [(f"{QUEUE}?tab=open&due=late", 303)]
    saved = SavedView.objects.get()
    assert (saved.owner, saved.name, saved.query, saved.is_shared) == (me, "Late ones", "tab=open&due=late", False)
    assert "Late ones" in response.text


def test_the_same_name_again_replaces_ones_own_view_alone(client, me):
    other = SavedView.objects.create(owner=make_reviewer(), name="A", query="tab=lost")
    client.post(VIEWS, {"name": "A", "tab": "open"})
    client.post(VIEWS, {"name": "A", "tab": "decided"})
    other.refresh_from_db()
    assert SavedView.objects.get(owner=me).query == "tab=decided"
    assert other.query == "tab=lost"


def test_sharing_takes_a_permission():
    supervisor = signed_in(make_user("view_review", "share_view"))
    reviewer = signed_in(make_user("view_review"))
    assert supervisor.post(VIEWS, {"name": "A", "tab": "lost", "shared": "on"}).status_code == 303
    assert reviewer.post(VIEWS, {"name": "B", "tab": "lost", "shared": "on"}).status_code == 403
    assert list(SavedView.objects.values_list("name", "is_shared")) == [("A", True)]
    assert 'name="shared"' in supervisor.get(QUEUE).text


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\nb", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(client, name):
    response = client.post(VIEWS, {"name": name, "tab": "open"}, follow=True)
    assert "Give the view a name" in response.text
    assert not SavedView.objects.exists()


def test_nobody_keeps_more_views_than_a_list_can_show(client, me, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.saved_views.MOST_VIEWS", 1)
    client.post(VIEWS, {"name": "A"})
    response = client.post(VIEWS, {"name": "B"}, follow=True)
    client.post(VIEWS, {"name": "A", "tab": "lost"})
    assert "Delete one that you no longer need." in response.text
    assert list(SavedView.objects.values_list("name", "query")) == [("A", "tab=lost")]


def test_ones_own_view_can_be_deleted_and_that_of_others_does_not_exist(client, me):
    own = SavedView.objects.create(owner=me, name="A")
    shared = SavedView.objects.create(owner=make_reviewer(), name="B", is_shared=True)
    response = client.post(f"{VIEWS}{own.pk}/delete/", {"tab": "lost"})
    assert (response.status_code, response["Location"]) == (303, f"{QUEUE}?tab=lost")
    assert client.post(f"{VIEWS}{own.pk}/delete/").status_code == 404
    assert client.post(f"{VIEWS}{shared.pk}/delete/").status_code == 404
    assert list(SavedView.objects.all()) == [shared]


def test_ones_own_notice_is_put_away_once_and_for_all(client, me):
    notice = notice_for(me)
    for _ in range(2):
        response = client.post(f"{QUEUE}notices/{notice.pk}/read/", {"tab": "mine"})
        assert (response.status_code, response["Location"]) == (303, f"{QUEUE}?tab=mine")
        first, notice = notice.read_at, Notice.objects.get(pk=notice.pk)
        assert notice.read_at is not None
    assert notice.read_at == first
    assert "Disagreement: escalated" not in client.get(QUEUE).text


def test_the_notice_of_somebody_else_does_not_exist(client):
    notice = notice_for(make_reviewer())
    assert client.post(f"{QUEUE}notices/{notice.pk}/read/").status_code == 404
    assert client.post(f"{QUEUE}notices/999999/read/").status_code == 404
    assert Notice.objects.get(pk=notice.pk).read_at is None


def test_the_page_lists_a_few_notices_and_says_that_there_are_more(client, me):
    for _ in range(6):
        notice_for(me)
    page = client.get(QUEUE)
    assert page.text.count("Disagreement: escalated") == 5
    assert "Older ones follow" in page.text


@pytest.mark.parametrize("address", [VIEWS, f"{VIEWS}1/delete/", f"{QUEUE}notices/1/read/"])
def test_all_of_it_takes_a_post_from_a_page_of_ours_by_somebody_who_may_look(client, address):
    assert client.get(address).status_code == 405
    assert Client().post(address).status_code == 302
    assert signed_in(make_user()).post(address).status_code == 403
    forged = signed_in(make_user("view_review"), enforce_csrf_checks=True)
    assert forged.post(address, {"name": "A"}).status_code == 403
    assert not SavedView.objects.exists()


def test_a_notice_of_a_review_that_one_may_see_no_longer_is_silent(client, me, settings):
    notice_for(me)
    settings.LIVENESS_ACCESS_POLICY = "tests.liveness.review.queue.test_saved.NothingVisible"
    page = client.get(QUEUE)
    assert page.context["unread"] == 0
    assert page.context["notices"] == []


class NothingVisible(AccessPolicy):
    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(region="nowhere")
