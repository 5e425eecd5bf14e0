"""The audit screen as tests visit it: its addresses, what it shows, and the chain behind it."""

from django.db import connection, transaction

from liveness import audit
from liveness.audit import Actor

PAGE = "/review/audit/"
FIND, VERIFY = f"{PAGE}find/", f"{PAGE}verify/"
SOMEBODY = Actor.system("tests")


def record(action=audit.ATTEMPT_REFRESHED, *, actor=SOMEBODY, target=None, **details):
    with transaction.atomic():
        return audit.record(action, actor=actor, target=target, **details)


def numbers(response) -> list[int]:
    return [row.event.sequence for row in response.context["rows"]]


def found(client, text, **filters) -> str:
    """Where the search for this text leads; empty when it leads to the page itself."""
    return client.post(FIND, {"q": text, **filters})["Location"].removeprefix(PAGE)


def tamper(sql: str, *values) -> None:
    """Change the chain as somebody with rights on the database could."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER liveness_auditevent_refuse_update")
        else:
            cursor.execute("ALTER TABLE liveness_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql, values)
