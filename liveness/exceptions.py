"""What can go wrong in the app's own services. Every message is one line that says what to do."""


class LivenessError(Exception):
    """Base of the services' errors."""


class RegistrationError(LivenessError):
    """A token cannot be registered as given."""


class MediaError(LivenessError):
    """A file could not be captured this time; the next refresh tries again while the token lives."""


class OutageError(LivenessError):
    """The vendor is out of reach; the run ends early, nothing is lost, and the next run goes on."""


class AccountError(LivenessError):
    """The vendor answers, but not for this account: an operator must act."""
