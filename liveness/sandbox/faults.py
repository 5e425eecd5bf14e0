"""The queue of faults: which one spoils which request, and how often."""

import inspect
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from liveness.sandbox.answers import SPOILERS
from liveness.sandbox.distortions import DISTORTIONS, MEDIA_ONLY
from liveness.sandbox.errors import SandboxError

Stage = Literal["gate", "answer", "reply"]
SCOPES = ("api", "media", "best_frame", "video")


def _clock_skew(seconds: float) -> float:
    return seconds


def _revoked() -> None:
    """Nothing to choose: the account's key is unknown from now on."""


GATE: dict[str, Callable[..., Any]] = {"clock_skew": _clock_skew, "revoked": _revoked}
STAGES: dict[Stage, dict[str, Callable[..., Any]]] = {"gate": GATE, "answer": SPOILERS, "reply": DISTORTIONS}
NAMES = tuple(name for table in STAGES.values() for name in table)


@dataclass
class Fault:
    """A fault in the queue; `times` None means for ever, and `skip` requests that match go unharmed first."""

    name: str
    stage: Stage
    scope: str
    times: int | None = 1
    skip: int = 0
    token: str | None = field(default=None, repr=False)
    probability: float = 1.0
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    taken: int = 0

    def apply(self, *subject: Any) -> Any:
        """Run the fault's function on what it spoils, with the fault's options."""
        return STAGES[self.stage][self.name](*subject, **self.options)

    def matches(self, stage: Stage, scope: str, token: str) -> bool:
        """Whether it can strike a request of this scope (`api`, `best_frame` or `video`)."""
        is_spent = self.times is not None and self.taken >= self.times
        is_here = self.scope == scope or (self.scope == "media" and scope != "api")
        return not is_spent and self.stage == stage and is_here and self.token in (None, token)

    def public(self) -> dict[str, Any]:
        """What the control plane shows of it."""
        return {"fault": self.name, "scope": self.scope, "times": self.times, "skip": self.skip, "taken": self.taken}


class FaultScript:
    """Faults in the order in which they were injected; the first that matches a request strikes it."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - a repeatable simulation, not a secret
        self._lock = threading.Lock()

    def inject(
        self,
        fault: str,
        *,
        scope: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        token: str | None = None,
        probability: float = 1.0,
        **options: Any,
    ) -> Fault:
        """Queue a fault; raises SandboxError for a name, scope or option that there is not."""
        stage = _stage(fault)
        place = scope or ("media" if fault in MEDIA_ONLY else "api")
        if place not in SCOPES or (stage != "reply" and place != "api"):
            raise SandboxError(f"The fault {fault!r} cannot have the scope {place!r}.")
        _check_options(fault, STAGES[stage][fault], stage, options)
        queued = Fault(fault, stage, place, times, skip, token, probability, options)
        with self._lock:
            self._faults.append(queued)
        return queued

    def take(self, stage: Stage, scope: str, token: str) -> Fault | None:
        """The fault that strikes this request, counted as taken."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(stage, scope, token) and self._random.random() < fault.probability:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.taken += 1
                    return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def public(self) -> list[dict[str, Any]]:
        """Every fault, spent ones too, without tokens."""
        with self._lock:
            return [fault.public() for fault in self._faults]


def _stage(name: str) -> Stage:
    for stage, table in STAGES.items():
        if name in table:
            return stage
    raise SandboxError(f"There is no fault {name!r}; choose one of {', '.join(NAMES)}.")


def _check_options(name: str, function: Callable[..., Any], stage: Stage, options: dict[str, Any]) -> None:
    subject = () if stage == "gate" else (None,)
    # The sandbox knows its own address, so a redirect need not name one.
    given = {"location": "", **options} if name == "redirect" else options
    try:
        inspect.signature(function).bind(*subject, **given)
    except TypeError as error:
        raise SandboxError(f"The fault {name!r} cannot be set up: {error}.") from error
