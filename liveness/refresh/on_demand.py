"""A person asks for certain attempts to be refreshed now."""

from collections.abc import Sequence

from django.db import transaction

from liveness.client.errors import ConfigurationError, CredentialsError
from liveness.models import VerificationAttempt
from liveness.refresh import engine
from liveness.refresh.summary import Summary
from liveness.services import audit
from liveness.services.audit import Actor

WORKERS = 4


def refresh(attempts: Sequence[VerificationAttempt], *, actor: Actor) -> Summary:
    """Note who asked, then ask the vendor about each attempt whatever its outcome, and fetch its media.

    What keeps every call from succeeding stands in the summary's `stopped`.
    """
    with transaction.atomic():
        for attempt in attempts:
            audit.record(audit.ATTEMPT_REFRESHED, actor=actor, target=attempt)
    plan = engine.Plan(named=[attempt.pk for attempt in attempts], workers=WORKERS, actor=actor)
    try:
        return engine.run(plan)
    except (CredentialsError, ConfigurationError) as failure:
        return Summary(stopped=str(failure))
