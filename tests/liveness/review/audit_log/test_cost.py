"""What a question to the audit screen costs on a long chain."""

import json
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.models import AuditEvent
from liveness.review import actions
from liveness.review.audit_log import queries as audit_log_queries
from liveness.review.audit_log.queries import Wanted

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@dataclass
class Long:
    """A chain in which some actions and people occur only at the very beginning."""

    count: int = 12_000
    old: int = 500

    def fill(self) -> None:
        events = [self.event(number) for number in range(1, self.count + 1)]
        AuditEvent.objects.bulk_create(events, batch_size=5000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def event(self, number: int) -> AuditEvent:
        is_old = number <= self.old
        return AuditEvent(
            sequence=number,
            at=timezone.now(),
            action=actions.REVIEW_CLAIMED if is_old else audit.MEDIA_VIEWED,
            actor="user:1" if is_old else f"user:{2 + number % 5}",
            object_type="tests",
            object_id=f"{number // 6}",
            previous_hash="0" * 64,
            hash="0" * 64,
        )


class TestCost:
    """No question may read through the chain, whatever it asks for and wherever that lies."""

    def walked(self, wanted, **cursor) -> list[str]:
        """The steps of the plans that look at more of the chain than they return."""
        with CaptureQueriesContext(connection) as queries:
            audit_log_queries.page(wanted, **cursor)
        found = []
        for query in [query["sql"] for query in queries]:
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute(f"EXPLAIN QUERY PLAN {query}")
                    found += [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN liveness_auditevent")]
                else:
                    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
                    plan = cursor.fetchone()[0]
                    found += list(self.wasteful((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return found

    def wasteful(self, node):
        if node.get("Rows Removed by Filter", 0) > 100 or node["Node Type"] == "Seq Scan":
            yield f"{node['Node Type']} {node.get('Index Name', '')} {node.get('Filter', '')}"
        for child in node.get("Plans", ()):
            yield from self.wasteful(child)

    def test_every_question_is_answered_by_an_index(self):
        Long().fill()
        few = tuple(str(number) for number in range(5))
        questions = [
            Wanted(actor="user:1"),
            Wanted(actor="user:3"),
            Wanted(actor="user:99"),
            Wanted(group="claims"),
            Wanted(group="looks"),
            Wanted(group="decisions"),
            Wanted(actor="user:1", group="claims"),
            Wanted(actor="user:3", group="claims"),
            Wanted(actor="user:3", group="looks"),
            Wanted(objects=few),
            Wanted(objects=few, actor="user:1"),
            Wanted(objects=few, group="claims"),
            Wanted(objects=()),
        ]
        cursors = [{}, {"before": 9_000}, {"after": 10}]
        walks = {(wanted, *cursor.items()): self.walked(wanted, **cursor) for wanted in questions for cursor in cursors}
        assert {question: steps for question, steps in walks.items() if steps} == {}

    def test_it_finds_the_same_events_as_a_plain_question(self):
        Long(count=400, old=120).fill()
        for wanted in (Wanted(actor="user:1"), Wanted(group="claims"), Wanted(actor="user:1", group="claims")):
            for cursor in ({}, {"before": 100}, {"after": 20}):
                events = AuditEvent.objects.filter(actor="user:1") if wanted.actor else AuditEvent.objects
                page = audit_log_queries.page(wanted, size=30, **cursor).events
                assert page == self.plain(events.filter(action=actions.REVIEW_CLAIMED), **cursor)

    def plain(self, events, before=None, after=None):
        if after:
            return list(reversed(events.filter(sequence__gt=after).order_by("sequence")[:30]))
        return list(events.filter(sequence__lt=before or 10**9).order_by("-sequence")[:30])
