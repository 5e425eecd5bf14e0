"""Bulk actions: every record is worked on once, by whichever run comes next, and each one's end is on record."""

import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.models import (
    AuditEvent,
    BulkAction,
    BulkActionItem,
    BulkKind,
    ItemState,
    MediaKind,
    Outcome,
    StoredMedia,
    VerificationAttempt,
    WorkerRun,
)
from liveness.models.bulk_action import ITEM_TIMEOUT
from liveness.worker import bulk_actions
from liveness.worker.takeover import take_over
from tests.builders import living_run, make_attempt, make_media, silence, silent_run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")
EVERYTHING = VerificationAttempt.objects.all()


def attempts(count: int) -> list[int]:
    return [make_attempt(subject_reference=f"s{number}").pk for number in range(count)]


def refresh(targets=EVERYTHING, **more) -> BulkAction:
    return bulk_actions.start(BulkKind.REFRESH, targets, actor=ACTOR, now=timezone.now(), **more)


def verify(targets=None) -> BulkAction:
    targets = StoredMedia.objects.all() if targets is None else targets
    return bulk_actions.start(BulkKind.VERIFY, targets, actor=ACTOR, now=timezone.now())


def take(count=100, run="run-1", after=timedelta(0)) -> list[int]:
    return bulk_actions.take(count, run=run, now=timezone.now() + after)


def work_on_files(seconds=60.0, run="run-1", **more) -> int:
    return bulk_actions.work_on_files(seconds, run=run, now=timezone.now(), **more)


def counts(action: BulkAction) -> tuple[int, int, int, int]:
    action.refresh_from_db()
    return action.total, action.done, action.failed, action.skipped


def test_starting_notes_every_record_in_one_statement_and_one_event():
    keys = attempts(5)
    targets = EVERYTHING.filter(subject_reference__gte="s", created_at__lte=timezone.now(), pk__in=keys)
    with CaptureQueriesContext(connection) as captured:
        action = refresh(targets, filters="outcome: Pending", criteria={"outcome__exact": "pending"})
    assert [item.target_id for item in action.items.order_by("id")] == keys
    assert len([query for query in captured if "INSERT INTO" in query["sql"] and "item" in query["sql"]]) == 1
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.object_id) == (audit.BULK_STARTED, ACTOR.name, str(action.public_id))
    assert event.data == {"kind": "refresh", "total": 5, "filters": {"outcome__exact": "pending"}}


@pytest.mark.parametrize("targets", [EVERYTHING, EVERYTHING.none()])
def test_an_action_on_nothing_is_finished_at_once(targets):
    action = refresh(targets)
    assert (action.total, action.is_open, take()) == (0, False, [])


def test_an_attempt_is_given_to_one_run_only_and_its_trail_says_who_asked():
    keys = attempts(5)
    action = refresh()
    assert (take(2, "run-1"), take(2, "run-2"), take(9, "run-3"), take(9, "run-4")) == (
        keys[:2],
        keys[2:4],
        keys[4:],
        [],
    )
    asked = AuditEvent.objects.filter(action=audit.ATTEMPT_REFRESHED)
    assert [event.object_id for event in asked.order_by("sequence")] == [
        str(VerificationAttempt.objects.get(pk=key).public_id) for key in keys
    ]
    assert {(event.actor, event.data["bulk_action"]) for event in asked} == {(ACTOR.name, str(action.public_id))}


def test_finishing_counts_the_item_once_and_the_last_one_ends_the_action():
    first, second = attempts(2)
    action = refresh()
    take()
    bulk_actions.finish(first, now=timezone.now())
    bulk_actions.finish(first, "a later word", now=timezone.now())
    assert (counts(action), action.is_open) == ((2, 1, 0, 0), True)
    bulk_actions.finish(second, "x" * 500, now=timezone.now())
    assert (counts(action), action.is_open) == ((2, 1, 1, 0), False)
    assert action.items.get(state=ItemState.FAILED).problem == "x" * 200


def test_what_no_run_has_taken_is_not_finished_by_another_refresh_of_the_same_attempt():
    [key] = attempts(1)
    action = refresh()
    bulk_actions.finish(key, now=timezone.now())
    assert counts(action) == (1, 0, 0, 0)


def test_two_actions_that_name_one_attempt_both_get_their_end():
    [key] = attempts(1)
    actions = [refresh(), refresh()]
    assert take() == [key]
    bulk_actions.finish(key, now=timezone.now())
    assert [counts(action) for action in actions] == [(1, 1, 0, 0)] * 2


def test_the_items_of_a_killed_run_come_back():
    keys = attempts(2)
    refresh()
    assert take(run="killed") == keys
    assert take(run="next") == []
    assert take(run="next", after=ITEM_TIMEOUT) == keys


def test_what_a_killed_run_held_comes_back_as_soon_as_it_is_silent():
    [key, _file] = [attempts(1)[0], files(1)[0]]
    action, verification = refresh(EVERYTHING.filter(pk=key)), verify()
    assert take(run=living_run("killed")) == [key]
    verification.items.update(taken_at=timezone.now(), run="killed")
    assert (take(run="next"), work_on_files(run="next")) == ([], 0)
    silence(WorkerRun.objects.filter(id="killed"))
    assert (take(run="next"), work_on_files(run="next")) == ([key], 1)
    assert (counts(action), counts(verification)) == ((1, 0, 0, 0), (1, 1, 0, 0))


def test_taking_over_frees_what_a_killed_run_held():
    [key] = attempts(1)
    refresh()
    assert take(run=silent_run("killed")) == [key]
    take_over(threading.Event())
    assert take(run="next") == [key]


def test_a_report_is_kept_for_thirty_days_and_the_numbers_for_ever(monkeypatch):
    monkeypatch.setattr(bulk_actions, "PRUNED_AT_ONCE", 2)
    attempts(3)
    old, new, waiting = refresh(), refresh(), refresh()
    now = timezone.now()
    for action, age in ((old, timedelta(days=30)), (new, timedelta(days=29))):
        bulk_actions.cancel(action, actor=ACTOR, now=now - age)
    assert [bulk_actions.prune(now=now) for _ in range(3)] == [2, 1, 0]
    assert [action.items.count() for action in (old, new, waiting)] == [0, 3, 3]
    assert counts(old) == (3, 0, 0, 3)


def test_a_run_that_ends_gives_back_what_it_did_not_finish():
    first, second = attempts(2)
    refresh()
    take(run="ending")
    bulk_actions.finish(first, now=timezone.now())
    assert bulk_actions.give_back("ending") == 1
    assert bulk_actions.give_back("") == 0
    assert take(run="next") == [second]


def test_cancelling_skips_what_is_pending_and_keeps_what_is_done():
    keys = attempts(3)
    action = refresh()
    take(2)
    bulk_actions.finish(keys[0], now=timezone.now())
    assert bulk_actions.cancel(action, actor=ACTOR, now=timezone.now()) == 2
    assert bulk_actions.cancel(action, actor=ACTOR, now=timezone.now()) == 0
    # What was under way ends later, and changes nothing.
    bulk_actions.finish(keys[1], now=timezone.now())
    assert (counts(action), action.is_open) == ((3, 1, 0, 2), False)
    assert take(after=ITEM_TIMEOUT) == []
    assert AuditEvent.objects.filter(action=audit.BULK_CANCELLED).get().data == {"skipped": 2}


def files(count: int) -> list[StoredMedia]:
    return [make_media(make_attempt(), MediaKind.VIDEO, uuid.uuid4().bytes) for _ in range(count)]


def test_files_are_verified_and_the_damaged_one_is_named():
    sound, damaged, purged = files(3)
    action = verify()
    Path(damaged.file.path).write_bytes(b"changed")
    StoredMedia.objects.filter(pk=purged.pk).update(state="purged", file="")
    assert work_on_files() == 3
    assert (counts(action), action.is_open) == ((3, 1, 1, 1), False)
    problems = dict(action.items.values_list("target_id", "problem"))
    assert problems == {sound.pk: "", damaged.pk: bulk_actions.DAMAGED, purged.pk: bulk_actions.NOT_STORED}
    looked = AuditEvent.objects.filter(action__in=(audit.MEDIA_VERIFIED, audit.MEDIA_DAMAGED))
    assert {event.actor for event in looked} == {ACTOR.name}


def test_verifying_ends_with_its_time_or_when_it_is_told_to_and_gives_the_rest_back():
    files(2)
    action = verify()
    stop = threading.Event()
    stop.set()
    assert work_on_files(stop=stop) == work_on_files(seconds=0) == 0
    assert not BulkActionItem.objects.exclude(taken_at=None).exists()
    assert work_on_files() == 2
    assert counts(action) == (2, 2, 0, 0)


def test_a_storage_that_cannot_be_read_fails_no_file_until_it_was_tried_three_times(monkeypatch):
    files(5)
    action = verify()

    def unreadable(file, **more):
        raise MediaError("LIVENESS_MEDIA_ROOT cannot be read now")

    with monkeypatch.context() as patched:
        patched.setattr(media_files, "verify", unreadable)
        assert work_on_files() == 0
        # Three in a row are enough to know: the rest was not tried.
        assert sorted(action.items.values_list("tries", flat=True)) == [0, 0, 1, 1, 1]
        BulkActionItem.objects.update(taken_at=None, tries=bulk_actions.MAX_TRIES - 1)
        assert work_on_files() == 3
        assert counts(action) == (5, 0, 3, 0)
    assert work_on_files() == 2
    assert (counts(action), action.is_open) == ((5, 2, 3, 0), False)


def test_one_file_that_cannot_be_read_does_not_keep_the_others_waiting(monkeypatch):
    bad, *_others = files(5)
    action, honest = verify(), media_files.verify

    def sometimes(file, **more):
        if file.pk == bad.pk:
            raise MediaError("Permission denied")
        return honest(file, **more)

    monkeypatch.setattr(media_files, "verify", sometimes)
    assert work_on_files() == 4
    assert (counts(action), action.is_open) == ((5, 4, 0, 0), True)
    assert bulk_actions.is_waiting()


def test_a_refresh_and_a_verification_do_not_take_each_others_items():
    media_row = files(1)[0]
    verify()
    action = refresh(EVERYTHING.filter(outcome=Outcome.PENDING))
    assert take() == [media_row.attempt_id]
    assert work_on_files() == 1
    bulk_actions.finish(media_row.attempt_id, now=timezone.now())
    assert not action.is_open or counts(action) == (1, 1, 0, 0)
    assert not bulk_actions.is_waiting()


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_share_the_items_and_none_is_given_twice():
    keys, taken, problems = attempts(40), [], []
    refresh()
    ready = threading.Barrier(4)

    def run(name: str) -> None:
        try:
            ready.wait(10)
            while portion := bulk_actions.take(3, run=name, now=timezone.now()):
                for key in portion:
                    taken.append(key)
                    bulk_actions.finish(key, now=timezone.now())
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(f"run-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert sorted(taken) == keys
    assert counts(BulkAction.objects.get()) == (40, 40, 0, 0)
