"""An audit chain as tests grow it, and as somebody with the database's own rights could change it."""

from django.db import connection, transaction

from liveness import audit
from liveness.audit import Actor
from liveness.models import append_only

ACTOR = Actor.system("tests")


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
