"""Text as a search compares it: without regard to case, and in an order in which equal beginnings are neighbours."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField
from django.db.models.functions import Upper
from django.db.models.sql.compiler import SQLCompiler


class PrefixKey(Upper):
    """Upper case in the order of the bytes. An index on it answers ranges, so no LIKE and no escaping is needed.

    PostgreSQL knows letters of all scripts here; SQLite's own UPPER() knows ASCII only.
    """

    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='UPPER(%(expressions)s) COLLATE "C"', **extra)
