"""What a failure means for the run that meets it: does another attempt fare better, and does it pass by itself?"""

from django.core.exceptions import ImproperlyConfigured

from liveness.client.errors import ConfigurationError
from liveness.database import outages
from liveness.database.outages import OutageKind
from liveness.exceptions import ChainError
from liveness.ratelimit import conditions as rate_limit_conditions
from liveness.ratelimit.limiter import SlotTimeoutError
from liveness.ratelimit.stores import StoreError
from liveness.worker.run_report import RunReport

# With these an operator must act before any call can succeed.
BLOCKERS = (ConfigurationError, ChainError, ImproperlyConfigured)
# These pass by themselves.
WITHOUT_SLOTS = (SlotTimeoutError, StoreError)


def concern_all(failure: Exception) -> bool:
    """Would another attempt fare no better, as with a database that is away or takes no write?

    A database that is damaged may be so in the rows of one attempt alone.
    """
    outage = outages.of(failure)
    return isinstance(failure, (*BLOCKERS, *WITHOUT_SLOTS)) or bool(outage and outage.kind is not OutageKind.DAMAGED)


def conclude(summary: RunReport, failure: Exception) -> None:
    """Say in the summary how a run ended by this. Raises what nobody foresaw, and what is of the database."""
    if isinstance(failure, WITHOUT_SLOTS):
        found = rate_limit_conditions.look_at_store()
        summary.stopped = found.text if found else str(failure)
    elif isinstance(failure, BLOCKERS):
        summary.failure = failure
    else:
        raise failure
