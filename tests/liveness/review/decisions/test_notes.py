from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.audit import Actor
from liveness.exceptions import ChainError
from liveness.models import AuditHead
from liveness.review import actions
from liveness.review.decisions import notes
from liveness.review.exceptions import RefusedError
from liveness.review.models import Note
from liveness.review.policy import LONGEST_TEXT
from tests.liveness.review.working import make_review, make_reviewer, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


@pytest.fixture
def review():
    return make_review(has_media=False)


@pytest.fixture
def author():
    return make_reviewer()


def write(review, text, author) -> Note:
    return notes.write(review, text, author=author, now=NOW)


def test_a_note_is_kept_and_recorded_without_its_text(review, author):
    note = write(review, " Ask the branch.\0\n", author)
    note.refresh_from_db()
    assert (note.text, note.author, note.written_at, note.review) == ("Ask the branch.", author, NOW, review)
    [event] = recorded(actions.NOTE_WRITTEN)
    assert (event.actor, event.object_id) == (Actor.user(author).name, str(review.attempt.public_id))
    assert "branch" not in event.details


def test_notes_stand_in_the_order_in_which_they_were_written(review, author):
    for text in ("one", "two", "three"):
        write(review, text, author)
    assert [note.text for note in review.notes.all()] == ["one", "two", "three"]


@pytest.mark.parametrize("text", ["", " \n", "\0"])
def test_an_empty_note_is_refused(review, author, text):
    with pytest.raises(RefusedError, match="Write something"):
        write(review, text, author)


def test_a_note_is_bounded(review, author):
    write(review, "x" * LONGEST_TEXT, author)
    with pytest.raises(RefusedError, match="4,000"):
        write(review, "x" * (LONGEST_TEXT + 1), author)
    assert Note.objects.count() == 1


def test_a_note_that_cannot_be_recorded_is_none(review, author):
    AuditHead.objects.update(hash="f" * 64)
    with pytest.raises(ChainError):
        write(review, "lost", author)
    assert not Note.objects.exists()


def test_the_same_note_sent_twice_is_one(review, author):
    first = write(review, "Ask the branch.", author)
    assert write(review, "Ask the branch.", author) == first
    assert notes.write(review, "Ask the branch.", author=author, now=NOW + timedelta(minutes=2)) != first
    assert len(recorded(actions.NOTE_WRITTEN)) == 2
