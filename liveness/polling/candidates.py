"""Where the candidates for the next calls are looked up: each kind of due attempt by an index, a few of each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Q

from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.polling import policy
from liveness.polling.completion_times import LATEST_COMPLETION_SECONDS, CompletionTimes
from liveness.polling.leases import Holders
from liveness.polling.policy import Candidate

# So many candidates are looked at for each that is leased: the choice is among them.
CANDIDATES_PER_LEASE = 4
# Where no more than so many are due, each kind is looked up among them: among all that are not due it may be rare.
SMALL_BACKLOG = 256
FIELDS = ("id", "issued_at", "unfinished_at", "expires_at", "reported_at", "outcome")
# The app said that the check is done, and the vendor did not deny it for long enough.
IS_REPORTED = Q(reported_at__isnull=False) & (
    Q(unfinished_at__isnull=True) | Q(unfinished_at__lt=F("reported_at") + policy.REPORT_HOLDS)
)
_WANTS_FILES = Q(outcome__in=ANSWERED, failure_count__gt=0)


@dataclass(frozen=True)
class Excluded:
    """What a lease leaves out: what other runs hold, attempts of this run, and regions that are not called now."""

    holders: Holders
    attempts: Collection[int] = ()
    regions: Collection[str] = ()

    def left(self, attempts: AttemptQuerySet) -> AttemptQuerySet:
        left = attempts.exclude(id__in=self.attempts)
        return left.exclude(region__in=self.regions) if self.regions else left


def due(until: datetime, now: datetime, excluded: Excluded) -> AttemptQuerySet:
    """What was due at `until`, locked against other runs where the database can."""
    due = excluded.left(VerificationAttempt.objects.filter(next_poll_at__lte=until))
    some = list(due.order_by("next_poll_at", "id").values_list("id", flat=True)[: SMALL_BACKLOG + 1])
    return _locked(due if len(some) > SMALL_BACKLOG else due.filter(id__in=some), now, excluded.holders)


def window(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """What the policy chooses among: what the app reported, what runs out soon, and what is overdue most."""
    urgent = due.exclude(_is_over(now) | Q(outcome=Outcome.INVALID) | _WANTS_FILES)
    reported = urgent.filter(IS_REPORTED).order_by("next_poll_at", "id")
    closing = urgent.filter(expires_at__lte=now + policy.EXPIRING_WITHIN, expires_at__gt=now - policy.CLOSING_GRACE)
    first = _first(count, now, reported, closing.order_by("expires_at", "id"))
    known = {one.id for one in first}
    overdue = _first(CANDIDATES_PER_LEASE * count, now, urgent.order_by("next_poll_at", "id"))
    return [*first, *(one for one in overdue if one.id not in known)]


def files(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """Answered attempts whose files could not be fetched or kept, the nearest to their end first.

    Each outcome is looked up by itself, and in the order of the index: else one or the other database walks through all
    that is due.
    """
    wanted = due.filter(failure_count__gt=0, expires_at__gt=now - policy.CLOSING_GRACE)
    each = (wanted.filter(_has_ended(outcome)).order_by("outcome", "expires_at") for outcome in ANSWERED)
    return sorted(_first(count, now, *each), key=lambda one: one.expires_at)[:count]


def without_hurry(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """Tokens that ran out before anybody asked, and those that the vendor does not know."""
    unknown = due.filter(_has_ended(Outcome.INVALID)).order_by("outcome", "expires_at")
    late = due.filter(_is_over(now), poll_count=0).order_by("expires_at", "id")
    return _first(count, now, late, unknown)[:count]


def expired(due: AttemptQuerySet, count: int, now: datetime) -> list[Candidate]:
    """What ran out and was asked about before: it is closed without a call."""
    return _first(count, now, due.filter(_is_over(now), poll_count__gt=0).order_by("expires_at", "id"))


def not_yet_due(
    count: int, durations: CompletionTimes, until: datetime, now: datetime, excluded: Excluded
) -> list[Candidate]:
    """Candidates that are planned for later and worth a poll now. What failed is left to its time."""
    later = excluded.left(
        VerificationAttempt.objects.filter(
            next_poll_at__gt=until, outcome=Outcome.PENDING, reported_at__isnull=True, failure_count=0
        )
    )
    found = _first(
        CANDIDATES_PER_LEASE * count, now, _locked(later, now, excluded.holders).order_by("next_poll_at", "id")
    )
    worth = [one for one in found if _is_worth_it(durations, one, now)]
    return policy.choose(worth, count, durations=durations, now=now, threshold=policy.LOWEST_THRESHOLD_SECONDS)


def clock_witnesses(now: datetime, regions: Collection[str]) -> AttemptQuerySet:
    """Attempts of which one is polled to learn the vendor's time: closed too early if there are any, else open ones."""
    candidates = VerificationAttempt.objects.closed_too_early(now).exclude(region__in=regions)
    if candidates.exists():
        return candidates.order_by("expires_at")
    return VerificationAttempt.objects.open().exclude(region__in=regions).order_by("next_poll_at", "id")


def _locked(attempts: AttemptQuerySet, now: datetime, holders: Holders) -> AttemptQuerySet:
    skip_locked = connection.features.has_select_for_update_skip_locked
    return attempts.filter(holders.free(now)).select_for_update(skip_locked=skip_locked)


def _first(count: int, now: datetime, *lanes: AttemptQuerySet) -> list[Candidate]:
    """The first `count` candidates of each lane, each once."""
    found = {row[0]: _candidate(now, *row) for lane in lanes for row in lane.values_list(*FIELDS)[:count]}
    return list(found.values())


def _has_ended(outcome: str) -> Q:
    return Q(finished_at__isnull=False, outcome=outcome)


def _is_over(now: datetime) -> Q:
    """The token ran out."""
    return Q(expires_at__lte=now - policy.CLOSING_GRACE)


def _is_worth_it(durations: CompletionTimes, one: Candidate, now: datetime) -> bool:
    if one.unfinished_at and (one.unfinished_at - one.issued_at).total_seconds() >= LATEST_COMPLETION_SECONDS:
        return False
    return policy.score(durations, one.issued_at, one.unfinished_at, now) >= policy.LOWEST_THRESHOLD_SECONDS


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
