"""The rows, events and signals of newly registered tokens, many in one transaction.

No statement here fails when a token is there already: PostgreSQL would write the token into its log with the failure.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count

from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction

from liveness import audit
from liveness.attempts import validation
from liveness.attempts.validation import Registration
from liveness.audit import Actor, Entry
from liveness.database import errors as database_errors
from liveness.database.retry import retried
from liveness.exceptions import RegistrationError
from liveness.models import VerificationAttempt
from liveness.polling import completion_statistics, policy
from liveness.scheduling import wake_ups
from liveness.signals import attempt_changed, attempts_registered

Admission = tuple[VerificationAttempt, bool] | RegistrationError
REFUSED = "the database refused this token ({})"


def admit(registrations: Sequence[Registration], *, now: datetime, actor: Actor) -> list[Admission]:
    """Register each token once; for each registration its attempt and whether that is new, or why it is refused.

    Of several registrations of one token the first makes the attempt. A token that is registered already is accepted
    after its window too. Raises ChainError, or an OperationalError while the database is away; then none went in.
    """
    old = _known({one.sdk_token for one in registrations})
    first: dict[str, int] = {}
    refused: dict[int, RegistrationError] = {}
    for index, one in enumerate(registrations):
        if one.sdk_token not in old and one.sdk_token not in first:
            try:
                validation.check_window(one, now)
                first[one.sdk_token] = index
            except RegistrationError as problem:
                refused[index] = problem
    new = _insert_apart([registrations[index] for index in first.values()], now, actor)
    old |= _known({token for token in first if token not in new})

    def admission(index: int, token: str) -> Admission:
        if index in refused:
            return refused[index]
        found = new.get(token) or old.get(token) or RegistrationError(REFUSED.format("no row was stored"))
        return found if isinstance(found, RegistrationError) else (found, token in new and first[token] == index)

    return [admission(index, one.sdk_token) for index, one in enumerate(registrations)]


@contextmanager
def refusals() -> Iterator[None]:
    """Where the database refuses the values of a row, raise RegistrationError, which holds none of them."""
    try:
        yield
    except DatabaseError as error:
        if not database_errors.is_of_a_row(error):
            raise
        raise RegistrationError(REFUSED.format(database_errors.describe(error))) from None


def _known(tokens: Collection[str]) -> dict[str, VerificationAttempt]:
    """The attempts of those tokens that are registered."""
    if not tokens:
        return {}
    return retried(lambda: {one.sdk_token: one for one in VerificationAttempt.objects.filter(sdk_token__in=tokens)})


def _insert_apart(
    registrations: Sequence[Registration], now: datetime, actor: Actor
) -> dict[str, VerificationAttempt | RegistrationError]:
    """Insert all at once; when the database refuses that, each half by itself, until the bad rows stand alone."""
    try:
        with refusals():
            return dict(_insert_all(registrations, now, actor))
    except RegistrationError as problem:
        if len(registrations) == 1:
            return {registrations[0].sdk_token: problem}
    half = len(registrations) // 2
    return _insert_apart(registrations[:half], now, actor) | _insert_apart(registrations[half:], now, actor)


def _insert_all(registrations: Iterable[Registration], now: datetime, actor: Actor) -> dict[str, VerificationAttempt]:
    """All of them go in, or none. Tokens that others have registered meanwhile are not among the new ones."""
    # One order for all, so that two imports of the same tokens wait for each other and never in a circle.
    ordered = sorted(registrations, key=lambda one: one.sdk_token)
    attempts = [_attempt(one, now) for one in ordered]
    finished = {one.sdk_token for one in ordered if one.is_finished}
    tries = count(1)
    return retried(lambda: _insert(attempts, finished, actor, next(tries))) if attempts else {}


@transaction.atomic
def _insert(
    attempts: Sequence[VerificationAttempt], finished: set[str], actor: Actor, number: int
) -> dict[str, VerificationAttempt]:
    """One try, the first of which has `number` 1."""
    if number > 1 and (committed := _stored(attempts)):
        # The commit of an earlier try succeeded, but its answer got lost with the connection.
        return committed
    for attempt in attempts:
        # The key that a row had in a try that was rolled back may be another's by now.
        attempt.pk = None
    VerificationAttempt.objects.bulk_create(attempts, ignore_conflicts=True)
    created = _stored(attempts)
    if created:
        _announce(list(created.values()))
        # Last, because from here until the commit every other writer waits for the chain.
        audit.record_many(_entries(created.values(), finished), actor=actor)
    if finished & created.keys():
        wake_ups.wake()
    return created


def _announce(attempts: Sequence[VerificationAttempt]) -> None:
    """Send the signals of attempts that this transaction has registered."""
    attempts_registered.send(VerificationAttempt, attempts=attempts)
    for attempt in attempts:
        attempt_changed.send(VerificationAttempt, attempt=attempt, is_new=True)


def _attempt(registration: Registration, now: datetime) -> VerificationAttempt:
    issued_at, expires_at = registration.issued_at, registration.expires_at
    return VerificationAttempt(
        sdk_token=registration.sdk_token,
        subject_reference=registration.subject_reference,
        region=registration.region,
        issued_at=issued_at,
        expires_at=expires_at,
        reported_at=now if registration.is_finished else None,
        next_poll_at=now
        if registration.is_finished
        else policy.first_poll(completion_statistics.completion_times(), issued_at, expires_at, now),
    )


def _stored(attempts: Sequence[VerificationAttempt]) -> dict[str, VerificationAttempt]:
    """Those that the table holds, by token: another's row of the same token has another public id."""
    wanted = {attempt.public_id: attempt for attempt in attempts}
    found = VerificationAttempt.objects.filter(public_id__in=wanted).order_by("id")
    stored = {}
    for public_id, key, created_at in found.values_list("public_id", "id", "created_at"):
        attempt = wanted[public_id]
        attempt.pk, attempt.created_at = key, created_at
        attempt._state.adding, attempt._state.db = False, DEFAULT_DB_ALIAS
        stored[attempt.sdk_token] = attempt
    return stored


def _entries(attempts: Iterable[VerificationAttempt], finished: set[str]) -> Iterable[Entry]:
    for attempt in attempts:
        yield Entry(audit.ATTEMPT_REGISTERED, attempt, {"region": attempt.region})
        if attempt.sdk_token in finished:
            yield Entry(audit.ATTEMPT_REPORTED, attempt)
