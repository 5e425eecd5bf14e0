"""What a process remembers from one run to the next."""

from dataclasses import dataclass, field

from liveness.clock import CheckedClock
from liveness.polling.policy import PollerState
from liveness.worker.circuit_breaker import CircuitBreakers


@dataclass
class Memory:
    """What calls and downloads are worth, the vendor's time, and the accounts and regions that are not called now.

    `held_until` is the monotonic second until which no other slice is started. `noted` holds, for each fact that was
    reported, the monotonic second of its last report.
    """

    poller_state: PollerState = field(default_factory=PollerState)
    clock: CheckedClock = field(default_factory=CheckedClock)
    breakers: CircuitBreakers = field(default_factory=CircuitBreakers)
    held_until: float = 0.0
    noted: dict[str, float] = field(default_factory=dict)
