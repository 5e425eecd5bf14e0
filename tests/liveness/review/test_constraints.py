"""What the database itself refuses, whatever any process believes."""

import sqlite3
import uuid
from contextlib import closing

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils import timezone

from liveness.models import append_only
from liveness.review.claims import claims
from liveness.review.decisions import decision_record, notes
from liveness.review.exceptions import StaleError
from liveness.review.models import Decision, DecisionOutcome, Note, Review, ReviewState, Stage
from liveness.review.policy import APPROVE
from tests.liveness.review.working import (
    decide,
    fresh,
    make_review,
    make_reviewer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()
REPLACE = {
    "sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "postgresql": "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET review_id = 0",
}


class TestDatabase:
    @pytest.mark.parametrize(
        "change",
        [
            {"claim": None},
            {"maker": None},
            {"stage": Stage.SECOND},
            {"outcome": "perhaps"},
            {"outcome": DecisionOutcome.WITHDRAWN},
            {"sequence": 1},
        ],
    )
    def test_it_refuses_what_is_no_decision(self, review, person, change):
        made = decide(review, person, APPROVE)
        claim = claims.claim(review, person=person, now=NOW)
        same = {field.name: getattr(made, field.name) for field in Decision._meta.fields if field.name != "id"}
        values = same | {"sequence": 2, "claim": claim, "public_id": uuid.uuid4()}
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(**(values | change))
        assert Decision.objects.create(**values)

    def test_a_claim_brings_one_decision(self, review, person):
        made = decide(review, person, APPROVE)
        same = {field.name: getattr(made, field.name) for field in Decision._meta.fields if field.name != "id"}
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(**(same | {"sequence": 2, "public_id": uuid.uuid4()}))

    @pytest.mark.parametrize(
        "change",
        [
            {"state": ReviewState.DECIDED, "decision": None},
            {"state": ReviewState.OPEN},
            {"state": ReviewState.LOST},
            {"state": ReviewState.PROPOSED},
            {"state": "finished"},
            {"outcome": "splendid"},
        ],
    )
    def test_it_refuses_a_state_that_no_path_leads_to(self, review, person, change):
        decide(review, person, APPROVE)
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.filter(pk=review.pk).update(**change)

    def test_it_takes_no_step_from_a_version_that_is_past(self, review, person):
        stale = fresh(review)
        decide(review, person, APPROVE)
        with pytest.raises(StaleError):
            decision_record.advance(stale)
        assert fresh(review).state == ReviewState.DECIDED

    def test_a_proposal_belongs_to_its_state_alone(self, review, person):
        made = decide(review, person, APPROVE)
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.filter(pk=review.pk).update(proposal=made)

    def test_nobody_who_decided_can_be_removed(self, review, person):
        decide(review, person, APPROVE)
        with pytest.raises(models.ProtectedError):
            person.delete()


class TestImmutable:
    @pytest.fixture
    def rows(self, review, person):
        decision = decide(review, person, APPROVE)
        return decision, notes.write(review, "remember this", author=person, now=NOW)

    @pytest.mark.parametrize("table", ["liveness_review_decision", "liveness_review_note"])
    @pytest.mark.parametrize("sql", ["UPDATE {table} SET review_id = review_id", "DELETE FROM {table}"])
    def test_no_row_is_changed_or_removed(self, rows, table, sql):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format(table=table))

    @pytest.mark.parametrize("table", ["liveness_review_decision", "liveness_review_note"])
    def test_no_row_is_replaced(self, rows, table):
        sql = REPLACE[connection.vendor].format(table=table)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    @pytest.mark.parametrize("table", ["liveness_review_decision", "liveness_review_note"])
    def test_the_table_is_not_emptied(self, rows, table):
        if connection.vendor != "postgresql":
            pytest.skip("SQLite has no TRUNCATE")
        connection.check_constraints()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")

    def test_no_model_goes_around_it(self, rows):
        for row in rows:
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                row.save()
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                type(row).objects.filter(pk=row.pk)._raw_delete(connection.alias)

    def test_the_triggers_know_every_unique_key(self):
        for model in (Decision, Note):
            opts = model._meta
            fields = [(field.name,) for field in opts.fields if field.unique]
            together = [item.fields for item in opts.constraints if isinstance(item, models.UniqueConstraint)]
            keys = {tuple(opts.get_field(name).column for name in key) for key in (*fields, *together)}
            assert keys == set(append_only.UNIQUE_KEYS[opts.db_table])


@pytest.mark.django_db(transaction=True)
def test_no_key_lets_a_plain_connection_replace_a_decision():
    """A connection that has not turned `recursive_triggers` on, as every other program's."""
    if connection.vendor != "sqlite":
        pytest.skip("concerns SQLite")
    decide(make_review(), make_reviewer(), APPROVE)
    columns = [field.column for field in Decision._meta.fields]
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as plain:
        for kept in ("id", "public_id", "claim_id", "sequence"):
            others = {"id": "99", "public_id": "'0'", "claim_id": "99", "sequence": "99"}
            values = [column if column == kept else others.get(column, column) for column in columns]
            sql = f"INSERT OR REPLACE INTO liveness_review_decision ({','.join(columns)}) SELECT {','.join(values)}"
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                plain.execute(f"{sql} FROM liveness_review_decision")
