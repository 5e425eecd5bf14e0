"""Who may open the audit screen, and what stays hidden from whom."""

from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import AuditCheck, AuditEvent, MediaKind, StoredMedia
from liveness.review import actions
from liveness.review.audit_log import queries
from liveness.review.audit_log.rows import Row, rows
from liveness.review.policy import APPROVE, REJECT
from tests.builders import make_attempt, make_media
from tests.liveness.review.audit_log.auditing import FIND, PAGE, SOMEBODY, VERIFY, found, numbers, record
from tests.liveness.review.working import decide, in_step, make_review, make_supervisor, propose_again
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class OursOnly(AccessPolicy):
    """A host's policy that shows one merchant's attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(subject_reference__startswith="ours")


class TestAccess:
    def test_strangers_are_asked_to_log_in(self):
        assert Client().get(PAGE).status_code == Client().post(FIND).status_code == 302

    def test_without_the_permission_it_is_refused(self):
        client = signed_in(make_user("view_review", "view_verificationattempt"))
        assert [client.get(PAGE).status_code, client.post(FIND).status_code] == [403, 403]
        assert client.post(VERIFY).status_code == 403
        assert not AuditCheck.objects.exists()

    def test_searching_and_verifying_are_posts_that_need_a_token_of_the_page(self, auditor):
        client = signed_in(auditor, enforce_csrf_checks=True)
        assert [client.get(FIND).status_code, client.get(VERIFY).status_code] == [405, 405]
        assert [client.post(FIND).status_code, client.post(VERIFY).status_code] == [403, 403]

    def test_what_the_policy_hides_is_neither_named_nor_found(self, client, settings):
        ours, theirs = make_attempt(subject_reference="ours"), make_attempt(subject_reference="theirs")
        file = make_media(theirs, MediaKind.VIDEO, b"video")
        for target in (ours, theirs, file):
            record(target=target)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        assert numbers(page) == [1]
        assert "theirs" not in page.text
        for text in ("theirs", theirs.sdk_token, str(theirs.public_id), str(file.public_id)):
            assert found(client, text) == ""
        page = client.get(f"{PAGE}?attempt={theirs.public_id}")
        assert numbers(page) == []
        assert "No such attempt" in page.text

    def test_what_happened_to_what_the_policy_hides_is_not_listed(self, client, settings):
        ours, theirs = make_attempt(subject_reference="ours"), make_attempt(subject_reference="theirs")
        file = make_media(theirs, MediaKind.VIDEO, b"video")
        for target in (ours, theirs, file, None):
            record(target=target, reason="a reason")
        record(audit.ACCOUNT_REFUSED)
        record(audit.ALERT_TOLD, reason="17 attempts are at risk")
        decide(make_review(subject_reference="theirs too"), make_supervisor(), REJECT)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        assert numbers(page) == [5, 1]
        for text in ("attack.print", "17 attempts", str(theirs.public_id), str(file.public_id), file.public_id.hex[:8]):
            assert text not in page.text

    def test_numbers_of_the_whole_chain_are_for_people_who_may_see_every_attempt(self, client, settings):
        theirs = make_attempt(subject_reference="theirs")
        event = record(target=theirs)
        assert "Not verified yet" in client.get(PAGE).text
        assert found(client, str(event.sequence)) != ""
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        assert "may see every attempt" in page.text and "not verified" not in page.text.lower()
        assert found(client, str(event.sequence)) == found(client, "tests") == ""
        assert client.post(VERIFY).status_code == 403
        assert not AuditCheck.objects.exists()

    def test_a_page_looks_through_a_part_of_the_chain_and_leads_to_the_next(self, client, settings, monkeypatch):
        monkeypatch.setattr(queries, "SPAN", 10)
        ours, theirs = make_attempt(subject_reference="ours"), make_attempt(subject_reference="theirs")
        for number in range(1, 56):
            record(target=ours if number in (3, 4, 45) else theirs)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        assert "Nothing that you may see happened here" in client.get(f"{PAGE}?before=40").text
        down = [numbers(page)]
        while page.context["older"]:
            page = client.get(page.context["older"])
            down.append(numbers(page))
        assert down == [[], [45], [], [], [], [4, 3]]
        up = []
        while page.context["newer"]:
            page = client.get(page.context["newer"])
            up += numbers(page)
        assert up == [45]
        assert numbers(client.get(f"{PAGE}?before={10**17}")) == numbers(client.get(PAGE)) == []
        assert numbers(client.get(f"{PAGE}?attempt={ours.public_id}")) == [45, 4, 3]

    def test_an_auditor_of_everything_looks_through_all_of_the_chain(self, client, monkeypatch):
        monkeypatch.setattr(queries, "SPAN", 10)
        record(actor=Actor.system("long-ago"))
        for _ in range(30):
            record()
        assert found(client, "long-ago") == "?person=system%3Along-ago"
        assert len(numbers(client.get(PAGE))) == 31
        assert client.get(f"{PAGE}?person=user:404&before=9").context["newer"] is None

    @pytest.mark.parametrize("object_id", ["", "7", "nonsense", "0" * 36, "{00000000-0000-4000-8000-000000000000}"])
    def test_an_object_id_of_any_form_can_be_looked_up(self, client, settings, object_id):
        with transaction.atomic():
            audit.record(audit.ATTEMPT_REFRESHED, actor=SOMEBODY, target=make_attempt(subject_reference="ours"))
            odd = StoredMedia(public_id=object_id)
            audit.record(audit.MEDIA_REFUSED, actor=SOMEBODY, target=odd)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        assert numbers(client.get(PAGE)) == [1]
        assert numbers(client.get(PAGE, {"person": SOMEBODY.name, "action": "attempts"})) == [1]

    def test_an_auditor_of_everything_reads_which_unknown_id_was_asked_for(self, client):
        record(audit.MEDIA_REFUSED, target=StoredMedia(public_id=UUID(int=7)))
        assert str(UUID(int=7)) in client.get(PAGE).text

    def test_a_file_that_may_not_be_seen_is_hidden_where_its_attempt_is_not(self):
        record(target=make_media(make_attempt(), MediaKind.VIDEO, b"video"), sha256="f" * 64)
        [row] = signed_in(make_user("view_auditevent", "view_verificationattempt")).get(PAGE).context["rows"]
        assert (row.details, row.proof, row.record) == ("hidden", "", "")

    def test_a_link_leads_to_the_review_only_where_there_is_one_to_see(self, client):
        attempt = make_attempt()
        record(target=attempt)
        link = f"/review/{attempt.public_id}/"
        assert link not in client.get(PAGE).text
        in_step(attempt)
        assert link in client.get(PAGE).text
        assert link not in signed_in(make_user("view_auditevent", "view_verificationattempt")).get(PAGE).text


class TestBlindness:
    """A proposal that waits for a blind second look."""

    @pytest.fixture
    def proposed(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        maker = make_supervisor()
        review = make_review()
        decide(review, maker, APPROVE)
        return review, maker

    def details(self, person, review) -> Row:
        events = AuditEvent.objects.filter(action=actions.DECISION_PROPOSED)
        return rows(list(events), person)[0]

    def test_it_is_told_to_nobody_but_its_maker(self, client, auditor, proposed):
        review, maker = proposed
        row = self.details(auditor, review)
        assert (row.details, row.proof) == ("hidden until the second person has decided", "")
        assert "approve" in self.details(maker, review).proof
        page = client.get(f"{PAGE}?action=decisions").text
        assert "hidden until" in page and "&quot;outcome&quot;" not in page

    @pytest.mark.parametrize("is_undone", [True, False])
    def test_what_was_withdrawn_before_it_stays_hidden_too(self, client, settings, is_undone):
        settings.LIVENESS_REVIEW_SAMPLE, settings.LIVENESS_REVIEW_UNDO = 1, 30
        review = make_review()
        propose_again(review, make_supervisor(), REJECT, is_undone=is_undone)
        page = client.get(PAGE, {"action": "decisions"})
        assert [row.proof for row in page.context["rows"]] == ["", "", ""]
        assert "attack.print" not in page.text and "Printed photo" not in page.text
        decide(review, make_supervisor(), REJECT)
        assert client.get(PAGE, {"action": "decisions"}).text.count("attack.print") >= 3

    @pytest.mark.parametrize("is_blind", [True, False])
    def test_without_a_look_at_reviews_no_decision_is_told(self, settings, is_blind):
        settings.LIVENESS_REVIEW_SAMPLE = int(is_blind)
        decide(make_review(), make_supervisor(), REJECT)
        client = signed_in(make_user("view_auditevent", "view_verificationattempt", "view_storedmedia"))
        [row] = client.get(PAGE, {"action": "decisions"}).context["rows"]
        assert (row.details, row.proof) == ("hidden", "")
        assert all(row.proof for row in client.get(PAGE, {"action": "looks"}).context["rows"])

    def test_it_is_told_once_the_second_person_has_decided(self, auditor, proposed):
        review, _maker = proposed
        decide(review, make_supervisor(), REJECT)
        assert "approve" in self.details(auditor, review).proof
