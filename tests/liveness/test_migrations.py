"""Migrations on tables that hold something already."""

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.utils import timezone

from liveness.models import MediaCondition, MediaKind, Outcome, Poll, StoredMedia, append_only
from tests.builders import make_attempt, make_media

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
BEFORE = ("liveness", "0008_media_root")


@pytest.fixture
def older():
    """The models as they were, on tables that go back to what they are at the end."""
    latest = [name for name in MigrationExecutor(connection).loader.graph.leaf_nodes() if name[0] == "liveness"]
    yield lambda: MigrationExecutor(connection).migrate([BEFORE])
    MigrationExecutor(connection).migrate(latest)
    call_command("flush", interactive=False, verbosity=0)


def test_older_answers_and_files_are_taken_over_and_the_ledger_stays_protected(older):
    attempt = make_attempt(outcome=Outcome.PASSED)
    poll = Poll.objects.create(
        attempt=attempt, sequence=1, asked_at=timezone.now(), result_code="0", digest="d", answer={}
    )
    flaws = {
        "it is not a video of a known type": MediaCondition.UNKNOWN_TYPE,
        "the picture does not decode (OSError)": MediaCondition.UNDECODABLE,
        "the picture takes too long to decode": MediaCondition.TOO_LARGE,
        "it could not be inspected when it was kept": MediaCondition.NOT_INSPECTED,
        "": "",
    }
    for number, flaw in enumerate(flaws):
        make_media(attempt, MediaKind.VIDEO, b"video %d" % number, flaw=flaw)
    older()
    MigrationExecutor(connection).migrate([("liveness", "0009_answers")])
    assert dict(StoredMedia.objects.values_list("flaw", "condition")) == flaws
    assert Poll.objects.get(pk=poll.pk).result_code == "0"
    assert append_only.unprotected(connection) == []
    with pytest.raises(DatabaseError), transaction.atomic():
        Poll.objects.filter(pk=poll.pk).update(result_code="1")
