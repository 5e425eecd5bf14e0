"""Are the tables those of this code? What is recorded as applied is compared with the migrations in the code."""

from collections.abc import Iterable
from functools import cache

from django.apps import AppConfig, apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from liveness.conditions.kinds import Condition, ConditionKind

# The app works on the tables of its own apps and on Django's; another app's migrations are the host's own affair.
DEPENDED_ON = "django.contrib."
RECORDS = MigrationRecorder.Migration._meta.db_table
NAMED = 3

Key = tuple[str, str]


def look() -> Condition | None:
    """Few cheap queries. Raises DatabaseError."""
    tables = set(connection.introspection.table_names())
    applied = _applied() if RECORDS in tables else set()
    return _unapplied(applied) or _newer(applied) or _missing(tables)


def _applied() -> set[Key]:
    return set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))


def _unapplied(applied: set[Key]) -> Condition | None:
    labels = {config.label for config in apps.get_app_configs() if _is_needed(config)}
    waiting = [
        key
        for key, replaced in _in_code().items()
        if key[0] in labels and key not in applied and not (replaced and replaced <= applied)
    ]
    if not waiting:
        return None
    text = f"Migrations are not applied: {_listed(waiting)}. Run: manage.py migrate"
    return Condition.of(ConditionKind.MIGRATIONS_UNAPPLIED, text)


def _newer(applied: set[Key]) -> Condition | None:
    labels = {config.label for config in apps.get_app_configs() if _is_own(config)}
    known = _in_code().keys() | {key for replaced in _in_code().values() for key in replaced}
    newer = [key for key in applied if key[0] in labels and key not in known]
    if not newer:
        return None
    text = (
        f"The database is newer than this code, which does not know {_listed(newer)}. Run the newer version of the "
        "code, or restore the backup that was made before the update."
    )
    return Condition.of(ConditionKind.MIGRATIONS_NEWER, text)


def _missing(tables: set[str]) -> Condition | None:
    expected = {
        model._meta.db_table
        for config in apps.get_app_configs()
        if _is_own(config)
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    if expected <= tables:
        return None
    text = (
        f"Tables are missing: {', '.join(sorted(expected - tables)[:NAMED])}. All migrations are recorded as applied, "
        "so manage.py migrate cannot make them: restore the backup."
    )
    return Condition.of(ConditionKind.TABLES_MISSING, text)


def _is_own(config: AppConfig) -> bool:
    return config.name == "liveness" or config.name.startswith("liveness.")


def _is_needed(config: AppConfig) -> bool:
    return _is_own(config) or config.name.startswith(DEPENDED_ON)


@cache
def _in_code() -> dict[Key, frozenset[Key]]:
    """The migrations of the code, each with those that it replaces. They do not change while a process runs."""
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return {key: frozenset(migration.replaces) for key, migration in migrations.items()}


def _listed(keys: Iterable[Key]) -> str:
    names = sorted(f"{label}.{name}" for label, name in keys)
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
