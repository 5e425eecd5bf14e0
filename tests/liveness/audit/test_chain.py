"""Recording audit events in a chain, and what verifying the chain notices."""

import pytest
from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor, rows
from liveness.exceptions import ChainError
from liveness.models import AuditEvent, AuditHead
from tests.liveness.audit.chain import ACTOR, record, tamper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_it_verifies_an_untouched_chain():
    record(5)
    verdict = audit.verify()
    assert (verdict.events, verdict.broken_at) == (5, None)
    assert verdict.head == AuditEvent.objects.get(sequence=5).hash


def test_it_verifies_an_empty_chain():
    assert audit.verify() == audit.Verdict(0, audit.GENESIS)


def test_it_names_the_first_changed_event():
    record(5)
    tamper("UPDATE liveness_auditevent SET actor = %s WHERE sequence IN (3, 4)", "user:99")
    assert audit.verify().broken_at == 3


def test_a_hash_that_is_no_hash_is_named_too():
    record(3)
    tamper("UPDATE liveness_auditevent SET hash = %s WHERE sequence = 2", "\u00e9")
    assert audit.verify().broken_at == 2


def test_it_names_a_removed_event():
    record(5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence = 2")
    assert audit.verify().broken_at == 2


def test_it_notices_a_cut_tail():
    record(5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence > 3")
    assert audit.verify().broken_at == 4


def test_it_notices_two_events_that_changed_places():
    record(4)
    tamper("UPDATE liveness_auditevent SET sequence = 20 WHERE sequence = 2")
    tamper("UPDATE liveness_auditevent SET sequence = 2 WHERE sequence = 3")
    tamper("UPDATE liveness_auditevent SET sequence = 3 WHERE sequence = 20")
    assert audit.verify().broken_at == 2


def test_a_lost_head_is_broken_although_nothing_is_walked():
    record(3)
    AuditHead.objects.all().delete()
    assert audit.verify().broken_at == 1


@pytest.mark.parametrize("kept", [0, 2])
def test_a_head_that_was_set_back_is_broken_at_the_first_event_it_hides(kept):
    record(3)
    hashes = [audit.GENESIS, *AuditEvent.objects.order_by("sequence").values_list("hash", flat=True)]
    AuditHead.objects.update(sequence=kept, hash=hashes[kept])
    assert audit.verify().broken_at == kept + 1


def test_a_head_with_another_hash_is_broken():
    record(3)
    AuditHead.objects.update(hash="f" * 64)
    assert audit.verify().broken_at == 3


def test_an_event_inserted_ahead_of_the_head_is_broken():
    record(3)
    forge(9)
    assert audit.verify().broken_at == 9


def test_events_appended_during_the_walk_break_nothing(monkeypatch):
    record(3)
    walk = rows.events

    def busy(last):
        yield from walk(last)
        record(2)

    monkeypatch.setattr(rows, "events", busy)
    assert audit.verify().broken_at is None


@pytest.mark.parametrize("change", [{"sequence": 0, "hash": audit.GENESIS}, {"hash": "f" * 64}])
def test_nothing_is_recorded_behind_a_head_that_was_set_elsewhere(change):
    record(2)
    AuditHead.objects.update(**change)
    with pytest.raises(ChainError, match="liveness_verify_audit"):
        record(1)
    assert AuditEvent.objects.count() == 2


def test_nothing_is_recorded_without_the_head():
    record(2)
    AuditHead.objects.all().delete()
    with pytest.raises(ChainError):
        record(1)
    assert not AuditHead.objects.exists()


@pytest.fixture
def tokyo():
    """A database connection that gives its times in another zone than UTC."""

    def use(zone):
        connection.close()
        connection.settings_dict["TIME_ZONE"] = zone
        for cached in ("timezone", "timezone_name"):
            vars(connections[DEFAULT_DB_ALIAS]).pop(cached, None)

    before = connection.settings_dict["TIME_ZONE"]
    use("Asia/Tokyo")
    yield
    use(before)


def test_the_chain_verifies_in_every_time_zone_of_the_connection(tokyo):
    record(2)
    assert AuditEvent.objects.get(sequence=1).at.utcoffset()
    assert audit.verify().broken_at is None


@pytest.mark.parametrize("key", ["7", "k" * 64, "k" * 65, "k" * 5000])
def test_every_key_of_a_user_model_fits(key):
    actor = Actor.user(get_user_model()(pk=key))
    with transaction.atomic():
        event = audit.record("liveness.test.happened", actor=actor)
    event.full_clean(validate_unique=False)
    assert (actor.name == f"user:{key}") == (len(key) <= 64)


def test_two_long_keys_are_two_actors():
    assert Actor.user(get_user_model()(pk="k" * 99)) != Actor.user(get_user_model()(pk="k" * 98))


def test_another_key_does_not_verify(settings):
    settings.LIVENESS_AUDIT_KEY = "the key"
    record(2)
    settings.LIVENESS_AUDIT_KEY = "another key"
    assert audit.verify().broken_at == 1


def test_it_refuses_an_event_outside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("liveness.test.happened", actor=ACTOR)


def test_an_event_goes_with_the_transaction_that_failed():
    record(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("liveness.test.happened", actor=ACTOR)
        raise ZeroDivisionError
    assert audit.verify().events == 1


def forge(sequence):
    """An event whose writer has no key."""
    AuditEvent.objects.create(
        sequence=sequence,
        at=timezone.now(),
        action="liveness.media.viewed",
        actor="user:1",
        previous_hash="0" * 64,
        hash="f" * 64,
    )
