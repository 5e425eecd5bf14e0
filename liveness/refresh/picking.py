"""Which due attempts the next calls go to: candidates read by indexes, of which the policy's best are leased."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When

from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.refresh import learning, leases, policy
from liveness.refresh.durations import LATEST, Durations
from liveness.refresh.policy import Candidate, Price

# So many candidates are looked at for each that is leased: the choice is among them.
BREADTH = 4
# One of so many is leased of what can wait, as long as anything else is due; none where there is only one.
PATIENT_SHARE = 8
# What the vendor does not know, or whose files could not be fetched or kept. The outcomes are named one by one, and
# rows are read in the order of the index: else one or the other database takes the index of all that is due.
FINISHED = [outcome for outcome in Outcome.values if outcome != Outcome.PENDING]
_IS_STUCK = Q(finished_at__isnull=False, outcome__in=FINISHED) & (Q(outcome=Outcome.INVALID) | Q(failure_count__gt=0))
FIELDS = ("id", "issued_at", "unfinished_at", "expires_at", "reported_at", "outcome")


def lease(
    count: int,
    price: Price,
    *,
    owner: str,
    until: datetime,
    now: datetime,
    passing_over: Collection[int] = (),
    is_endless: bool = True,
) -> list[VerificationAttempt]:
    """Lease up to `count` of the attempts that were due at `until`, the most urgent first; the price follows.

    In an endless run, what was looked at and is not worth the price now is planned anew, so that it does not stand in
    the way; and no slot is left unused as long as a poll is worth the lowest price, as after a backlog whose high price
    put much off. A run that ends takes all that is due, in the same order.
    """
    known = learning.durations()
    with transaction.atomic():
        due = _due(until, now, passing_over)
        window = _window(due, count, now)
        chosen = policy.choose(window, count, durations=known, now=now, price=price.value)
        price.update([policy.worth(known, one, now) for one in chosen], count)
        left_out = [one for one in window if one not in chosen]
        if not is_endless:
            chosen = [*chosen, *left_out][:count]
        elif len(chosen) < count:
            chosen += _ahead(count - len(chosen), known, until, now)
        else:
            _plan_anew(left_out, known, now, price.value)
        share = max(min(1, count - 1), count // PATIENT_SHARE, count - len(chosen))
        patient = _patient(due, min(share, count), now)
        chosen = [*chosen[: count - len(patient)], *patient]
        return leases.hold([one.id for one in chosen], owner=owner, now=now)


def _due(until: datetime, now: datetime, passing_over: Collection[int]) -> AttemptQuerySet:
    """What was due, locked against other runs where the database can."""
    due = VerificationAttempt.objects.filter(next_poll_at__lte=until).exclude(id__in=passing_over).free(now)
    return due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)


def _patient(due: AttemptQuerySet, share: int, now: datetime) -> list[Candidate]:
    """What must not stand before a result that can be had, the most overdue first.

    Two lookups, each by an index of its own: one for both would walk through all that is due.
    """
    lanes = (
        due.filter(_is_over(now)).order_by("expires_at", "id"),
        due.filter(_IS_STUCK).order_by("outcome", "next_poll_at"),
    )
    found = {row[1]: row for lane in lanes for row in lane.values_list("next_poll_at", *FIELDS)[:share]}
    return [_candidate(now, *row[1:]) for row in sorted(found.values())[:share]]


def _is_over(now: datetime) -> Q:
    """The token ran out."""
    return Q(expires_at__lte=now - policy.GRACE)


def _window(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """The candidates of the three lanes."""
    urgent = due.exclude(_is_over(now) | _IS_STUCK)
    lanes = (
        urgent.filter(reported_at__isnull=False).order_by("next_poll_at", "id")[:count],
        urgent.filter(expires_at__lte=now + policy.CLOSING, expires_at__gt=now - policy.GRACE).order_by(
            "expires_at", "id"
        )[:count],
        urgent.order_by("next_poll_at", "id")[: BREADTH * count],
    )
    found = {row[0]: _candidate(now, *row) for lane in lanes for row in lane.values_list(*FIELDS)}
    return list(found.values())


def _ahead(count: int, durations: Durations, until: datetime, now: datetime) -> list[Candidate]:
    """Candidates that are planned for later and worth a poll now. What failed is left to its time."""
    later = VerificationAttempt.objects.filter(
        next_poll_at__gt=until, outcome=Outcome.PENDING, reported_at__isnull=True, failure_count=0
    )
    later = later.free(now).select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    rows = later.order_by("next_poll_at", "id").values_list(*FIELDS)[: BREADTH * count]
    found = [_candidate(now, *row) for row in rows]
    worth = [one for one in found if _is_worth_it(durations, one, now)]
    return policy.choose(worth, count, durations=durations, now=now, price=policy.FLOOR)


def _is_worth_it(durations: Durations, one: Candidate, now: datetime) -> bool:
    if one.unfinished_at and (one.unfinished_at - one.issued_at).total_seconds() >= LATEST:
        return False
    return policy.score(durations, one.issued_at, one.unfinished_at, now) >= policy.FLOOR


def _candidate(
    now: datetime,
    attempt_id: int,
    issued_at: datetime,
    unfinished_at: datetime | None,
    expires_at: datetime,
    reported_at: datetime | None,
    outcome: str,
) -> Candidate:
    if outcome != Outcome.PENDING:
        # What it is asked for, its files or a token put right, is there already.
        return Candidate(attempt_id, issued_at, None, expires_at, now)
    return Candidate(attempt_id, issued_at, unfinished_at, expires_at, reported_at)


def _plan_anew(left_out: Collection[Candidate], durations: Durations, now: datetime, price: float) -> None:
    """Put off what is not worth the price yet. What is worth it stays due."""
    plans: dict[datetime, list[int]] = {}
    for one in left_out:
        planned = policy.next_poll(
            durations, one.issued_at, one.unfinished_at, one.expires_at, now, price, reported_at=one.reported_at
        )
        if planned > now + policy.GAP:
            plans.setdefault(planned, []).append(one.id)
    cases = [When(id__in=ids, then=Value(planned)) for planned, ids in plans.items()]
    if cases:
        ids = [one for group in plans.values() for one in group]
        VerificationAttempt.objects.filter(id__in=ids).update(next_poll_at=Case(*cases, default=F("next_poll_at")))
