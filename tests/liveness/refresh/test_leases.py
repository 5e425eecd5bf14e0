import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from liveness.models import VerificationAttempt
from liveness.refresh import leases
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def take(owner: str, limit: int = 10, now=None):
    now = now or timezone.now()
    return leases.take(VerificationAttempt.objects.due(now), limit, owner=owner, now=now)


def test_an_attempt_is_held_by_one_run_only():
    attempt = make_attempt()
    assert [held.id for held in take("first")] == [attempt.id]
    assert take("second") == []


def test_the_most_overdue_comes_first():
    now = timezone.now()
    late = make_attempt(next_poll_at=now - timedelta(minutes=1))
    later = make_attempt(next_poll_at=now - timedelta(minutes=2))
    assert [held.id for held in take("run", now=now)] == [later.id, late.id]


def test_an_attempt_that_is_not_due_is_left_alone():
    make_attempt(next_poll_at=timezone.now() + timedelta(minutes=1))
    assert take("run") == []


def test_a_released_attempt_is_free_again():
    attempt = make_attempt()
    take("first")
    leases.release([attempt.id], owner="first")
    assert [held.id for held in take("second")] == [attempt.id]


def test_only_the_owner_can_release():
    attempt = make_attempt()
    take("first")
    leases.release([attempt.id], owner="second")
    assert take("third") == []


def test_what_a_killed_run_held_comes_free_in_time():
    attempt = make_attempt()
    take("killed")
    later = timezone.now() + leases.LEASE + timedelta(seconds=1)
    assert [held.id for held in take("next", now=later)] == [attempt.id]
    assert not leases.renew(attempt.id, owner="killed", now=later)


def test_what_a_run_still_holds_is_prolonged_and_nothing_is_shortened():
    mine, lost, longer = (make_attempt() for _ in range(3))
    now = timezone.now()
    take("mine")
    VerificationAttempt.objects.filter(pk=lost.pk).update(lease_owner="another")
    leases.renew(longer.pk, owner="mine", now=now, length=leases.FOR_FILES)
    later = now + timedelta(minutes=1)
    leases.prolong([mine.pk, lost.pk, longer.pk], owner="mine", now=later)
    ends = dict(VerificationAttempt.objects.values_list("pk", "lease_expires_at"))
    assert ends[mine.pk] == later + leases.LEASE
    assert ends[lost.pk] < later + leases.LEASE
    assert ends[longer.pk] == now + leases.FOR_FILES


def test_many_threads_never_hold_the_same_attempt():
    for _ in range(60):
        make_attempt()
    held, lock, start = [], threading.Lock(), threading.Barrier(6)

    def work(owner: str) -> None:
        start.wait()
        try:
            while mine := take(owner, 3):
                with lock:
                    held.extend(attempt.id for attempt in mine)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(f"run-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == len(set(held)) == 60
