"""The same file under another subject."""

import pytest
from django.db import connection, transaction

from liveness.models import MediaKind, MediaState, Outcome, StoredMedia
from liveness.review import locking
from liveness.review.models import Review
from liveness.review.sync.duplicates import SEEN_BEFORE, duplicates
from tests.builders import make_attempt, make_media
from tests.liveness.review.working import fresh, in_step, make_review

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
FILE = b"the same bytes"
MD5 = "0" * 31 + "1"


def make_twin(content=FILE, *, subject="another", kind=MediaKind.VIDEO, **fields) -> StoredMedia:
    attempt = make_attempt(outcome=Outcome.PASSED, subject_reference=subject)
    return make_media(attempt, kind, content, **fields)


def make_lost(subject="another", md5=MD5, state=MediaState.LOST) -> StoredMedia:
    attempt = make_attempt(outcome=Outcome.PASSED, subject_reference=subject)
    return StoredMedia.objects.create(
        attempt=attempt, kind=MediaKind.VIDEO, state=state, declared_md5=md5, declared_size=9
    )


def test_the_same_file_of_another_subject_is_a_twin():
    one, other = make_twin(subject="one"), make_twin()
    make_twin(b"other bytes", subject="third")
    assert list(duplicates(one.attempt)) == [other]
    assert list(duplicates(other.attempt)) == [one]


def test_a_picture_may_be_the_twin_of_a_video():
    one, other = make_twin(subject="one"), make_twin(kind=MediaKind.BEST_FRAME)
    assert list(duplicates(one.attempt)) == [other]


def test_the_same_file_of_the_same_subject_is_none():
    one, other = make_twin(subject="one"), make_twin(subject="one")
    assert not duplicates(one.attempt)
    assert not duplicates(other.attempt)


def test_a_file_that_never_arrived_is_known_by_its_declared_digest():
    stored = make_twin(subject="one")
    lost = make_lost(md5=stored.declared_md5)
    wanted = make_lost(subject="third", md5=stored.declared_md5, state=MediaState.WANTED)
    assert list(duplicates(stored.attempt)) == [wanted, lost]
    assert list(duplicates(lost.attempt)) == [wanted, stored]


def test_files_of_which_nothing_was_declared_are_no_twins():
    one, _ = make_lost("one", md5=""), make_lost(md5="")
    assert not duplicates(one.attempt)


def test_a_file_that_the_vendor_did_not_send_is_none():
    one = make_lost("one")
    make_lost(state=MediaState.ABSENT)
    assert not duplicates(one.attempt)


def test_the_newest_comes_first():
    one = make_twin(subject="one")
    later = [make_twin(subject=f"subject-{number}") for number in range(3)]
    assert list(duplicates(one.attempt)) == later[::-1]


@pytest.mark.parametrize("state", [MediaState.STORED, MediaState.LOST])
def test_it_is_found_by_an_index(state):
    one = make_twin(subject="one") if state == MediaState.STORED else make_lost("one")
    # In a small table, or one of which it knows nothing, a planner may prefer to read everything.
    other = make_attempt()
    lost = {"attempt": other, "kind": MediaKind.VIDEO, "state": MediaState.LOST}
    StoredMedia.objects.bulk_create(StoredMedia(**lost, declared_md5=f"{number:032x}") for number in range(10, 3010))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert "liveness_media_declared" in duplicates(one.attempt).explain()


class TestFlag:
    @pytest.fixture
    def committed(self, django_capture_on_commit_callbacks):
        return lambda: django_capture_on_commit_callbacks(execute=True)

    def test_the_second_copy_is_flagged_and_then_the_first(self, committed):
        first = in_step(make_twin(subject="one").attempt)
        assert first.signals == []
        with committed():
            second = in_step(make_twin().attempt)
        assert second.signals == [SEEN_BEFORE]
        first = fresh(first)
        assert (first.signals, first.is_flagged, first.version) == ([SEEN_BEFORE], True, 1)

    def test_it_keeps_the_other_signals_of_the_first(self, committed):
        attempt = make_twin(subject="one").attempt
        StoredMedia.objects.create(attempt=attempt, kind=MediaKind.BEST_FRAME, state=MediaState.LOST)
        first = in_step(attempt)
        with committed():
            in_step(make_twin().attempt)
        assert set(fresh(first).signals) == {SEEN_BEFORE, "lost"}
        assert set(in_step(attempt).signals) == {SEEN_BEFORE, "lost"}

    def test_a_twin_that_has_no_review_yet_is_passed_over(self, committed):
        first = make_twin(subject="one")
        with committed():
            in_step(make_twin().attempt)
        assert not Review.objects.filter(pk=first.attempt_id).exists()

    def test_a_twin_that_is_flagged_is_not_locked_again(self, committed, monkeypatch):
        first = in_step(make_twin(subject="one").attempt)
        with committed():
            second = in_step(make_twin().attempt)
        monkeypatch.setattr(locking, "lock", lambda *args, **more: pytest.fail("it was locked"))
        with committed():
            in_step(second.attempt)
        assert fresh(first).signals == [SEEN_BEFORE]

    def test_a_change_stands_although_its_twins_cannot_be_told(self, committed, monkeypatch, caplog):
        in_step(make_twin(subject="one").attempt)
        monkeypatch.setattr(locking, "lock", lambda *args, **more: 1 / 0)
        with committed():
            second = in_step(make_twin().attempt)
        assert fresh(second).signals == [SEEN_BEFORE]
        assert "ZeroDivisionError" in caplog.text

    def test_no_lock_of_another_attempt_is_taken_before_the_commit(self, committed):
        first = in_step(make_twin(subject="one").attempt)
        with committed() as callbacks, transaction.atomic():
            in_step(make_twin().attempt)
            assert fresh(first).signals == []
        assert len(callbacks) == 1

    def test_a_review_without_twins_waits_for_no_commit(self, committed):
        with committed() as callbacks:
            make_review()
        assert callbacks == []
