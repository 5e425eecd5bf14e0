"""Reviews, claims, decisions and notes in the admin: looked at by whoever may, and written by nobody."""

import re

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import notes
from liveness.review.models import Claim, Decision, Note, Review
from liveness.review.policy import APPROVE, ESCALATE, REJECT
from tests.liveness.review.working import (
    OURS_ONLY,
    decide,
    fresh,
    make_review,
    make_reviewer,
    make_supervisor,
    propose_again,
    recorded,
)
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
ADMIN = "/admin/liveness_review/"
MODELS = {"review": Review, "decision": Decision, "claim": Claim, "note": Note}
SEE = ("view_verificationattempt", "view_review", "view_decision", "view_claim", "view_note")


@pytest.fixture
def root():
    return signed_in(make_user(is_staff=True, is_superuser=True))


@pytest.fixture
def review():
    return worked_on()


def worked_on(**fields) -> Review:
    """A review with a claim, a decision and a note."""
    review, person = make_review(**fields), make_reviewer()
    decide(review, person, APPROVE)
    notes.write(review, "Looked at twice.", author=person, now=timezone.now())
    return fresh(review)


def staff(*permissions):
    return signed_in(make_user(*permissions, is_staff=True))


def shown(client, name, **query) -> list:
    return list(client.get(f"{ADMIN}{name}/", query).context["cl"].result_list)


def page_of(name) -> str:
    return f"{ADMIN}{name}/{MODELS[name].objects.first().pk}/change/"


def told(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


@pytest.mark.parametrize("name", MODELS)
def test_nobody_writes_them_whatever_is_posted(root, review, name):
    before = list(MODELS[name].objects.values_list())
    forged = {"state": "open", "outcome": "reject", "text": "forged", "_save": "Save"}
    page = page_of(name)
    assert root.post(page, forged).status_code == 403
    assert root.get(f"{ADMIN}{name}/add/").status_code == root.post(f"{ADMIN}{name}/add/", forged).status_code == 403
    assert root.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    key = MODELS[name].objects.first().pk
    root.post(f"{ADMIN}{name}/", {"action": "delete_selected", "_selected_action": key, "index": 0, "post": "yes"})
    assert list(MODELS[name].objects.values_list()) == before


@pytest.mark.parametrize("name", MODELS)
def test_no_page_offers_to_change_or_delete(root, review, name):
    for page in (f"{ADMIN}{name}/", page_of(name)):
        text = root.get(page).text
        assert 'name="_save"' not in text and "delete_selected" not in text and "/delete/" not in text


@pytest.mark.parametrize("name", MODELS)
def test_each_needs_its_own_permission_and_one_for_the_attempt(review, name):
    own = f"view_{name}"
    for page in (f"{ADMIN}{name}/", page_of(name)):
        assert staff("view_verificationattempt", own).get(page).status_code == 200
        assert staff(*set(SEE) - {own}).get(page).status_code == 403
    assert shown(staff(own), name) == []
    assert staff(own).get(page_of(name)).status_code == 302


@pytest.mark.parametrize("name", MODELS)
def test_what_the_policy_hides_is_not_there(root, name, settings):
    hidden = worked_on(region="ap-jakarta")
    page = page_of(name)
    worked_on(region="ap-singapore")
    settings.LIVENESS_ACCESS_POLICY = OURS_ONLY
    assert len(shown(root, name)) == 1
    assert root.get(page).status_code == 302
    for text in (str(hidden.attempt.public_id), hidden.attempt.sdk_token):
        assert "Nothing matches" in told(root.post(f"{ADMIN}{name}/find/", {"q": text}))


@pytest.mark.parametrize("name", MODELS)
def test_they_are_found_by_their_attempt_and_no_token_goes_into_an_address(root, review, name):
    worked_on()
    attempt = review.attempt
    for text in (attempt.sdk_token, str(attempt.public_id), attempt.public_id.hex):
        target = root.post(f"{ADMIN}{name}/find/", {"q": text})["Location"]
        assert attempt.sdk_token not in target
        (row,) = root.get(target).context["cl"].result_list
        assert (row.pk if name == "review" else row.review_id) == review.pk


@pytest.mark.parametrize("name", ["decision", "claim"])
def test_those_with_an_id_are_found_by_it(root, review, name):
    worked_on()
    row = MODELS[name].objects.first()
    assert shown(root, name, q=str(row.public_id)) == [row]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("text", ["\x00", "%", "subject-1", "x" * 5000, "00000000-0000-4000-8000-000000000000"])
def test_the_search_is_exact(root, review, name, text):
    assert "Nothing matches" in told(root.post(f"{ADMIN}{name}/find/", {"q": text}))


@pytest.mark.parametrize("name", MODELS)
def test_a_list_costs_the_same_for_few_and_many_rows_and_never_counts(root, name):
    costs = []
    for count in (2, 8):
        for _ in range(count):
            worked_on()
        with CaptureQueriesContext(connection) as queries:
            assert root.get(f"{ADMIN}{name}/").status_code == 200
        assert not any("COUNT(" in query["sql"] for query in queries)
        costs.append(len(queries))
    assert costs == [3, 3]


def test_reviews_are_listed_by_state_in_the_order_of_its_index(root):
    first, second, third = make_review(), make_review(), make_review()
    decide(second, make_reviewer(), ESCALATE)
    assert shown(root, "review", state__exact="open") == [third, first]
    assert shown(root, "review", state__exact="escalated") == [second]
    assert root.get(f"{ADMIN}review/?evidence_digest__startswith=a").status_code == 400


def test_the_page_of_a_decision_tells_what_it_stands_on(root, review):
    text = root.get(page_of("decision")).text
    decision = Decision.objects.get()
    for part in (decision.evidence_digest, str(decision.public_id), decision.maker.get_username(), "opened_at"):
        assert part in text


def test_a_blind_proposal_is_told_to_its_maker_alone(settings):
    settings.LIVENESS_REVIEW_SAMPLE = 1
    maker = make_supervisor(is_staff=True)
    maker.user_permissions.add(*make_user(*SEE).user_permissions.all())
    review = make_review()
    proposal = decide(review, maker, APPROVE)
    others = staff(*SEE)
    assert shown(others, "decision") == []
    assert others.get(page_of("decision")).status_code == 302
    page = others.get(f"{ADMIN}review/{review.pk}/change/").text
    assert str(proposal.public_id) in page and "Approve" not in page
    assert shown(signed_in(maker), "decision") == [proposal]
    decide(review, make_supervisor(), APPROVE)
    assert proposal in shown(others, "decision")


@pytest.mark.parametrize("is_undone", [True, False])
def test_nothing_around_a_blind_proposal_is_told_either(settings, is_undone):
    settings.LIVENESS_REVIEW_SAMPLE, settings.LIVENESS_REVIEW_UNDO = 1, 30
    maker, review, others = make_supervisor(), make_review(), staff(*SEE)
    propose_again(review, maker, REJECT, is_undone=is_undone)
    notes.write(review, "The edge shows.", author=maker, now=timezone.now())
    assert shown(others, "decision") == shown(others, "note") == []
    assert others.get(page_of("note")).status_code == 302
    decide(review, make_supervisor(), REJECT)
    assert (len(shown(others, "decision")), len(shown(others, "note"))) == (4, 1)


def test_the_audit_in_the_admin_withholds_a_blind_proposal_until_it_is_settled(settings):
    settings.LIVENESS_REVIEW_SAMPLE = 1
    review, auditor = make_review(), staff(*SEE, "view_auditevent")
    decide(review, make_supervisor(), REJECT)
    [event] = recorded(actions.DECISION_PROPOSED)
    page = f"/admin/liveness/auditevent/{event.pk}/change/"
    text = auditor.get(page).text
    assert "hidden until the second person has decided" in text
    assert "attack.print" not in text and "reject" not in text
    decide(review, make_supervisor(), REJECT)
    assert "attack.print" in auditor.get(page).text
    assert "attack.print" not in staff("view_auditevent", "view_verificationattempt").get(page).text


def test_an_open_claim_has_no_end(root):
    review = make_review()
    claims.claim(review, person=make_reviewer(), now=timezone.now())
    assert "–" in root.get(f"{ADMIN}claim/").text
    assert root.get(page_of("claim")).status_code == 200


def test_attempt_review_decisions_and_subject_lead_to_each_other(root, review):
    attempt = review.attempt
    other = worked_on(subject_reference=attempt.subject_reference)
    for page in (f"/admin/liveness/verificationattempt/{attempt.pk}/change/", page_of_row("review", review.pk)):
        links = re.findall(r'href="([^"]+)"', root.get(page).text)
        for name in ("decision", "claim", "note"):
            (address,) = [link for link in links if link.startswith(f"{ADMIN}{name}/?")]
            assert {row.review_id for row in root.get(address).context["cl"].result_list} == {review.pk}
        (address,) = [link for link in links if "subject_of=" in link]
        assert attempt.subject_reference not in address
        rows = {row.pk for row in root.get(address).context["cl"].result_list}
        assert rows == {attempt.pk, other.attempt.pk}
        assert f"/review/{attempt.public_id}/" in links
    decision = Decision.objects.get(review=review)
    text = root.get(page_of_row("decision", decision.pk)).text
    assert f'href="{page_of_row("review", review.pk)}"' in text
    assert f'href="/admin/liveness/verificationattempt/{attempt.pk}/change/"' in text


def test_links_lead_nowhere_that_a_person_may_not_go(review):
    page = f"/admin/liveness/verificationattempt/{review.attempt.pk}/change/"
    assert ADMIN not in staff("view_verificationattempt").get(page).text
    assert f"{ADMIN}note/" not in staff("view_verificationattempt", "view_review", "view_decision").get(page).text


def test_the_subject_of_a_hidden_attempt_is_not_found(root, settings):
    hidden = worked_on(region="ap-jakarta")
    worked_on(region="ap-singapore")
    settings.LIVENESS_ACCESS_POLICY = OURS_ONLY
    address = f"/admin/liveness/verificationattempt/?subject_of={hidden.attempt.public_id}"
    assert list(root.get(address).context["cl"].result_list) == []


@pytest.mark.parametrize("name", ["decision", "claim", "note"])
def test_they_are_filtered_by_date(root, review, name):
    assert len(shown(root, name, period="today")) == len(shown(root, name)) > 0
    assert shown(root, name, period="yesterday") == []


def test_the_audit_list_has_the_words_of_reviews(root, review):
    text = root.get("/admin/liveness/auditevent/").text
    assert "Review claimed" in text and "Decided" in text


def page_of_row(name, key) -> str:
    return f"{ADMIN}{name}/{key}/change/"
