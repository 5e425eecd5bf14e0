"""What a run did, in the numbers that `liveness_refresh --json` prints."""

import threading
import time
from dataclasses import asdict, dataclass, field

from liveness.models import Outcome, VerificationAttempt

# So many attempts of one problem are named in its line.
MAX_NAMED_ATTEMPTS = 5


@dataclass
class RunCounts:
    polled: int = 0
    passed: int = 0
    failed: int = 0
    pending: int = 0
    unknown: int = 0
    expired: int = 0
    invalid: int = 0
    errors: int = 0
    media_stored: int = 0
    media_lost: int = 0


@dataclass
class RunReport:
    """What one run did. Counts are of attempts (or files); `done` is the number of those that it is through with.

    Problems are kept by their text, with the attempts that met them, and `notes` are about no attempt. `stopped` says
    why a run ended early, and `failure` is set when it cannot go on until an operator has acted. `has_died`: it gave no
    signs of life for so long that it lost what it held, and another run can begin at once.
    """

    counts: RunCounts = field(default_factory=RunCounts)
    problems: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stopped: str = ""
    failure: Exception | None = None
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    has_died: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, outcome: Outcome | None = None, **more: int) -> None:
        with self._lock:
            for name, number in more.items():
                setattr(self.counts, name, getattr(self.counts, name) + number)
            if outcome is not None:
                setattr(self.counts, outcome.value, getattr(self.counts, outcome.value) + 1)

    def finish(self) -> None:
        """An attempt is done with, its files included."""
        with self._lock:
            self.done += 1

    def add_problem(self, text: str, attempt: VerificationAttempt, *, is_error: bool = True) -> None:
        """Something to tell the operator; an error is also counted as one."""
        with self._lock:
            self.problems.setdefault(text, []).append(str(attempt.public_id))
            self.counts.errors += is_error

    def add_note(self, text: str) -> None:
        """Something for the operator that is about no attempt, once."""
        with self._lock:
            if text not in self.notes:
                self.notes.append(text)

    @property
    def has_answers(self) -> bool:
        """Did the vendor answer about any token?"""
        counts = self.counts
        return any((counts.passed, counts.failed, counts.pending, counts.unknown, counts.expired))

    @property
    def has_news(self) -> bool:
        """Is there anything to tell?"""
        return not self.is_clean or any(asdict(self.counts).values())

    def drain(self) -> "RunReport":
        """What was done since the last time, which from now on is not part of this one."""
        with self._lock:
            taken = RunReport(
                self.counts, self.problems, self.notes, self.stopped, self.failure, self.done, self.started
            )
            self.counts, self.problems, self.notes, self.stopped, self.done = RunCounts(), {}, [], "", 0
            self.started = time.monotonic()
        return taken

    @property
    def is_clean(self) -> bool:
        return not (self.problems or self.notes or self.stopped or self.failure or self.counts.media_lost)

    def as_dict(self) -> dict[str, int | float]:
        return asdict(self.counts) | {"seconds": round(time.monotonic() - self.started, 3)}

    def lines(self) -> list[str]:
        """What an operator is told: one line for each kind of problem, with the attempts it concerns."""
        told = [*self.notes, *(f"{text}: {_listed(ids)}" for text, ids in self.problems.items())]
        if self.counts.media_lost:
            told.append(f"{self.counts.media_lost} files were lost: their tokens ran out before they could be fetched")
        if self.stopped:
            is_sentence = self.stopped.endswith(".")
            told.append(f"stopped early: {self.stopped}{' The' if is_sentence else '; the'} next run goes on")
        return [*told, str(self.failure)] if self.failure else told


def _listed(ids: list[str]) -> str:
    rest = f" and {len(ids) - MAX_NAMED_ATTEMPTS} more" if len(ids) > MAX_NAMED_ATTEMPTS else ""
    return ", ".join(ids[:MAX_NAMED_ATTEMPTS]) + rest
