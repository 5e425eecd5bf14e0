"""A decision that comes too late: nothing is decided on a page that is out of date, and nothing typed on it is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import MediaKind
from liveness.review.claims import claims
from liveness.review.models import Claim, Decision
from liveness.review.policy import REJECT, RETRY
from tests.liveness.review.pages import (
    TYPED,
    address,
    claimed,
    form,
    has_form,
    has_kept,
    reviewer,
    send,
    supervisor,
    typed_in,
)
from tests.liveness.review.working import decide, in_step, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def carried_over(client, conflict, review):
    """Send what the page of the conflict holds on to the workspace."""
    return client.post(address(review, "claim/"), form(conflict, "claim/"), follow=True)


def test_a_claim_that_was_taken_over_is_told_with_by_whom_and_why(review):
    client = reviewer()[1]
    page = claimed(client, review)
    chief = supervisor()[0]
    claims.take_over(review, person=chief, reason="<i>urgent</i>", now=timezone.now())
    conflict = send(client, page, review, **TYPED)
    assert conflict.status_code == 409 and not Decision.objects.exists()
    assert chief.get_username() in conflict.text and "&lt;i&gt;urgent&lt;/i&gt;" in conflict.text
    assert has_kept(conflict, "claim/")


def test_what_cannot_be_carried_over_yet_is_kept_until_it_can(review):
    client = reviewer()[1]
    page = claimed(client, review)
    chief = supervisor()[0]
    claims.take_over(review, person=chief, reason="urgent", now=timezone.now())
    held = carried_over(client, send(client, page, review, **TYPED), review)
    assert "works on this review" in held.text and "Line one\nline &lt;two&gt;" in held.text
    claims.release(review, person=chief, now=timezone.now())
    assert has_kept(claimed(client, review))


def test_a_claim_that_ran_out_and_is_free_again_can_be_renewed_with_the_text(review):
    person, client = reviewer()
    page = claimed(client, review)
    Claim.objects.update(claimed_at=timezone.now() - timedelta(hours=2), expires_at=timezone.now() - timedelta(hours=1))
    other = make_reviewer()
    claims.claim(review, person=other, now=timezone.now())
    claims.release(review, person=other, now=timezone.now())
    conflict = send(client, page, review, **TYPED)
    assert conflict.status_code == 409 and "ran out" in conflict.text and "Claim again" in conflict.text
    again = carried_over(client, conflict, review)
    assert has_kept(again) and "What you typed is back." in again.text
    assert send(client, again, review).status_code == 303
    assert Decision.objects.get().maker == person


def test_one_s_own_release_in_another_window_is_told(review):
    client = reviewer()[1]
    page = claimed(client, review)
    client.post(address(review, "release/"))
    conflict = send(client, page, review, **TYPED)
    assert conflict.status_code == 409 and "You released it" in conflict.text and has_kept(conflict, "claim/")


def test_somebody_else_s_decision_is_told_with_when_and_by_whom(review):
    client = reviewer()[1]
    page = claimed(client, review)
    client.post(address(review, "release/"))
    other = make_reviewer()
    decide(review, other, RETRY)
    conflict = send(client, page, review, **TYPED)
    assert conflict.status_code == 409 and has_kept(conflict, "claim/")
    assert "Asked to retry" in conflict.text and other.get_username() in conflict.text
    assert Decision.objects.count() == 1


def test_a_blind_proposal_made_meanwhile_is_not_told(review, settings):
    settings.LIVENESS_REVIEW_SAMPLE = 1
    client = supervisor()[1]
    page = claimed(client, review)
    client.post(address(review, "release/"))
    maker = make_reviewer()
    maker.username = "the-hidden-maker"
    maker.save()
    decide(review, maker, REJECT)
    conflict = send(client, page, review, **TYPED)
    assert conflict.status_code == 409
    assert "the-hidden-maker" not in conflict.text and "Rejected" not in conflict.text


def test_a_stale_version_is_told(review):
    client = reviewer()[1]
    page = claimed(client, review)
    conflict = send(client, page, review, **TYPED, version="99")
    assert conflict.status_code == 409 and has_kept(conflict, "claim/")
    assert "Somebody has decided on this review since you opened it." in conflict.text
    again = carried_over(client, conflict, review)
    assert has_kept(again) and send(client, again, review).status_code == 303


def test_changed_evidence_is_told_and_has_to_be_looked_at_with_the_text_at_hand(review):
    client = reviewer()[1]
    page = claimed(client, review)
    review.attempt.media.filter(kind=MediaKind.VIDEO).update(damaged_at=timezone.now())
    in_step(review.attempt)
    conflict = send(client, page, review, **TYPED, played="1", marks='[{"at": 1, "text": ""}]')
    assert conflict.status_code == 409 and has_kept(conflict, "claim/")
    assert "The evidence has changed since you opened this page." in conflict.text
    assert "damaged" in conflict.text and not has_form(conflict, "decide/")
    again = carried_over(client, conflict, review)
    assert has_kept(again) and form(again, "decide/")["played"] == [""]
    assert send(client, again, review).status_code == 303


def test_what_was_changed_on_the_page_of_the_conflict_counts(review):
    client = reviewer()[1]
    conflict = send(client, claimed(client, review), review, **TYPED, version="99")
    fields = form(conflict, "claim/") | {"internal_note": "Better words."}
    again = client.post(address(review, "claim/"), fields, follow=True)
    assert typed_in(again)["internal_note"] == "Better words."


@pytest.mark.parametrize("name", ["claim", "version", "evidence_digest"])
@pytest.mark.parametrize("value", ["", "nonsense", "-1", "9" * 30])
def test_a_page_that_cannot_be_read_is_a_conflict_too(review, name, value):
    client = reviewer()[1]
    conflict = send(client, claimed(client, review), review, **(TYPED | {name: value}))
    assert conflict.status_code == 409 and has_kept(conflict, "claim/")


def test_somebody_else_s_claim_is_no_pass(review):
    holder, first = reviewer()
    page = claimed(first, review)
    conflict = send(reviewer()[1], page, review, **TYPED)
    assert conflict.status_code == 409 and not Decision.objects.exists()
    assert f"<bdi>{holder.get_username()}</bdi></strong> holds this review now" in conflict.text
