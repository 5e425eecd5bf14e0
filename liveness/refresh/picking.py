"""Which due attempts the next calls go to: candidates read by indexes, of which the policy's best are leased."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When

from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.refresh import learning, leases, policy
from liveness.refresh.durations import LATEST, Durations
from liveness.refresh.policy import Candidate, Price

# So many candidates are looked at for each that is leased: the choice is among them.
BREADTH = 4
# One of so many is leased of what can wait, as long as anything else is due; none where there is only one.
PATIENT_SHARE = 8
# Files that could not be fetched get up to this share, as far as downloads succeed: what is to be had there is certain.
FILES_SHARE = 0.75
_WANTS_FILES = Q(outcome__in=ANSWERED, failure_count__gt=0)
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
    downloads: float = 1.0,
) -> list[VerificationAttempt]:
    """Lease up to `count` of the attempts that were due at `until`, the most urgent first; the price follows.

    In an endless run, what was looked at and is not worth the price now is planned anew, so that it does not stand in
    the way; no slot is left unused as long as a poll is worth the lowest price, as after a backlog whose high price put
    much off; and beside the `count` as many come that need no call. A run that ends takes all that is due, in the same
    order. `downloads` is the share of the latest downloads that succeeded.
    """
    known = learning.durations()
    with transaction.atomic():
        due = _due(until, now, passing_over)
        window = _window(due, count, now)
        chosen = policy.choose(window, count, durations=known, now=now, price=price.value)
        price.update([policy.worth(known, one, now) for one in chosen], count)
        left_out = [one for one in window if one not in chosen]
        others, over = _others(due, count, count - len(chosen), downloads, now), _over(due, count, now)
        if not is_endless:
            others, over = [*others, *over[: _share(count, count - len(chosen) - len(others))]], []
        chosen = chosen[: count - len(others)]
        room = count - len(chosen) - len(others)
        if not is_endless:
            chosen += left_out[:room]
        elif room:
            chosen += _ahead(room, known, until, now)
        else:
            _plan_anew(left_out, known, now, price.value)
        return leases.hold([one.id for one in (*chosen, *others, *over)], owner=owner, now=now)


def _share(count: int, spare: int) -> int:
    """How many of `count` calls go to what can wait, when nobody else wants `spare` of them."""
    return max(min(count - 1, max(1, count // PATIENT_SHARE)), spare)


def _due(until: datetime, now: datetime, passing_over: Collection[int]) -> AttemptQuerySet:
    """What was due, locked against other runs where the database can."""
    due = VerificationAttempt.objects.filter(next_poll_at__lte=until).exclude(id__in=passing_over).free(now)
    return due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)


def _others(due: AttemptQuerySet, count: int, spare: int, downloads: float, now: datetime) -> list[Candidate]:
    """What is not chosen by its score: files to fetch again, then what must not stand before a result."""
    files = _files(due, max(int(FILES_SHARE * downloads * count), _share(count, spare)), now)
    return [*files, *_patient(due, _share(count, spare - len(files)), now)][:count]


def _files(due: AttemptQuerySet, places: int, now: datetime) -> list[Candidate]:
    """Answered attempts whose files could not be fetched or kept, the nearest to their end first.

    Each outcome is looked up by itself, and in the order of the index: else one or the other database walks through all
    that is due.
    """
    wanted = due.filter(failure_count__gt=0, expires_at__gt=now - policy.GRACE)
    lanes = (wanted.filter(_has_ended(outcome)).order_by("outcome", "expires_at") for outcome in ANSWERED)
    return sorted(_first(places, now, *lanes), key=lambda one: one.expires_at)[:places]


def _patient(due: AttemptQuerySet, share: int, now: datetime) -> list[Candidate]:
    """Tokens that ran out before anybody asked, and those that the vendor does not know."""
    unknown = due.filter(_has_ended(Outcome.INVALID)).order_by("outcome", "expires_at")
    late = due.filter(_is_over(now), poll_count=0).order_by("expires_at", "id")
    return _first(share, now, late, unknown)[:share]


def _over(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """What ran out and was asked about before: it is closed without a call. If it took calls' places, more would run
    out than are closed as soon as many people drop out."""
    return _first(count, now, due.filter(_is_over(now), poll_count__gt=0).order_by("expires_at", "id"))


def _first(count: int, now: datetime, *lanes: AttemptQuerySet) -> list[Candidate]:
    """The first `count` candidates of each lane, each once."""
    found = {row[0]: _candidate(now, *row) for lane in lanes for row in lane.values_list(*FIELDS)[:count]}
    return list(found.values())


def _has_ended(outcome: str) -> Q:
    return Q(finished_at__isnull=False, outcome=outcome)


def _is_over(now: datetime) -> Q:
    """The token ran out."""
    return Q(expires_at__lte=now - policy.GRACE)


def _window(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """The candidates of the three lanes."""
    urgent = due.exclude(_is_over(now) | Q(outcome=Outcome.INVALID) | _WANTS_FILES)
    reported = urgent.filter(reported_at__isnull=False).order_by("next_poll_at", "id")
    closing = urgent.filter(expires_at__lte=now + policy.CLOSING, expires_at__gt=now - policy.GRACE)
    first = _first(count, now, reported, closing.order_by("expires_at", "id"))
    known = {one.id for one in first}
    overdue = _first(BREADTH * count, now, urgent.order_by("next_poll_at", "id"))
    return [*first, *(one for one in overdue if one.id not in known)]


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
