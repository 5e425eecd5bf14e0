"""What the calls of one run say about the vendor as a whole."""

import threading

from liveness.client.errors import FaceIdError
from liveness.exceptions import AccountError, OutageError

# So many failed calls in a row mean an outage, so many refused tokens in a row a wrong account or region.
OUTAGE = 8
ALL_REFUSED = 10


class Health:
    """Counts what happens in a row, over all threads of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._refusals = 0
        self._answers = 0

    def failed(self, problem: FaceIdError) -> None:
        """A call that the network or the vendor failed. Raises OutageError when there were too many in a row."""
        with self._lock:
            self._failures += 1
            if self._failures >= OUTAGE:
                raise OutageError(f"the vendor is out of reach ({problem.code}, {OUTAGE} calls in a row)")

    def refused(self) -> None:
        """A token that the vendor does not know. Raises AccountError when it has known none so far."""
        with self._lock:
            self._failures, self._refusals = 0, self._refusals + 1
            if self._refusals >= ALL_REFUSED and not self._answers:
                raise AccountError(
                    f"the vendor knows none of {self._refusals} tokens; check LIVENESS_REGION and the account's key"
                )

    def answered(self) -> None:
        """A call that brought an answer about a token."""
        with self._lock:
            self._failures, self._answers = 0, self._answers + 1
