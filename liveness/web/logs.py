"""One line instead of a traceback, for what is no fault of the code: outages, refused pages, a broker that is away.

The filters change records where they are made, so every handler of the host project sees the one line.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, ParamSpec

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils import timezone

from liveness import conditions
from liveness.audit import Actor
from liveness.database import outages
from liveness.database.outages import Outage, OutageKind

P = ParamSpec("P")
# Attributes of a request: the outage that ended it, and whether the log has it.
OUTAGE, OUTAGE_LOGGED = "liveness_outage", "liveness_outage_logged"
# Seconds for which a process does not repeat the same line of a task, of a worker or of beat.
REPEAT_SECONDS = 60.0
LONGEST_PATH = 200
REFUSED = frozenset({400, 403})
# Where Celery and kombu write about a broker that is away.
BROKER_LOGGERS = (
    "celery.beat",
    "celery.worker.consumer.consumer",
    "celery.worker.consumer.connection",
    "celery.backends.redis",
    "kombu.connection",
)
logger = logging.getLogger(__name__)


class Throttle:
    """Lets the same thing through once in so many seconds; for one process."""

    def __init__(self, seconds: float = REPEAT_SECONDS) -> None:
        self._seconds = seconds
        self._said_at: dict[object, float] = {}
        self._lock = threading.Lock()

    def admits(self, what: object) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._said_at.get(what, -self._seconds) < self._seconds:
                return False
            self._said_at[what] = now
        return True


throttle = Throttle()


class RequestFilter(logging.Filter):
    """For Django's loggers of requests: an outage or a refusal is one line with the person's key."""

    def filter(self, record: logging.LogRecord) -> bool:
        request, status = getattr(record, "request", None), getattr(record, "status_code", 0)
        if not isinstance(request, HttpRequest):
            return True
        outage = getattr(request, OUTAGE, None)
        if outage:
            # Django writes of the exception, and again of the page that was made of it.
            is_first = not hasattr(request, OUTAGE_LOGGED)
            setattr(request, OUTAGE_LOGGED, True)
            _flatten(record, f"{_where(request)}: {outage.line}")
            return is_first
        if status in REFUSED:
            reason = _name_of_failure(record) or record.name.rpartition(".")[2]
            _flatten(record, f"Refused ({status}, {reason}) {_where(request)} for {_person(request)}")
        return True


class BrokerFilter(logging.Filter):
    """For the loggers of Celery: a broker that is away is one line a minute."""

    def filter(self, record: logging.LogRecord) -> bool:
        failure = _failure_of(record)
        if failure is None:
            return True
        outage = outages.describe(OutageKind.BROKER, type(failure).__name__)
        # A text without arguments is Celery's own alone, such as "Connection to broker lost", and names nothing.
        own = " ".join(str(record.msg).split()) if not record.args else ""
        _flatten(record, f"{own} {outage.line}" if own else f"{outage.line} It is tried again until then.")
        return throttle.admits((OutageKind.BROKER, own))


def install_request_filter() -> None:
    names = {f"django.security.{kind.__name__}" for kind in _subclasses(SuspiciousOperation)}
    _install(RequestFilter, ("django.request", "django.security.csrf", *names))


def install_broker_filter() -> None:
    _install(BrokerFilter, BROKER_LOGGERS)


def log_outage(request: HttpRequest, outage: Outage | None, failure: Exception) -> None:
    """For a view that answers an outage itself."""
    logger.error("%s: %s", _where(request), outage.line if outage else type(failure).__name__)


def log_conditions(said: Collection[str] = ()) -> None:
    """What an operator must put right, each once a minute. What was `said` just now is not said again."""
    for condition in conditions.active(timezone.now()):
        if throttle.admits(condition.text) and condition.text not in said:
            logger.error(condition.text)


def outages_logged(task: Callable[P, None]) -> Callable[P, None]:
    """A task that an outage ends logs one line a minute. What it would have done is done by a later one."""

    @wraps(task)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            task(*args, **kwargs)
        except Exception as failure:
            outage = conditions.explain(failure)
            if outage is None:
                raise
            if throttle.admits((task.__qualname__, outage.kind)):
                logger.error("%s: %s", task.__name__, outage.line)

    return guarded


def _install(kind: type[logging.Filter], names: tuple[str, ...]) -> None:
    for name in names:
        target = logging.getLogger(name)
        if not any(isinstance(found, kind) for found in target.filters):
            target.addFilter(kind())


def _flatten(record: logging.LogRecord, text: str) -> None:
    record.msg, record.args, record.exc_info, record.exc_text = text, (), None, None


def _where(request: HttpRequest) -> str:
    """Method and path, without the query string, which may hold a name."""
    path = request.path.encode("unicode_escape").decode("ascii")[:LONGEST_PATH]
    return f"{request.method} {path}"


def _person(request: HttpRequest) -> str:
    """As in the audit chain."""
    try:
        return Actor.user(request.user).name
    except Exception:
        # A refusal may come before anybody is known, and a broken session must not hide it.
        return "anonymous"


def _name_of_failure(record: logging.LogRecord) -> str:
    info = record.exc_info
    return type(info[1]).__name__ if isinstance(info, tuple) and info[1] else ""


def _failure_of(record: logging.LogRecord) -> BaseException | None:
    """The broken connection that a record is about; Celery gives it as an argument, or with the traceback."""
    given = record.args if isinstance(record.args, tuple) else ()
    info = record.exc_info if isinstance(record.exc_info, tuple) else (None, None, None)
    candidates: tuple[Any, ...] = (*given, info[1])
    return next((found for found in candidates if isinstance(found, BaseException) and _is_broken_line(found)), None)


def _is_broken_line(failure: BaseException) -> bool:
    outage = outages.of(failure)
    return isinstance(failure, OSError) or bool(outage and outage.kind is OutageKind.BROKER)


def _subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(_subclasses(sub) for sub in kind.__subclasses__()))
