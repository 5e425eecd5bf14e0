"""Asks before `migrate` goes back over tables with rows; where nobody can answer, it refuses."""

import os
import sys
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import CreateModel, Migration
from django.db.migrations.operations.base import Operation

from liveness.management.console import cannot_run
from liveness.models import append_only, dropping

# Each has rows from the first migration on, or holds what can be worked out again.
DISPENSABLE = {"liveness_audithead", "liveness_ratelimitslot", "liveness_review_statisticscursor"}


def guard(*, using: str, plan: Iterable[tuple[Migration, bool]] = (), interactive: bool = True, **kwargs: Any) -> None:
    """Before anything is undone: raises CommandError unless nothing is lost or somebody means it (pre_migrate)."""
    connection = connections[using]
    lost = _lost_tables(migration for migration, is_backwards in plan if is_backwards)
    found = dropping.filled(connection, sorted(lost - DISPENSABLE))
    if not found or dropping.is_confirmed(connection):
        return
    if not (interactive and sys.stdin.isatty() and _is_meant(connection, found)):
        raise cannot_run(dropping.refusal(connection, found))
    # The migrations ask once more by themselves, for those who run them without this command.
    os.environ[dropping.VARIABLE] = str(connection.settings_dict["NAME"])


def _is_meant(connection: BaseDatabaseWrapper, tables: list[str]) -> bool:
    name = str(connection.settings_dict["NAME"])
    sys.stdout.write(f"These tables have rows, which will be lost: {', '.join(tables)}.\n")
    try:
        return input(f"Type the name of the database ({name}) to drop them: ") == name
    except EOFError:
        return False


def _lost_tables(back: Iterable[Migration]) -> set[str]:
    """The tables of the apps that keep records which are dropped, or lose their triggers, when these are undone."""
    labels = {model._meta.app_label for model in apps.get_models() if model._meta.db_table in append_only.UNIQUE_KEYS}
    lost: set[str] = set()
    for migration in back:
        if migration.app_label in labels:
            lost.update(_table(migration.app_label, operation) for operation in _making(migration.operations))
            lost.update(getattr(migration, "protects", ()))
    return lost


def _making(operations: Iterable[Operation]) -> Iterable[CreateModel]:
    return (operation for operation in operations if isinstance(operation, CreateModel))


def _table(app_label: str, operation: CreateModel) -> str:
    return str(operation.options.get("db_table") or f"{app_label}_{operation.name_lower}")
