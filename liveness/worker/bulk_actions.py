"""Bulk actions: a person asks once, and the next runs of any kind do the work, in small portions.

A run takes items, works on them and finishes each. An item that a run took and did not finish comes back after
`ITEM_TIMEOUT`, when the run was killed, or at once when the run gives it back.
"""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from liveness import audit
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.models import (
    HELD,
    BulkAction,
    BulkActionItem,
    BulkKind,
    ItemState,
    StoredMedia,
    VerificationAttempt,
)
from liveness.scheduling import wake_ups
from liveness.worker import bulk_rights

# Files that one run takes at a time.
PORTION = 10
# A file that cannot be read now says nothing about itself, so it is tried again; after so many times it has failed.
MAX_TRIES = 3
# So many unreadable files in a row are the storage's trouble: the rest waits for the next run.
MAX_UNREADABLE = 3
MAX_PROBLEM_LENGTH = 200
# The items of a finished action are its report. After this time only the action with its numbers is left.
REPORT_KEPT = timedelta(days=30)
# Items that one call of `prune` deletes, so that no other writer waits long.
PRUNED_AT_ONCE = 1000
NOT_STORED = "there is no stored file"
CANCELLED = "cancelled"
NOT_ALLOWED = "the person who asked may not do this any more"
OUT_OF_SIGHT = "the record is gone, or the person who asked may not see it any more"
DAMAGED = "the file is damaged or missing"


def start(
    kind: BulkKind,
    targets: QuerySet[Any],
    *,
    actor: Actor,
    now: datetime,
    filters: str = "",
    criteria: dict[str, Any] | None = None,
) -> BulkAction:
    """Note one item for each of `targets`: attempts for a refresh, media rows for a verification.

    `filters` says in words which records these are. `criteria` says it in the audit chain, so it must name nobody.
    """
    with transaction.atomic():
        action = BulkAction.objects.create(kind=kind, actor=actor.name, filters=filters, created_at=now)
        action.total = _insert_items(action, targets)
        action.finished_at = None if action.total else now
        action.save(update_fields=["total", "finished_at"])
        audit.record(
            audit.BULK_STARTED, actor=actor, target=action, kind=kind.value, total=action.total, filters=criteria or {}
        )
        wake_ups.wake()
    return action


def cancel(action: BulkAction, *, actor: Actor, now: datetime, problem: str = CANCELLED) -> int:
    """Skip what is still pending; return how many items. What a run has begun with is not undone."""
    with transaction.atomic():
        # The action first, as everywhere, so that no two writers wait for each other.
        action = BulkAction.objects.select_for_update().get(pk=action.pk)
        if not action.is_open:
            return 0
        action.cancelled_at = action.finished_at = now
        action.save(update_fields=["cancelled_at", "finished_at"])
        count = _skip(action, action.items.pending(), problem, now)
        audit.record(audit.BULK_CANCELLED, actor=actor, target=action, skipped=count)
    return count


def take(count: int, *, run: str, now: datetime) -> list[int]:
    """The ids of attempts to refresh next, at most `count`; each is this run's until it is finished or given back.

    The person who asked is noted in the audit chain for each attempt. Raises ChainError when the chain refuses that.
    """
    return retried(lambda: _take_attempts(count, run, now))


def finish(attempt_id: int, problem: str = "", *, now: datetime) -> None:
    """The refresh of an attempt that `take` returned has ended, with a problem or without."""
    items = BulkActionItem.objects.pending().filter(
        action__kind=BulkKind.REFRESH, target_id=attempt_id, taken_at__isnull=False
    )
    state = ItemState.FAILED if problem else ItemState.DONE
    for item in items:
        _settle(item, state, problem, now)


def give_back(run: str, kind: BulkKind = BulkKind.REFRESH) -> int:
    """Free what this run took of a kind and did not finish; return how many items. The next run takes them at once."""
    items = BulkActionItem.objects.pending().filter(run=run, action__kind=kind).exclude(run="")
    return retried(lambda: items.update(taken_at=None, run=""))


def prune(*, now: datetime) -> int:
    """Delete items of actions that were finished `REPORT_KEPT` ago, at most `PRUNED_AT_ONCE`; return how many."""
    ended = BulkAction.objects.filter(finished_at__lte=now - REPORT_KEPT)
    action = ended.filter(Exists(BulkActionItem.objects.filter(action=OuterRef("pk")))).order_by("id").first()
    keys = list(action.items.order_by("id").values_list("pk", flat=True)[:PRUNED_AT_ONCE]) if action else []
    return BulkActionItem.objects.filter(pk__in=keys).delete()[0] if keys else 0


def is_waiting() -> bool:
    """Is there any bulk action that is not finished?"""
    return BulkAction.objects.open().exists()


def work_on_files(budget_seconds: float, *, run: str, now: datetime, stop: threading.Event | None = None) -> int:
    """Verify the files of bulk actions for about so many seconds; return how many items were finished.

    `now` is the time at the start. Between two files `stop` is looked at.
    """
    return _FileWorker(budget_seconds, run, now, stop or threading.Event()).work()


class _FileWorker:
    """Takes files in portions until its time is over, nothing is left, or the storage cannot be read."""

    def __init__(self, seconds: float, run: str, now: datetime, stop: threading.Event) -> None:
        self._began, self._seconds, self._started_at, self._stop = time.monotonic(), seconds, now, stop
        self._run = run
        self._unreadable = 0

    def work(self) -> int:
        count = 0
        try:
            while not self._is_over and (items := self._portion()):
                for item in items:
                    if self._is_over:
                        break
                    count += self._verify(item)
        finally:
            give_back(self._run, BulkKind.VERIFY)
        return count

    @property
    def _now(self) -> datetime:
        return self._started_at + timedelta(seconds=time.monotonic() - self._began)

    @property
    def _is_over(self) -> bool:
        is_late = time.monotonic() - self._began >= self._seconds
        return is_late or self._stop.is_set() or self._unreadable >= MAX_UNREADABLE

    def _portion(self) -> list[BulkActionItem]:
        return retried(lambda: _take_items(BulkKind.VERIFY, PORTION, self._run, self._now))

    def _verify(self, item: BulkActionItem) -> bool:
        file = StoredMedia.objects.filter(pk=item.target_id, state__in=HELD).first()
        if file is None:
            return _settle(item, ItemState.SKIPPED, NOT_STORED, self._now)
        try:
            is_sound = media_files.verify(file, now=self._now, actor=Actor(item.action.actor))
        except MediaError as problem:
            self._unreadable += 1
            return self._put_off(item, str(problem))
        self._unreadable = 0
        return _settle(item, ItemState.DONE if is_sound else ItemState.FAILED, "" if is_sound else DAMAGED, self._now)

    def _put_off(self, item: BulkActionItem, problem: str) -> bool:
        """Leave an unreadable file for later: it stays taken, so that this run does not come back to it."""
        if item.tries + 1 >= MAX_TRIES:
            return _settle(item, ItemState.FAILED, problem, self._now)
        BulkActionItem.objects.pending().filter(pk=item.pk).update(tries=F("tries") + 1, run="")
        return False


@transaction.atomic
def _take_attempts(count: int, run: str, now: datetime) -> list[int]:
    taken = _take_items(BulkKind.REFRESH, count, run, now)
    attempts = VerificationAttempt.objects.in_bulk({item.target_id for item in taken})
    items = [item for item in taken if item.target_id in attempts]
    for item in items:
        audit.record(
            audit.ATTEMPT_REFRESHED,
            actor=Actor(item.action.actor),
            target=attempts[item.target_id],
            bulk_action=str(item.action.public_id),
        )
    return list(dict.fromkeys(item.target_id for item in items))


@transaction.atomic
def _take_items(kind: BulkKind, count: int, run: str, now: datetime) -> list[BulkActionItem]:
    """Mark free items as this run's, those of the oldest action first."""
    taken: list[int] = []
    for key in list(BulkAction.objects.open().filter(kind=kind).order_by("id").values_list("pk", flat=True)):
        if len(taken) >= count:
            break
        # The action first, as everywhere, so that no two writers wait for each other.
        action = BulkAction.objects.open().select_for_update().filter(pk=key).first()
        taken += _choose(action, count - len(taken), now) if action else []
    # Conditional, for databases without row locks.
    BulkActionItem.objects.free(now).filter(id__in=taken).update(run=run, taken_at=now)
    items = BulkActionItem.objects.pending().filter(id__in=taken, run=run)
    return list(items.select_related("action").order_by("id"))


def _choose(action: BulkAction, count: int, now: datetime) -> list[int]:
    """Free items of an action that is locked. What may not be worked on any more is skipped."""
    allowed = bulk_rights.targets(action)
    if allowed.query.is_empty():
        cancel(action, actor=Actor.system("bulk_action"), now=now, problem=NOT_ALLOWED)
        return []
    free = action.items.free(now)
    items = list(free.order_by("id").values_list("id", "target_id")[:count])
    known = set(allowed.filter(pk__in=[target for _, target in items]).values_list("pk", flat=True))
    if any(target not in known for _, target in items):
        # All at once, and not only those at hand: there may be very many.
        _skip(action, free.filter(~Exists(allowed.filter(pk=OuterRef("target_id")))), OUT_OF_SIGHT, now)
    return [item for item, target in items if target in known]


def _skip(action: BulkAction, items: QuerySet[BulkActionItem], problem: str, now: datetime) -> int:
    """End these pending items of an action that is locked; return how many."""
    count = items.update(state=ItemState.SKIPPED, problem=problem)
    action.skipped += count
    if action.worked >= action.total:
        action.finished_at = now
    action.save(update_fields=["skipped", "finished_at"])
    return count


def _settle(item: BulkActionItem, state: ItemState, problem: str, now: datetime) -> bool:
    return retried(lambda: _record_end(item, state, problem, now))


@transaction.atomic
def _record_end(item: BulkActionItem, state: ItemState, problem: str, now: datetime) -> bool:
    """End a pending item and count it; False when another run, or a person, has ended it before."""
    action = BulkAction.objects.select_for_update().get(pk=item.action_id)
    is_ended = (
        BulkActionItem.objects.pending().filter(pk=item.pk).update(state=state, problem=problem[:MAX_PROBLEM_LENGTH])
    )
    if is_ended:
        setattr(action, state.value, getattr(action, state.value) + 1)
        if action.worked >= action.total:
            action.finished_at = now
        action.save(update_fields=[state.value, "finished_at"])
    return bool(is_ended)


def _insert_items(action: BulkAction, targets: QuerySet[Any]) -> int:
    """One statement, however many rows: selecting 100,000 records must not keep a person waiting."""
    try:
        query, parameters = targets.order_by().values_list("pk").distinct().query.sql_with_params()
    except EmptyResultSet:
        return 0
    fields = {field.name: field for field in BulkActionItem._meta.concrete_fields}
    names = ("action", "target_id", "state", "problem", "tries", "run")
    columns = ", ".join(_quoted(fields[name].column) for name in names)
    table = _quoted(BulkActionItem._meta.db_table)
    # The names are quoted and our own; every value is a parameter.
    statement = f"INSERT INTO {table} ({columns}) SELECT %s, chosen.*, %s, %s, %s, %s FROM ({query}) chosen ORDER BY 2"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [action.pk, ItemState.PENDING.value, "", 0, "", *parameters])
        return int(cursor.rowcount)


def _quoted(name: Any) -> str:
    return connection.ops.quote_name(str(name))
