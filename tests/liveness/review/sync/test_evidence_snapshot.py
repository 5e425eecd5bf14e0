"""The evidence as one value: what changes its digest, and what does not."""

import pytest
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.models import MediaKind, MediaState
from liveness.review.sync import evidence_snapshot
from tests.builders import make_media, make_result
from tests.liveness.review.working import NO_MEDIA, answer, fresh, in_step, make_review, register

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")


class TestDigest:
    def test_it_is_the_same_for_the_same_evidence(self):
        review = make_review()
        assert in_step(review.attempt).version == review.version
        assert evidence_snapshot.digest(evidence_snapshot.snapshot(review.attempt)) == review.evidence_digest
        settled = life_cycle.settle(review.pk, now=timezone.now())
        assert fresh(settled).evidence_digest == review.evidence_digest

    def test_the_same_answer_again_is_no_news(self):
        attempt = register()
        result = make_result(**NO_MEDIA)
        first = answer(attempt, result)
        again = answer(attempt, make_result(**NO_MEDIA))
        assert (again.evidence_digest, again.version) == (first.evidence_digest, first.version)

    @pytest.mark.parametrize(
        "change",
        [
            {"state": MediaState.LOST, "file": "", "thumbnail": ""},
            {"damaged_at": timezone.now()},
            {"sha256": "f" * 64},
        ],
    )
    def test_it_changes_with_a_file(self, change):
        review = make_review()
        review.attempt.media.filter(kind=MediaKind.VIDEO).update(**change)
        assert in_step(review.attempt).evidence_digest != review.evidence_digest

    def test_it_changes_with_a_new_file(self):
        review = make_review()
        make_media(review.attempt, MediaKind.VIDEO, b"another take")
        assert in_step(review.attempt).version == review.version + 1

    @pytest.mark.parametrize("result", [make_result("1002", **NO_MEDIA), make_result("-999", **NO_MEDIA)])
    def test_it_changes_with_a_new_answer(self, result):
        attempt = register()
        before = answer(attempt, make_result(**NO_MEDIA))
        after = answer(attempt, result)
        assert after.evidence_digest != before.evidence_digest
        assert after.version == before.version + 1

    @pytest.mark.parametrize(
        "change", [{"verified_at": timezone.now()}, {"fetch_count": 9}, {"reason": "slow"}, {"thumbnail": "x"}]
    )
    def test_it_says_nothing_of_what_is_no_evidence(self, change):
        review = make_review()
        review.attempt.media.update(**change)
        assert in_step(review.attempt).evidence_digest == review.evidence_digest
