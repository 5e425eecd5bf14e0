"""What can go wrong while people review. Every message says what to do next."""

from liveness.exceptions import LivenessError


class ReviewError(LivenessError):
    """Base of the review app's errors."""


class HeldError(ReviewError):
    """Somebody else holds the review, or it is in a state in which nobody can."""


class StaleError(ReviewError):
    """The page was made of something that has changed since: `what` is "claim", "version" or "evidence"."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


class RefusedError(ReviewError):
    """The rules do not allow this decision; `problems` are the sentences to show beside the form."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems
