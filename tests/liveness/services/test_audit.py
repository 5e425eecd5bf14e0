import sqlite3
from contextlib import closing

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.utils import timezone

from liveness.exceptions import ChainError
from liveness.models import AuditCheck, AuditEvent, AuditHead, Poll, append_only
from liveness.services import audit
from liveness.services.audit import Actor
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ACTOR = Actor.system("tests")
REST = "at, action, actor, object_type, object_id, details, previous_hash, hash"


def record(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            audit.record("liveness.test.happened", actor=ACTOR, number=number)


def tamper(sql: str, *values) -> None:
    """Change the table as somebody with the database's own rights could: without the triggers."""
    with connection.schema_editor() as editor:
        append_only.remove(editor, "liveness_auditevent")
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    with connection.schema_editor() as editor:
        append_only.install(editor, "liveness_auditevent")


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


def test_an_anchor_shows_a_tail_that_was_cut_together_with_the_head():
    record(5)
    anchor = AuditEvent.objects.get(sequence=5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence > 3")
    AuditHead.objects.update(sequence=3, hash=AuditEvent.objects.get(sequence=3).hash)
    assert audit.verify().broken_at is None
    assert audit.verify([(5, anchor.hash)]).broken_at == 4


def test_an_anchor_shows_a_chain_that_was_rewritten_with_the_key():
    record(3)
    anchor = AuditEvent.objects.get(sequence=3).hash
    tamper("DELETE FROM liveness_auditevent")
    AuditHead.objects.all().delete()
    record(3)
    assert audit.verify().broken_at is None
    assert audit.verify([(3, anchor)]).broken_at == 3


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
    walk = audit._events

    def busy(last):
        yield from walk(last)
        record(2)

    monkeypatch.setattr(audit, "_events", busy)
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


def test_the_anchor_of_an_empty_chain_stays_true():
    record(2)
    assert audit.verify([(0, audit.GENESIS)]).broken_at is None
    assert audit.verify([(0, "f" * 64)]).broken_at == 0


def test_an_anchor_may_be_spelt_in_capitals():
    record(2)
    event = AuditEvent.objects.get(sequence=2)
    assert audit.verify([(2, event.hash.upper())]).broken_at is None


@pytest.mark.parametrize("forged_first", [True, False])
def test_two_different_anchors_for_one_number_cannot_both_be_true(forged_first):
    record(2)
    anchors = [(2, AuditEvent.objects.get(sequence=2).hash), (2, "f" * 64)]
    assert audit.verify(sorted(anchors, reverse=forged_first)).broken_at == 2


def test_the_command_takes_several_anchors_for_one_number():
    record(2)
    digest = AuditEvent.objects.get(sequence=2).hash
    call_command("liveness_verify_audit", anchor=[f"2:{digest}", f"2:{digest.upper()}", f"0:{audit.GENESIS}"])
    with pytest.raises(CommandError, match="broken at 2"):
        call_command("liveness_verify_audit", anchor=["2:" + "f" * 64, f"2:{digest}"])


@pytest.mark.parametrize("anchor", ["2:" + "g" * 64, "\u0662:" + "f" * 64, "9" * 5000 + ":" + "f" * 64])
def test_the_command_refuses_what_is_no_anchor(anchor):
    with pytest.raises(CommandError, match="is not an anchor") as refusal:
        call_command("liveness_verify_audit", anchor=[anchor])
    assert refusal.value.returncode == 2


def test_a_finding_is_kept_word_for_word():
    record(3)
    now = timezone.now()
    audit.keep(audit.verify(), now=now)
    tamper("UPDATE liveness_auditevent SET actor = %s WHERE sequence = 2", "user:99")
    broken = audit.keep(audit.verify(), now=now)
    assert audit.last_checks(5) == [broken, AuditCheck.objects.earliest("id")]
    assert (broken.checked_at, broken.sequence, broken.broken_at) == (now, 1, 2)
    assert (broken.hash, broken.reason) == (
        AuditEvent.objects.get(sequence=1).hash,
        "its content does not match its hash",
    )


def test_nobody_verified_a_chain_without_a_finding():
    record(1)
    assert audit.last_checks() == []


def test_a_check_that_somebody_asked_for_covers_its_own_event():
    record(2)
    check = audit.check(actor=ACTOR, now=timezone.now())
    event = AuditEvent.objects.get(sequence=3)
    assert (event.action, event.actor) == (audit.CHECK_REQUESTED, ACTOR.name)
    assert (check.sequence, check.hash, check.broken_at) == (3, event.hash, None)
    assert audit.last_checks() == [check]


def test_a_check_finds_the_lost_head_that_refuses_its_event():
    record(2)
    AuditHead.objects.all().delete()
    assert audit.check(actor=ACTOR, now=timezone.now()).broken_at == 1
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE liveness_auditevent SET hash = 'f' WHERE sequence = 2",
        "DELETE FROM liveness_auditevent WHERE sequence = 2",
    ],
)
def test_a_verified_event_that_is_another_now_is_noticed_without_a_walk(sql):
    record(2)
    check = audit.keep(audit.verify(), now=timezone.now())
    record(1)
    assert audit.is_still_there(check)
    tamper(sql)
    assert not audit.is_still_there(check)


def test_the_verification_of_an_empty_chain_stays_true():
    check = audit.keep(audit.verify(), now=timezone.now())
    record(1)
    assert audit.is_still_there(check)


def test_the_command_keeps_what_it_found():
    record(2)
    call_command("liveness_verify_audit")
    with pytest.raises(CommandError):
        call_command("liveness_verify_audit", anchor=["2:" + "f" * 64])
    differs, sound = audit.last_checks(5)
    assert (sound.sequence, sound.broken_at, sound.reason) == (2, None, "")
    assert (differs.sequence, differs.broken_at, differs.reason) == (1, 2, audit.DIFFERS)


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
    record(2)
    settings.LIVENESS_AUDIT_KEY = "another key"
    assert audit.verify().broken_at == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE liveness_auditevent SET actor = 'somebody'",
        "DELETE FROM liveness_auditevent",
        "UPDATE liveness_poll SET result_code = '0'",
    ],
)
def test_the_database_refuses_a_change(sql):
    record(1)
    with connection.cursor() as cursor:
        if "liveness_poll" in sql:
            make_poll()
        with pytest.raises(DatabaseError, match="append-only"):
            cursor.execute(sql)


def test_the_database_refuses_a_replacing_insert():
    record(1)
    if connection.vendor == "sqlite":
        sql = "INSERT OR REPLACE INTO liveness_auditevent SELECT * FROM liveness_auditevent"
    else:
        sql = (
            "INSERT INTO liveness_auditevent SELECT * FROM liveness_auditevent "
            "ON CONFLICT (sequence) DO UPDATE SET actor = 'somebody'"
        )
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute(sql)


@pytest.fixture
def plain():
    """A connection that has not turned `recursive_triggers` on, as every other program's."""
    if connection.vendor != "sqlite":
        pytest.skip("concerns SQLite")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as database:
        yield database


@pytest.mark.parametrize(
    "sql",
    [
        "INTO liveness_auditevent SELECT * FROM liveness_auditevent",
        "INTO liveness_auditevent (sequence, {rest}) SELECT '1', {rest} FROM liveness_auditevent",
        "INTO liveness_auditevent (rowid, sequence, {rest}) SELECT rowid, 9, {rest} FROM liveness_auditevent",
        "INTO liveness_poll SELECT * FROM liveness_poll",
        "INTO liveness_poll (attempt_id, sequence, asked_at, request_id, result_code, digest, answer) "
        "SELECT attempt_id, sequence, asked_at, 'forged', '0', digest, answer FROM liveness_poll",
    ],
)
def test_no_key_lets_a_plain_connection_replace_a_row(plain, sql):
    record(1)
    make_poll()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        plain.execute("INSERT OR REPLACE " + sql.format(rest=REST))


def test_the_triggers_know_every_unique_key():
    for model in (AuditEvent, Poll):
        opts = model._meta
        fields = [(field.name,) for field in opts.fields if field.unique]
        together = [item.fields for item in opts.constraints if isinstance(item, models.UniqueConstraint)]
        keys = {tuple(opts.get_field(name).column for name in key) for key in (*fields, *together)}
        assert keys == set(append_only.UNIQUE_KEYS[opts.db_table])


@pytest.mark.parametrize(
    ("vendor", "sql"),
    [
        ("sqlite", "DROP TRIGGER liveness_poll_refuse_update"),
        ("sqlite", "DROP TRIGGER liveness_poll_refuse_replace"),
        ("postgresql", "DROP TRIGGER liveness_poll_refuse_row ON liveness_poll"),
        ("postgresql", "ALTER TABLE liveness_poll DISABLE TRIGGER liveness_poll_refuse_all"),
    ],
)
def test_a_missing_trigger_is_reported(capsys, vendor, sql):
    if connection.vendor != vendor:
        pytest.skip(f"concerns {vendor}")
    record(1)
    assert audit.unprotected_tables() == []
    with connection.cursor() as cursor:
        cursor.execute(sql)
    # The tables get all their triggers back when they are emptied at the end.
    assert audit.unprotected_tables() == ["liveness_poll"]
    with pytest.raises(CommandError, match="missing on liveness_poll") as finding:
        call_command("liveness_verify_audit", json=True)
    assert finding.value.returncode == 1
    assert "liveness_poll" in capsys.readouterr().out


def test_the_migrations_protect_the_database_that_they_run_on(tmp_path):
    options = {"NAME": tmp_path / "other.sqlite3", "OPTIONS": {}}
    connections["other"] = other = DatabaseWrapper(connection.settings_dict | options, alias="other")
    try:
        MigrationExecutor(other).migrate([(app, "0002_append_only") for app in ("liveness", "liveness_review")])
        assert append_only.unprotected(other) == []
        assert AuditHead.objects.using("other").count() == 1
    finally:
        other.close()
        del connections["other"]


def test_the_database_refuses_to_truncate():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    record(1)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("TRUNCATE liveness_auditevent")


def test_it_refuses_an_event_outside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("liveness.test.happened", actor=ACTOR)


def test_an_event_goes_with_the_transaction_that_failed():
    record(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("liveness.test.happened", actor=ACTOR)
        raise ZeroDivisionError
    assert audit.verify().events == 1


def make_poll():
    Poll.objects.create(
        attempt=make_attempt(), sequence=1, asked_at=timezone.now(), digest="0" * 64, answer={}, result_code="-999"
    )


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
