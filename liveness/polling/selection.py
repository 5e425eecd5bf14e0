"""Which due attempts the next calls go to: of each lane's candidates the policy's best are leased."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from math import inf

from django.db import transaction
from django.db.models import Case, F, Value, When

from liveness.models import AttemptQuerySet, VerificationAttempt
from liveness.polling import candidates, completion_statistics, leases, policy
from liveness.polling.candidates import Excluded
from liveness.polling.completion_times import CompletionTimes
from liveness.polling.leases import Holders
from liveness.polling.policy import Candidate, PollClass, PriorityThreshold

# One of so many calls goes to what can wait, as long as anything else is due; none where there is only one.
WITHOUT_HURRY_SHARE = 8
# Files that could not be fetched get up to this share, as far as downloads succeed: what is to be had there is certain.
FILES_SHARE = 0.75
# One of so many calls is kept for results, and one of so many for those that go before any score.
RESULTS_SHARE, URGENT_SHARE = 4, 2


def lease(
    count: int,
    threshold: PriorityThreshold,
    *,
    run: str,
    until: datetime,
    now: datetime,
    passing_over: Collection[int] = (),
    regions: Collection[str] = (),
    is_continuous: bool = True,
    downloads: float = 1.0,
    may_close: bool = True,
) -> list[VerificationAttempt]:
    """Lease up to `count` of the attempts that were due at `until`, the most urgent first; the threshold follows.

    In an endless run, what was looked at and is not worth the threshold now is planned anew, so that it does not stand
    in the way; no slot is left unused as long as a poll is worth the lowest threshold, as after a backlog whose high
    threshold put much off; and beside the `count` as many come that need no call. A run that ends takes all that is
    due, in the same order. `downloads` is the share of the latest downloads that succeeded. Attempts of the `regions`
    are left out. What ran out costs no call where the clock `may_close` it; otherwise one at a time gets a call.
    """
    threshold.relax(now)
    known, excluded = completion_statistics.completion_times(), Excluded(Holders.read(), passing_over, regions)
    with transaction.atomic():
        due = candidates.due(until, now, excluded)
        window, over = candidates.window(due, count, now), candidates.expired(due, count if may_close else 1, now)
        best = partial(policy.choose, window, durations=known, now=now, threshold=threshold.value)
        wished = [policy.priority(known, one, now) for one in best(count)]
        others = _others(due, count, wished, downloads, () if is_continuous else over, now)
        places = count - len(others)
        chosen = best(places)
        threshold.update([policy.priority(known, one, now) for one in chosen], places)
        left_out, room = [one for one in window if one not in chosen], places - len(chosen)
        if not is_continuous:
            chosen += left_out[:room]
        elif room:
            chosen += candidates.not_yet_due(room, known, until, now, excluded)
        else:
            _plan_anew(left_out, known, now, threshold.value)
        beside = over if is_continuous else []
        picked = dict.fromkeys(one.id for one in (*chosen, *others, *beside))
        return leases.hold(list(picked), run=run, now=now)


def _others(
    due: AttemptQuerySet,
    count: int,
    wished: Sequence[float],
    downloads: float,
    over: Sequence[Candidate],
    now: datetime,
) -> list[Candidate]:
    """What is not chosen by its score: files to fetch again, then what must not stand before a result.

    `wished` is what the polls for results are worth that want one of the `count` calls. What ran out without need of a
    call is closed beside them; in a run that ends it is given as `over`, for such a run counts what it takes.
    """
    least, spare, room = _least(count), count - len(wished), count - _kept(count, wished)
    patient = [*candidates.without_hurry(due, max(least, spare), now), *over]
    claimed = min(least, len(patient))
    places = max(int(FILES_SHARE * downloads * count), least, spare - claimed)
    wanted = candidates.files(due, min(places, max(1, room - claimed)), now)
    return [*wanted, *patient[: max(least, spare - len(wanted))]][:room]


def _kept(count: int, wished: Sequence[float]) -> int:
    """How many of `count` calls nobody takes away from the results that want them."""
    urgent = min(wished.count(inf), count // URGENT_SHARE)
    return min(len(wished), max(1, count // RESULTS_SHARE, urgent))


def _least(count: int) -> int:
    """How many of `count` calls go to what can wait, even if results want them all."""
    return min(count - 1, max(1, count // WITHOUT_HURRY_SHARE))


def _plan_anew(left_out: Collection[Candidate], durations: CompletionTimes, now: datetime, threshold: float) -> None:
    """Put off what is not worth the threshold yet. What is worth it, or goes before any score, stays due."""
    plans: dict[datetime, list[int]] = {}
    for one in left_out:
        if policy.poll_class(durations, one, now) != PollClass.UNCERTAIN:
            continue
        planned = policy.next_poll(durations, one.issued_at, one.unfinished_at, one.expires_at, now, threshold)
        if planned > now + policy.MIN_POLL_GAP:
            plans.setdefault(planned, []).append(one.id)
    cases = [When(id__in=ids, then=Value(planned)) for planned, ids in plans.items()]
    if cases:
        ids = [one for group in plans.values() for one in group]
        VerificationAttempt.objects.filter(id__in=ids).update(next_poll_at=Case(*cases, default=F("next_poll_at")))
