"""What can go wrong in the app's own services. Every message is one line that says what to do."""

from liveness.loss_causes import LossCause


class LivenessError(Exception):
    """Base of the services' errors."""


class RegistrationError(LivenessError):
    """A token cannot be registered as given."""


class MediaError(LivenessError):
    """A file could not be captured this time; the next refresh tries again while the token lives.

    `is_refetchable`: a fresh link may bring it at once. Otherwise a call for one is wasted until the cause is gone.
    `cause`: what the file is lost to if it is never captured.
    """

    def __init__(self, message: str, *, cause: LossCause = LossCause.OTHER, is_refetchable: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        self.is_refetchable = is_refetchable


class OutageError(LivenessError):
    """A service that the portal needs is out of order, and an operator must put it right."""


class AccountError(LivenessError):
    """The vendor answers, but not for this account: an operator must act."""


class ChainError(LivenessError):
    """The audit chain's head and its newest event disagree: there is nothing sound that a new event could follow."""


class LeaseLostError(LivenessError):
    """Another run may work on the attempt now: this one was silent for too long, and writes nothing more of it."""


class AuditKeyError(ChainError):
    """This process has another audit key than the chain: an operator must set the right one."""
