"""The key of the audit chain: only the one that fits the newest event may write, and a change leaves its mark."""

import json

import pytest
from django.db import transaction

from liveness import audit
from liveness.audit import keys
from liveness.exceptions import AuditKeyError
from liveness.models import AuditCheck, AuditEvent, AuditHead
from tests.liveness.audit.chain import ACTOR, record, tamper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
OLD, NEW = "the-old-key-" + "o" * 40, "the-new-key-" + "n" * 40


@pytest.fixture
def use(settings):
    """Set this process's audit keys, as a restart with another environment would."""

    def use(key: str, *previous: str, secret: str = "", fallbacks: tuple[str, ...] = ()) -> None:
        settings.LIVENESS_AUDIT_KEY = key
        settings.LIVENESS_AUDIT_KEY_PREVIOUS = list(previous)
        settings.SECRET_KEY = secret or settings.SECRET_KEY
        settings.SECRET_KEY_FALLBACKS = list(fallbacks)

    return use


def actions() -> list[str]:
    return [
        action.removeprefix("liveness.")
        for action in AuditEvent.objects.order_by("sequence").values_list("action", flat=True)
    ]


def refused() -> str:
    """Nothing can be recorded, and the same is said without trying; returns what is said."""
    before = AuditHead.objects.values_list("sequence", "hash").get()
    with pytest.raises(AuditKeyError) as refusal:
        record(1)
    assert AuditHead.objects.values_list("sequence", "hash").get() == before
    assert audit.problem() == str(refusal.value)
    assert "\n" not in audit.problem()
    return audit.problem()


def test_an_empty_chain_accepts_any_key(use):
    for key in ("", OLD, NEW):
        use(key)
        assert audit.problem() == ""
    record(2)
    assert actions() == ["test.happened"] * 2
    assert audit.verify().broken_at is None


def test_a_process_with_another_key_records_nothing_and_says_so(use):
    use(OLD)
    record(2)
    use(NEW)
    text = refused()
    assert "LIVENESS_AUDIT_KEY_PREVIOUS" in text
    assert OLD not in text
    assert NEW not in text
    use(OLD)
    record(1)
    assert (audit.verify().events, audit.verify().broken_at) == (3, None)


def test_a_process_that_lost_its_key_does_not_write_with_the_derived_one(use):
    use(OLD)
    record(1)
    use("")
    assert "SECRET_KEY" in refused()


def test_a_new_key_begins_with_an_event_that_names_it(use):
    use(OLD)
    record(2)
    use(NEW, OLD)
    assert audit.problem() == ""
    record(2)
    assert actions() == ["test.happened", "test.happened", "audit.key_changed", "test.happened", "test.happened"]
    event = AuditEvent.objects.get(sequence=3)
    names = {"key": keys.fingerprint(NEW.encode()), "previous": keys.fingerprint(OLD.encode())}
    assert (event.actor, event.data) == ("system:audit", names)
    verdict = audit.verify()
    assert (verdict.events, verdict.broken_at, verdict.is_key_new) == (5, None, False)


def test_no_key_is_in_the_chain(use):
    use(OLD)
    record(1)
    use(NEW, OLD)
    record(1)
    text = json.dumps(list(AuditEvent.objects.values("actor", "object_type", "object_id", "details")))
    assert OLD not in text
    assert NEW not in text


def test_a_worker_that_still_has_the_old_key_records_nothing_after_the_change(use):
    use(OLD)
    record(1)
    use(NEW, OLD)
    record(1)
    use(OLD)
    refused()


def test_two_processes_that_each_call_the_others_key_previous_do_not_take_turns(use):
    use(OLD)
    record(1)
    use(NEW, OLD)
    record(1)
    use(OLD, NEW)
    assert "was replaced" in refused()


def test_a_replaced_key_writes_nothing_that_the_new_key_would_follow(use, monkeypatch):
    """Somebody stole the old key and appends with it: the chain is not continued, and the verifier names the event."""
    use(OLD)
    record(1)
    use(NEW, OLD)
    record(1)
    use(OLD)
    with monkeypatch.context() as patch:
        patch.setattr("liveness.audit.chain._writer_of", lambda newest: keys.current())
        record(1)
    use(NEW, OLD)
    refused()
    assert audit.verify().broken_at == 4


def test_a_key_can_be_changed_again_and_again(use):
    use("first")
    record(1)
    use("second", "first")
    record(1)
    use("third", "second", "first")
    record(1)
    assert audit.verify().broken_at is None
    assert actions().count("audit.key_changed") == 2


def test_setting_a_key_after_events_were_written_with_the_derived_one_is_a_change_of_the_key(use):
    use("")
    record(2)
    use(NEW)
    record(1)
    assert actions() == ["test.happened", "test.happened", "audit.key_changed", "test.happened"]
    assert audit.verify().broken_at is None


def test_a_new_secret_key_without_an_audit_key_is_a_change_of_the_key(use):
    use("", secret="a" * 60)
    record(1)
    use("", secret="b" * 60)
    refused()
    use("", secret="b" * 60, fallbacks=("a" * 60,))
    record(1)
    assert (actions()[1], audit.verify().broken_at) == ("audit.key_changed", None)


@pytest.mark.parametrize("key", ["", NEW])
def test_a_former_secret_key_can_be_named_as_a_previous_key(use, key):
    use("", secret="a" * 60)
    record(1)
    use(key, "a" * 60, secret="b" * 60)
    record(1)
    assert audit.verify().broken_at is None


def test_a_new_secret_key_is_nothing_to_a_chain_with_a_key_of_its_own(use):
    use(NEW, secret="a" * 60)
    record(1)
    use(NEW, secret="b" * 60)
    record(1)
    assert actions() == ["test.happened"] * 2


def test_previous_keys_may_be_one_text_with_commas(settings):
    for old, previous in ((OLD, f"older, {OLD},"), ("with,comma", "with,comma")):
        settings.LIVENESS_AUDIT_KEY, settings.LIVENESS_AUDIT_KEY_PREVIOUS = old, ""
        with transaction.atomic():
            record(1)
            settings.LIVENESS_AUDIT_KEY, settings.LIVENESS_AUDIT_KEY_PREVIOUS = NEW, previous
            record(1)
            assert audit.verify().broken_at is None
            transaction.set_rollback(True)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["LIVENESS_AUDIT_KEY", "SECRET_KEY"])
def test_a_key_that_was_used_with_the_end_of_its_files_line_is_a_previous_key(settings, name, end):
    setattr(settings, name, NEW + end)
    record(1)
    setattr(settings, name, NEW)
    record(1)
    assert actions()[1] == "audit.key_changed"
    assert audit.verify().broken_at is None


class TestVerifying:
    def test_a_chain_of_two_keys_needs_both_and_names_no_fault_without_one(self, use):
        use(OLD)
        record(2)
        use(NEW, OLD)
        record(1)
        use(NEW)
        verdict = audit.verify()
        assert (verdict.broken_at, verdict.is_key_missing) == (1, True)
        use(OLD)
        verdict = audit.verify()
        assert (verdict.broken_at, verdict.is_key_missing, verdict.events) == (3, True, 2)

    def test_a_key_in_the_middle_may_be_missing_too(self, use):
        for key, previous in (("a", ()), ("b", ("a",)), ("c", ("b", "a"))):
            use(key, *previous)
            record(1)
        use("c", "a")
        assert (audit.verify().broken_at, audit.verify().is_key_missing) == (2, True)

    def test_a_wrong_key_is_no_broken_chain(self, use):
        use(OLD)
        record(3)
        use(NEW)
        assert audit.verify().is_key_missing
        with pytest.raises(AuditKeyError, match="LIVENESS_AUDIT_KEY_PREVIOUS"):
            audit.check(actor=ACTOR, now=AuditEvent.objects.get(sequence=1).at)
        assert not AuditCheck.objects.exists()

    @pytest.mark.parametrize("sequence", [1, 3])
    def test_a_changed_event_is_no_missing_key(self, use, sequence):
        use(OLD)
        record(2)
        use(NEW, OLD)
        record(2)
        tamper("UPDATE liveness_auditevent SET actor = 'user:99' WHERE sequence = %s", sequence)
        verdict = audit.verify()
        assert (verdict.broken_at, verdict.is_key_missing) == (sequence, False)

    def test_a_key_that_has_written_nothing_yet_is_noticed(self, use):
        use(OLD)
        record(1)
        use(NEW, OLD)
        assert (audit.verify().broken_at, audit.verify().is_key_new) == (None, True)

    def test_a_previous_key_is_accepted_before_the_change_only(self, use):
        use(OLD)
        record(1)
        use(NEW, OLD)
        record(2)
        use(OLD)
        event = AuditEvent.objects.get(sequence=3)
        event.actor = "user:99"
        tamper(
            "UPDATE liveness_auditevent SET actor = %s, hash = %s WHERE sequence = 3",
            event.actor,
            audit.chain_hash(event),
        )
        use(NEW, OLD)
        assert audit.verify().broken_at == 3

    def test_an_event_that_names_a_key_must_be_written_with_it(self, use):
        use(OLD)
        record(1)
        use(NEW, OLD)
        record(1)
        use("thief")
        forged = AuditEvent.objects.get(sequence=2)
        tamper("UPDATE liveness_auditevent SET hash = %s WHERE sequence = 2", audit.chain_hash(forged))
        use(NEW, OLD)
        assert (audit.verify().broken_at, audit.verify().is_key_missing) == (2, False)


def test_looking_for_the_key_costs_no_statement_of_its_own(use, django_assert_num_queries):
    use(OLD)
    record(1)
    with django_assert_num_queries(6):
        record(1)
