"""Reviews and decisions on top of `population.fill`: of a hundred answered attempts five are open, the rest decided."""

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from bench.common.population import DIALECTS
from liveness.models import VerificationAttempt
from liveness.review.models import Claim, Decision, Review

TABLES = {
    "attempts": VerificationAttempt._meta.db_table,
    "reviews": Review._meta.db_table,
    "decisions": Decision._meta.db_table,
    "claims": Claim._meta.db_table,
}
JSON = {"postgresql": {"empty": "'{}'::jsonb", "none": "'[]'::jsonb"}, "sqlite": {"empty": "'{}'", "none": "'[]'"}}
STATES = """(SELECT *, CASE WHEN outcome = 'pending' THEN 'waiting' WHEN outcome IN ('expired', 'invalid') THEN 'lost'
    WHEN id * 31 % 100 < 5 THEN 'open' ELSE 'decided' END AS state FROM {attempts}) AS placed"""
CLAIM_SQL = """
INSERT INTO {claims} (id, public_id, review_id, holder_id, claimed_at, seen_at, expires_at, ended_at, ending)
SELECT id, public_id, id, {maker}, finished_at, finished_at, expires_at, finished_at, 'decided'
FROM {states} WHERE state = 'decided'
"""
DECISION_SQL = """
INSERT INTO {decisions} (
    id, public_id, review_id, sequence, stage, outcome, maker_id, decided_at, from_state, version, supersedes_id,
    proposal_id, claim_id, needs_second, is_blind, reasons, reasons_version, internal_note, subject_text,
    vendor_outcome, evidence_digest, evidence, seen)
SELECT id, public_id, id, 1, 'first', CASE outcome WHEN 'passed' THEN 'approve' ELSE 'reject' END, {maker},
    finished_at, 'open', 1, NULL, NULL, id, {none}, FALSE, {none}, 1, '', '', outcome, '', {empty}, {empty}
FROM {states} WHERE state = 'decided'
"""
# What is open is late by the end of the token's window, so that the order is one of its own.
REVIEW_SQL = """
INSERT INTO {reviews} (
    attempt_id, state, outcome, version, evidence_digest, signals, is_flagged, queue_at, ready_at, due_at, decision_id,
    proposal_id)
SELECT id, state, outcome, 1, '', {none}, FALSE,
    CASE WHEN state IN ('waiting', 'open') THEN expires_at ELSE finished_at END, finished_at,
    CASE WHEN state = 'open' THEN expires_at END, CASE WHEN state = 'decided' THEN id END, NULL
FROM {states}
"""


def fill() -> None:
    """Give every attempt its review, in a database that has none yet."""
    dialect, maker = DIALECTS[connection.vendor], get_user_model().objects.create_user("maker")
    names = TABLES | JSON[connection.vendor] | {"maker": str(maker.pk), "states": STATES.format(**TABLES)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(dialect.hurry)
        for statement in (CLAIM_SQL, DECISION_SQL, REVIEW_SQL):
            cursor.execute(statement.format(**names))
    with connection.cursor() as cursor:
        for statement in dialect.tidy:
            cursor.execute(statement)
